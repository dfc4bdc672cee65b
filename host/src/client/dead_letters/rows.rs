//! Dead letters as rows of their table.

use std::{
    ops::Range,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use thalweg_wire::table::TablePath;

use crate::{
    client::Error,
    formats::json_lines,
    module::{Exception, Operation},
};

/// What dead letters say of the write that they come from.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) struct WriteOrigin<'a> {
    /// The table that the rows were on their way to.
    pub(in crate::client) source: &'a TablePath,
    /// What they were on their way to.
    pub(in crate::client) operation: Operation,
    /// Which write of the writer it is, from 0.
    pub(in crate::client) batch: u64,
}

/// The dead letters of a part of an exception's rows, `dead_letters` being all of these rows.
pub(super) fn compose(
    exception: &Exception,
    dead_letters: &RecordBatch,
    part: Range<usize>,
    origin: WriteOrigin<'_>,
) -> Result<RecordBatch, Error> {
    let rows = part.len();
    let dead_letters = dead_letters.slice(part.start, rows);
    let causes = exception.causes.get(part.clone()).unwrap_or_default();
    let positions = exception.rows.get(part).unwrap_or_default();
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::new_repeated(text, rows)) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let text = |cause: &u32| exception.messages.get(*cause as usize).map_or("", String::as_str);
    let batch = i64::try_from(origin.batch).unwrap_or(i64::MAX);
    let originals = json_lines(&dead_letters)?;
    if originals.len() != rows || i32::try_from(originals.iter().map(String::len).sum::<usize>()).is_err() {
        return Err(Error::invalid(format!("{rows} rows are too long for dead letters")));
    }
    let columns: [(&str, ArrayRef); 9] = [
        ("time", Arc::new(TimestampMillisecondArray::from_value(now, rows).with_timezone("UTC"))),
        ("source", same(&origin.source.to_string())),
        ("operation", same(operation(origin.operation))),
        ("module", same(&exception.module)),
        ("kind", same(exception.kind.name())),
        ("error", Arc::new(StringArray::from_iter_values(causes.iter().map(text)))),
        ("batch", Arc::new(Int64Array::from_value(batch, rows))),
        ("position", Arc::new(Int64Array::from_iter_values(positions.iter().map(|row| i64::from(*row))))),
        ("original", Arc::new(StringArray::from(originals))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Append => "append",
        Operation::Upsert => "upsert",
        Operation::Delete => "delete",
        Operation::Scan => "scan",
        Operation::Changelog => "changelog",
    }
}
