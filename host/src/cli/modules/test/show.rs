//! How what became of rows is shown: at length, as JSON lines, or as a file of expected rows has them.

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::results::RowResult;
use crate::text::{self, escaped};

/// How fates are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ResultFormat {
    /// Lines for people: each row, what became of it, and what came out
    Table,
    /// A JSON object for each row that went in
    Json,
    /// The rows that came out, as a file for --expect has them
    Rows,
}

impl ResultFormat {
    /// What suits the place that standard output goes to.
    pub(super) fn fitting() -> ResultFormat {
        if io::stdout().is_terminal() { ResultFormat::Table } else { ResultFormat::Json }
    }
}

/// How many rows had which fate.
#[derive(Debug, Default)]
pub(super) struct Counts {
    rows: u64,
    out: u64,
    /// In the order in which they are said.
    fates: [(&'static str, u64); 5],
}

impl Counts {
    pub(super) fn new() -> Counts {
        let fates = ["kept", "changed", "produced", "dropped", "refused"].map(|name| (name, 0));
        Counts { rows: 0, out: 0, fates }
    }

    pub(super) fn count(&mut self, result: &RowResult) {
        self.rows += 1;
        self.out += result.after.len() as u64;
        let name = result.name();
        self.fates.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, count)| *count += 1);
    }

    /// In one line.
    pub(super) fn sentence(&self) -> String {
        let seen = self.fates.iter().filter(|(_, count)| *count > 0);
        let fates: Vec<_> = seen.map(|(name, count)| format!("{count} {name}")).collect();
        let fates = if fates.is_empty() { String::new() } else { format!(" ({})", fates.join(", ")) };
        format!("{} rows in{fates}, {} rows out", self.rows, self.out)
    }
}

/// Prints what became of row `number` (from 1).
pub(super) fn print(out: &mut impl Write, number: u64, result: &RowResult, format: ResultFormat) -> io::Result<()> {
    match format {
        ResultFormat::Table => write!(out, "{}", at_length(number, result)),
        ResultFormat::Json => writeln!(out, "{}", as_json(number, result)),
        ResultFormat::Rows => result.clone().lines().iter().try_for_each(|line| writeln!(out, "{}", line.text())),
    }
}

fn at_length(number: u64, result: &RowResult) -> String {
    let name = result.name();
    let mut text = format!("{number:>5}  {name:<8}  {}\n", escaped(&result.before));
    match &result.refused {
        Some(error) => text += &format!("{:>17}{}\n", "! ", text::message(error)),
        None if name == "kept" => {}
        None => result.after.iter().for_each(|after| text += &format!("{:>17}{}\n", "> ", escaped(after))),
    }
    text
}

fn as_json(number: u64, result: &RowResult) -> String {
    // Rows are put in as they are: a parser would round decimals.
    let mut text = json!({ "row": number, "fate": result.name() }).to_string();
    text.truncate(text.len() - 1);
    text += &format!(",\"in\":{}", result.before);
    match &result.refused {
        Some(error) => text += &format!(",\"error\":{}", Value::from(error.as_str())),
        None => text += &format!(",\"out\":[{}]", result.after.join(",")),
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(before: &str, after: &[&str], refused: Option<&str>) -> RowResult {
        let after = after.iter().map(|row| (*row).to_owned()).collect();
        RowResult { before: before.into(), after, refused: refused.map(str::to_owned) }
    }

    #[test]
    fn each_fate_is_shown_in_each_form() {
        let cases = [
            (fate("{\"a\":1}", &["{\"a\":1}"], None), "kept", "    1  kept      {\"a\":1}\n"),
            (fate("{\"a\":1}", &[], None), "dropped", "    1  dropped   {\"a\":1}\n"),
            (
                fate("{\"a\":1}", &["{\"a\":2}"], None),
                "changed",
                "    1  changed   {\"a\":1}\n               > {\"a\":2}\n",
            ),
            (
                fate("{\"a\":1}", &["{\"a\":1}", "{\"a\":2}"], None),
                "produced",
                "    1  produced  {\"a\":1}\n               > {\"a\":1}\n               > {\"a\":2}\n",
            ),
            (
                fate("{\"a\":1}", &[], Some("\"no\"")),
                "refused",
                "    1  refused   {\"a\":1}\n               ! \"no\"\n",
            ),
        ];
        let mut counts = Counts::new();
        for (fate, name, text) in &cases {
            counts.count(fate);
            assert_eq!((fate.name(), at_length(1, fate).as_str()), (*name, *text));
            let line: Value = serde_json::from_str(&as_json(1, fate)).expect("JSON");
            assert_eq!((line["fate"].as_str(), &line["in"]["a"]), (Some(*name), &json!(1)));
        }
        assert_eq!(as_json(7, &cases[4].0), r#"{"fate":"refused","row":7,"in":{"a":1},"error":"\"no\""}"#);
        assert_eq!(as_json(7, &cases[2].0), r#"{"fate":"changed","row":7,"in":{"a":1},"out":[{"a":2}]}"#);
        assert_eq!(counts.sentence(), "5 rows in (1 kept, 1 changed, 1 produced, 1 dropped, 1 refused), 4 rows out");
        let mut out = Vec::new();
        print(&mut out, 1, &cases[4].0, ResultFormat::Rows).expect("written");
        assert_eq!(String::from_utf8_lossy(&out), "{\"$error\":\"\\\"no\\\"\"}\n");
    }
}
