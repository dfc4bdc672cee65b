//! What commands print: lists and descriptions as a table, JSON or YAML.

use std::io::Write;

use clap::ValueEnum;
use serde_json::Value;

use crate::text::{escaped, padded, width};

/// How lists and descriptions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    /// Columns for people
    Table,
    /// JSON lines
    Json,
    /// YAML
    Yaml,
}

/// Prints rows of named cells. Each row is a JSON object with the same keys.
pub(in crate::cli) fn print_list(rows: &[Value], format: ListFormat) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        ListFormat::Json => {
            for row in rows {
                writeln!(out, "{row}")?;
            }
        }
        ListFormat::Yaml => write!(out, "{}", serde_saphyr::to_string(&rows)?)?,
        ListFormat::Table => write!(out, "{}", aligned(rows))?,
    }
    Ok(out.flush()?)
}

/// Prints things that people are shown at length: `text` as a whole, or each as an object.
pub(in crate::cli) fn print_each(values: &[Value], text: &str, format: ListFormat) -> anyhow::Result<()> {
    match format {
        ListFormat::Table => Ok(writeln!(std::io::stdout(), "{text}")?),
        other => print_list(values, other),
    }
}

/// Prints one description.
pub(in crate::cli) fn print_one(value: &Value, text: &str, format: ListFormat) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        ListFormat::Json => writeln!(out, "{value}")?,
        ListFormat::Yaml => write!(out, "{}", serde_saphyr::to_string(value)?)?,
        ListFormat::Table => write!(out, "{text}")?,
    }
    Ok(out.flush()?)
}

/// Columns under a head of their keys, numbers to the right.
fn aligned(rows: &[Value]) -> String {
    let Some(Value::Object(first)) = rows.first() else { return String::new() };
    let keys: Vec<&String> = first.keys().collect();
    let cell = |row: &Value, key: &str| match &row[key] {
        Value::String(text) => escaped(text).into_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let widest = |key: &String| rows.iter().map(|row| width(&cell(row, key))).max().unwrap_or(0).max(key.len());
    let widths: Vec<usize> = keys.iter().map(|key| widest(key)).collect();
    let numeric: Vec<bool> = keys.iter().map(|key| rows.iter().all(|row| row[key.as_str()].is_number())).collect();
    let mut text = String::new();
    let mut line = |cells: Vec<String>| {
        let padded = cells.iter().enumerate().map(|(i, cell)| padded(cell, widths[i], numeric[i]));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    };
    line(keys.iter().map(|key| key.to_string()).collect());
    for row in rows {
        line(keys.iter().map(|key| cell(row, key)).collect());
    }
    text
}

/// Whether the reader of standard output went away, which is no failure.
pub(in crate::cli) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        let arrow = cause.downcast_ref::<arrow_schema::ArrowError>();
        io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
            || arrow.is_some_and(|e| e.to_string().contains("Broken pipe"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [json!({"bucket": 0, "note": "a"}), json!({"bucket": 10, "note": null})];
        assert_eq!(aligned(&rows), "bucket  note\n     0  a\n    10\n");
        let rows = [json!({"name": "中\u{1b}[2J", "at": 1}), json!({"name": "a\nb", "at": 2})];
        assert_eq!(aligned(&rows), "at  name\n 1  中\\u{1b}[2J\n 2  a\\nb\n");
    }
}
