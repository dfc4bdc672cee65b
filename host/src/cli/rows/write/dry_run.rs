//! `--dry-run`: what a chain would do to rows, shown for some of each fate.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use arrow_array::RecordBatch;
use serde_json::Value;

use crate::client::Traced;
use crate::formats::{Place, json_lines};
use crate::module::Policy;
use crate::text::{self, escaped};

/// How many rows are shown of each fate at each module.
const SHOWN: usize = 10;

/// Shows what becomes of rows.
pub(super) struct DryRun {
    /// Whether rows are shown to people, and not as JSON.
    people: bool,
    /// By fate and module, how many were shown.
    shown: HashMap<(&'static str, String), usize>,
    /// Rows so far.
    rows: u64,
}

/// What became of one row.
struct ShownRow<'a> {
    name: &'static str,
    /// The module that decided; empty if none did.
    module: &'a str,
    error: Option<&'a str>,
    before: &'a str,
    after: &'a [String],
}

/// The rows of a batch as JSON, once somebody wants them.
struct Lines<'a> {
    batch: &'a RecordBatch,
    lines: OnceCell<Vec<String>>,
}

impl<'a> Lines<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        Self { batch, lines: OnceCell::new() }
    }

    fn get(&self, rows: Range<usize>) -> anyhow::Result<&[String]> {
        if self.lines.get().is_none() {
            let _ = self.lines.set(json_lines(self.batch)?);
        }
        Ok(self.lines.get().and_then(|lines| lines.get(rows)).unwrap_or_default())
    }
}

impl DryRun {
    pub(super) fn new() -> Self {
        Self { people: io::stdout().is_terminal(), shown: HashMap::new(), rows: 0 }
    }

    /// Shows some rows of a batch.
    pub(super) fn show(&mut self, traced: &Traced, place: &Place) -> anyhow::Result<()> {
        let (before, after) = (Lines::of(&traced.before), Lines::of(&traced.after));
        let exceptions = exceptions(traced);
        let mut next = 0;
        for (row, end) in traced.ends.iter().enumerate() {
            let first = next;
            while next < traced.after.num_rows() && traced.outcome.origin(next as u32) as usize == row {
                next += 1;
            }
            let exception = exceptions.get(&(row as u32));
            let decided = decided(exception, end.as_deref(), next - first);
            if decided.map_or(self.is_full("kept", "") && self.is_full("changed", ""), |(name, module)| {
                self.is_full(name, module)
            }) {
                continue;
            }
            let (before, after) = (before.get(row..row + 1)?, after.get(first..next)?);
            let (name, module) = decided.unwrap_or((if before == after { "kept" } else { "changed" }, ""));
            if self.is_full(name, module) {
                continue;
            }
            *self.shown.entry((name, module.to_owned())).or_default() += 1;
            let error = exception.map(|(_, message, _)| *message);
            let shown = ShownRow { name, module, error, before: before.first().map_or("", String::as_str), after };
            let (number, at) = (self.rows + 1 + row as u64, place.of(row));
            let text = if self.people { shown.for_people(&at) } else { shown.as_json(number, &at) };
            writeln!(io::stdout().lock(), "{text}")?;
        }
        self.rows += traced.ends.len() as u64;
        Ok(())
    }

    /// Shows a row that is refused with its whole batch.
    pub(super) fn refused(&self, row: usize, place: &Place, error: &str) -> anyhow::Result<()> {
        let (number, at) = (self.rows + 1 + row as u64, place.of(row));
        let text = match self.people {
            true => format!("{}  refused: {}", escaped(&at), text::message(error)),
            false => serde_json::json!({"row": number, "at": at, "fate": "refused", "error": error}).to_string(),
        };
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }

    fn is_full(&self, name: &'static str, module: &str) -> bool {
        self.shown.get(&(name, module.to_owned())).is_some_and(|shown| *shown >= SHOWN)
    }
}

/// By row, the module and the message of its first exception, and the policy.
type Exceptions<'a> = BTreeMap<u32, (&'a str, &'a str, &'a Policy)>;

fn exceptions(traced: &Traced) -> Exceptions<'_> {
    let mut found = BTreeMap::new();
    for exception in &traced.outcome.exceptions {
        for (row, cause) in exception.rows.iter().zip(&exception.causes) {
            let message = exception.messages.get(*cause as usize).map_or("", String::as_str);
            found.entry(*row).or_insert((exception.module.as_str(), message, &exception.policy));
        }
    }
    found
}

/// What became of a row, and the module that decided, as far as that is known without comparing; `None`: it is kept or
/// changed.
fn decided<'a>(
    exception: Option<&(&'a str, &'a str, &'a Policy)>,
    end: Option<&'a str>,
    after: usize,
) -> Option<(&'static str, &'a str)> {
    match (exception, end) {
        (Some((module, _, Policy::DeadLetter(_))), _) => Some(("dead-lettered", module)),
        (Some((module, _, Policy::Pass)), None) => Some(("passed", module)),
        (Some((module, _, Policy::Drop)), _) => Some(("dropped", module)),
        (_, Some(module)) => Some(("filtered", module)),
        (_, None) if after != 1 => Some(("produced", "")),
        (_, None) => None,
    }
}

impl ShownRow<'_> {
    fn as_json(&self, number: u64, at: &str) -> String {
        // Rows are put in as they are: a parser would round decimals.
        let mut text = format!("{{\"row\":{number},\"at\":{},\"fate\":\"{}\"", Value::from(at), self.name);
        if !self.module.is_empty() {
            text += &format!(",\"module\":{}", Value::from(self.module));
        }
        text += &format!(",\"before\":{}", self.before);
        match self.after {
            [] => {}
            [after] => text += &format!(",\"after\":{after}"),
            after => text += &format!(",\"after\":[{}]", after.join(",")),
        }
        if let Some(error) = self.error {
            text += &format!(",\"error\":{}", Value::from(error));
        }
        text + "}"
    }

    /// The row, what became of it, and beneath what came out.
    fn for_people(&self, at: &str) -> String {
        let by = if self.module.is_empty() { String::new() } else { format!(" by {}", self.module) };
        let mut text = format!("{}  {}{by}\n      {}", escaped(at), self.name, escaped(self.before));
        if let Some(error) = self.error {
            text += &format!("\n    ! {}", text::message(error));
        }
        if self.name != "kept" {
            self.after.iter().for_each(|row| text += &format!("\n    > {}", escaped(row)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fate_is_one_line_of_json() {
        let after = ["{\"a\":1.10}".to_owned(), "{\"a\":2}".to_owned()];
        let cases = [
            (
                &after[..1],
                None,
                r#"{"row":7,"at":"a.json, line 7","fate":"changed","module":"m","before":{"a":0},"after":{"a":1.10}}"#,
            ),
            (
                &after[..],
                None,
                r#"{"row":7,"at":"a.json, line 7","fate":"changed","module":"m","before":{"a":0},"after":[{"a":1.10},{"a":2}]}"#,
            ),
            (
                &[],
                Some("no \"b\""),
                r#"{"row":7,"at":"a.json, line 7","fate":"changed","module":"m","before":{"a":0},"error":"no \"b\""}"#,
            ),
        ];
        for (after, error, expected) in cases {
            let row = ShownRow { name: "changed", module: "m", error, before: "{\"a\":0}", after };
            assert_eq!(row.as_json(7, "a.json, line 7"), expected);
        }
    }

    #[test]
    fn what_decides_is_named() {
        let (drop, pass) = (Policy::Drop, Policy::Pass);
        assert_eq!(decided(Some(&("m", "no", &drop)), Some("m"), 0), Some(("dropped", "m")));
        assert_eq!(decided(Some(&("m", "no", &pass)), None, 1), Some(("passed", "m")));
        // It passed one module, and the next took it.
        assert_eq!(decided(Some(&("m", "no", &pass)), Some("n"), 0), Some(("filtered", "n")));
        assert_eq!(decided(None, None, 3), Some(("produced", "")));
        assert_eq!(decided(None, None, 1), None);
    }
}
