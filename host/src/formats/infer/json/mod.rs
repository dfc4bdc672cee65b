//! The columns that the objects of a JSON file suggest.

mod each;
mod number;
mod seen;

use arrow_schema::Schema;

use super::{InferOptions, Inferred};
use crate::formats::json::{Got, Objects, Problem, Records, Source};
use crate::formats::{FormatError, Input, ReadOptions};
use seen::Members;

/// The most names that a hint shows.
const SHOWN: usize = 10;

pub(super) fn infer(input: &Input, options: &InferOptions) -> Result<Inferred, FormatError> {
    let mut records = Records::new(Source::new(input.open(&ReadOptions::default())?, input.name()));
    let mut columns = Columns(Members::default());
    let mut rows = 0;
    while options.sample.is_none_or(|sample| rows < sample) {
        match records.next(&mut columns)? {
            Got::Object { .. } => rows += 1,
            Got::NotNow => {}
            Got::End => break,
        }
    }
    let wrong = |problem| FormatError::Malformed { place: input.name().to_string(), problem };
    if rows == 0 {
        return Err(wrong("there are no rows in it, so nothing says which columns a table should have".into()));
    }
    let mut notes = seen::Notes::default();
    let fields = columns.0.fields("", &mut notes).map_err(wrong)?;
    Ok(Inferred { schema: Schema::new(fields), hints: hints(&notes) })
}

fn hints(notes: &seen::Notes) -> Vec<String> {
    let mut hints = Vec::new();
    if !notes.empty.is_empty() {
        let what = "no row has a value for it, so it is a STRING; say --schema if it is to be something else";
        hints.push(format!("{}: {what}", listed(&notes.empty)));
    }
    if !notes.inexact.is_empty() {
        let what = "whole numbers and fractions stand there, so it is a DOUBLE, which holds whole numbers beyond 2^53 only nearly";
        hints.push(format!("{}: {what}", listed(&notes.inexact)));
    }
    hints
}

/// Columns by name, the first few of them.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => format!("column {shown}"),
        count if count > SHOWN => format!("columns {shown} and {} more", count - SHOWN),
        _ => format!("columns {shown}"),
    }
}

/// What the objects of a file have as their members.
struct Columns(Members);

impl Objects for Columns {
    fn take(&mut self, object: &str, line: u64) -> Result<(), Problem> {
        self.0.read(object, line)
    }
}

#[cfg(test)]
mod tests;
