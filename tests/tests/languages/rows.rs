//! Rows for the write path: several batches, with nulls, texts of every length, and both sides of every condition.

use std::fmt::Write as _;

/// More than two calls of a module.
const ROWS: u64 = 20_000;

/// JSON lines with id, delay, distance and origin.
pub(crate) fn json_lines() -> String {
    let mut lines = String::new();
    for id in 0..ROWS {
        let delay = if id % 11 == 0 { "null".to_owned() } else { (id * 7919 % 301).to_string() };
        let distance = if id % 13 == 0 { "null".to_owned() } else { format!("{}.{}", id * 31 % 5000, id % 10) };
        let origin = "SEA Zürich 東京".chars().take(usize::try_from(id % 14).unwrap_or(0)).collect::<String>();
        writeln!(lines, r#"{{"id":{id},"delay":{delay},"distance":{distance},"origin":"{origin}"}}"#)
            .expect("a text takes all");
    }
    lines
}
