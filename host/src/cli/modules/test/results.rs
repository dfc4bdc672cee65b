//! What became of each row of a batch, with the rows as JSON.

use arrow_array::RecordBatch;

use crate::formats::json_lines;
use crate::module::Applied;

/// A row that went in, and what became of it. Rows are JSON objects on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowResult {
    /// The row as it went in.
    pub(super) before: String,
    /// The rows that came out for it.
    pub(super) after: Vec<String>,
    /// Why the module refused it.
    pub(super) refused: Option<String>,
}

impl RowResult {
    /// In one word.
    pub(super) fn name(&self) -> &'static str {
        match (&self.refused, self.after.as_slice()) {
            (Some(_), _) => "refused",
            (None, []) => "dropped",
            (None, [after]) if *after == self.before => "kept",
            (None, [_]) => "changed",
            (None, _) => "produced",
        }
    }

    /// The lines that a file of expected rows has for it.
    pub(super) fn lines(self) -> Vec<Line> {
        match self.refused {
            Some(error) => vec![Line::Error(error)],
            None => self.after.into_iter().map(Line::Row).collect(),
        }
    }
}

/// A line of a file of expected rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A row that comes out.
    Row(String),
    /// The text with which a row is refused.
    Error(String),
}

/// The key of a line that stands for a refused row.
pub(super) const ERROR_KEY: &str = "$error";

impl Line {
    /// As the file has it.
    pub(super) fn text(&self) -> String {
        match self {
            Line::Row(row) => row.clone(),
            Line::Error(error) => serde_json::json!({ ERROR_KEY: error }).to_string(),
        }
    }
}

/// What became of the rows of a batch, in their order.
pub(super) fn results(batch: &RecordBatch, applied: &Applied) -> anyhow::Result<Vec<RowResult>> {
    let before = json_lines(batch)?;
    let mut results: Vec<RowResult> =
        before.into_iter().map(|before| RowResult { before, after: Vec::new(), refused: None }).collect();
    for (at, row) in json_lines(&applied.batch)?.into_iter().enumerate() {
        let origin = match &applied.origins {
            Some(origins) => origins.get(at).map(|&origin| origin as usize),
            None => Some(at),
        };
        if let Some(result) = origin.and_then(|origin| results.get_mut(origin)) {
            result.after.push(row);
        }
    }
    for exception in &applied.exceptions {
        for (&row, &cause) in exception.rows.iter().zip(&exception.causes) {
            let message = exception.messages.get(cause as usize).cloned().unwrap_or_default();
            if let Some(result) = results.get_mut(row as usize) {
                result.refused.get_or_insert(message);
            }
        }
    }
    Ok(results)
}
