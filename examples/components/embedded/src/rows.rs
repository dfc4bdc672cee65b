//! Rows as columns, in Arrow's layout: lists to be written, and views of those that the engine gives.

use wasmtime::{Result, error::Context};

use crate::bindings::engine::{ColumnParts, Layout, Part};
use crate::bindings::types::{Column, Spans, Values};

/// A BIGINT column without nulls.
pub(crate) fn longs(values: Vec<i64>) -> Column {
    Column { validity: None, values: Values::Int64(values) }
}

/// A STRING column without nulls.
pub(crate) fn texts(texts: &[&str]) -> Column {
    let ends = texts.iter().scan(0, |end, text| {
        *end += text.len() as i32;
        Some(*end)
    });
    let (offsets, bytes) = (std::iter::once(0).chain(ends).collect(), texts.concat().into_bytes());
    Column { validity: None, values: Values::Spans(Spans { offsets, bytes }) }
}

/// Columns that the engine gave: where they lie, the bytes that they lie in, and which of the rows are meant. A column's
/// validity says which of its values are null; these have none.
pub(crate) struct View<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) body: &'a [u8],
    pub(crate) first: u32,
    pub(crate) rows: u32,
}

impl<'a> View<'a> {
    /// The values of a BIGINT column.
    pub(crate) fn longs(&self, column: usize) -> Result<Vec<i64>> {
        let (values, _) = self.part(self.column(column)?.values)?.as_chunks();
        let values = values.iter().skip(self.first as usize).take(self.rows as usize);
        Ok(values.map(|value| i64::from_le_bytes(*value)).collect())
    }

    /// The values of a STRING column.
    pub(crate) fn texts(&self, column: usize) -> Result<Vec<&'a str>> {
        let column = self.column(column)?;
        let (offsets, bytes) = (self.part(column.offsets)?, self.part(column.values)?);
        let offsets = offsets.as_chunks().0.iter().map(|offset| u32::from_le_bytes(*offset) as usize);
        let offsets: Vec<usize> = offsets.skip(self.first as usize).take(self.rows as usize + 1).collect();
        let texts = offsets.iter().zip(offsets.iter().skip(1)).map(|(from, to)| {
            let text = bytes.get(*from..*to).context("a text outside of its column")?;
            Ok(std::str::from_utf8(text)?)
        });
        texts.collect()
    }

    /// A column of a table without nested columns, whose children would stand in between.
    fn column(&self, at: usize) -> Result<&'a ColumnParts> {
        let Layout::Columns(columns) = self.layout else { wasmtime::bail!("the engine was asked for columns") };
        columns.get(at).context("there are fewer columns")
    }

    fn part(&self, part: Option<Part>) -> Result<&'a [u8]> {
        let Part { offset, length } = part.context("the column is of another type")?;
        let part = self.body.get(offset as usize..).and_then(|rest| rest.get(..length as usize));
        part.context("a part outside of its body")
    }
}
