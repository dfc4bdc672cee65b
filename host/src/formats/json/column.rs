//! Columns of any type as they are built from JSON, row by row.
//!
//! A column takes its values while serde_json goes over the text, and keeps those of flat types as texts; at the end each
//! becomes an Arrow array at once, so that one rule says what a text means in a type.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, FieldRef};
use serde::de::Error;

use super::leaf::Leaf;
use super::map;
use super::row::Row;
use crate::formats::Rounding;
use crate::formats::scalar::{Shown, sql_name};

/// A column that is being built.
pub(super) struct Column {
    pub(super) field: FieldRef,
    pub(super) cells: Cells,
    /// Why the last value does not fit.
    problem: Option<String>,
}

/// The values of a column.
pub(super) enum Cells {
    Leaf(Leaf),
    List(Spans, Box<Column>),
    /// With keys and values.
    Map(Spans, Box<[Column; 2]>),
    Row(Vec<bool>, Row),
}

/// Which children each row has.
pub(super) struct Spans {
    valid: Vec<bool>,
    ends: Vec<i32>,
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// The row, from 0.
    pub(super) at: usize,
    /// Where in the row: `.a[3].b`.
    pub(super) path: String,
    /// Why.
    pub(super) reason: String,
}

impl Misplaced {
    /// The same in a row of what it is a part of.
    pub(super) fn within(self, at: usize, part: &str) -> Self {
        Self { at, path: format!("{part}{}", self.path), ..self }
    }
}

impl Spans {
    fn new() -> Self {
        Self { valid: Vec::new(), ends: Vec::new() }
    }

    fn begin(&self, row: usize) -> usize {
        row.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    /// A row with the children up to `end`.
    pub(super) fn push(&mut self, valid: bool, end: usize) -> Result<(), String> {
        self.valid.push(valid);
        self.ends.push(i32::try_from(end).map_err(|_| "there are too many elements at once".to_owned())?);
        Ok(())
    }

    /// Cuts to so many rows; how many children stay.
    fn truncate(&mut self, rows: usize) -> usize {
        self.valid.truncate(rows);
        self.ends.truncate(rows);
        self.begin(rows)
    }

    /// Where a child stands, as a row and a place in it.
    fn place(&self, child: usize) -> (usize, usize) {
        let row = self.ends.partition_point(|end| *end as usize <= child);
        (row, child - self.begin(row))
    }

    fn finish(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let offsets = std::iter::once(0).chain(self.ends.drain(..)).collect::<Vec<_>>();
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), nulls(&mut self.valid))
    }
}

/// The nulls among values, if there are any.
pub(super) fn nulls(valid: &mut Vec<bool>) -> Option<NullBuffer> {
    Some(NullBuffer::from(std::mem::take(valid))).filter(|nulls| nulls.null_count() > 0)
}

impl Column {
    pub(super) fn new(field: &FieldRef) -> Result<Self, String> {
        let cells = match field.data_type() {
            DataType::List(element) => Cells::List(Spans::new(), Box::new(Self::new(element)?)),
            DataType::Map(entries, _) => {
                let [key, value] = map::fields_of(entries).map_err(|error| error.to_string())?;
                Cells::Map(Spans::new(), Box::new([Self::new(key)?, Self::new(value)?]))
            }
            DataType::Struct(fields) => Cells::Row(Vec::new(), Row::new(fields)?),
            _ => Cells::Leaf(Leaf::new(field)?),
        };
        Ok(Self { field: Arc::clone(field), cells, problem: None })
    }

    /// Its rows so far.
    pub(super) fn len(&self) -> usize {
        match &self.cells {
            Cells::Leaf(leaf) => leaf.len(),
            Cells::List(spans, _) | Cells::Map(spans, _) => spans.ends.len(),
            Cells::Row(valid, _) => valid.len(),
        }
    }

    /// Cuts to so many rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.problem = None;
        match &mut self.cells {
            Cells::Leaf(leaf) => leaf.truncate(rows),
            Cells::List(spans, element) => element.truncate(spans.truncate(rows)),
            Cells::Map(spans, entries) => {
                let children = spans.truncate(rows);
                entries.iter_mut().for_each(|part| part.truncate(children));
            }
            Cells::Row(valid, row) => {
                valid.truncate(rows);
                row.truncate(rows);
            }
        }
    }

    /// Adds a null, or says that none may be there.
    pub(super) fn push_null(&mut self) -> Result<(), String> {
        if !self.field.is_nullable() {
            return Err("it is NOT NULL, and null or missing".into());
        }
        self.push_nothing()
    }

    /// Adds a null, also where only the row that it is in may be one.
    pub(super) fn push_nothing(&mut self) -> Result<(), String> {
        match &mut self.cells {
            Cells::Leaf(leaf) => leaf.push_null(),
            Cells::List(spans, element) => spans.push(false, element.len())?,
            Cells::Map(spans, entries) => spans.push(false, entries[0].len())?,
            Cells::Row(valid, row) => {
                valid.push(false);
                row.push_nothing()?;
            }
        }
        Ok(())
    }

    /// Adds the name of an object's member, a key of a map.
    pub(super) fn push_name(&mut self, name: &str) -> Result<(), String> {
        match &mut self.cells {
            Cells::Leaf(leaf) => leaf.push_text(name, &self.field),
            _ => Err(format!("{} is no {}", Shown(name), sql_name(self.field.data_type()))),
        }
    }

    /// Remembers why a value does not fit, and makes an error of it.
    pub(super) fn refuse<E: Error>(&mut self, reason: String) -> E {
        let error = E::custom(&reason);
        self.problem = Some(reason);
        error
    }

    /// Where the last value does not fit and why, if that is why it was refused.
    pub(super) fn misfit(&mut self) -> Option<(String, String)> {
        if let Some(reason) = self.problem.take() {
            return Some((String::new(), reason));
        }
        let within = |part: String, found: Option<(String, String)>| {
            found.map(|(path, reason)| (format!("{part}{path}"), reason))
        };
        match &mut self.cells {
            Cells::Leaf(_) => None,
            Cells::List(spans, element) => {
                let at = element.len().saturating_sub(spans.begin(spans.ends.len()));
                within(format!("[{at}]"), element.misfit())
            }
            Cells::Map(_, entries) => {
                let [key, value] = &mut **entries;
                within(".key".into(), key.misfit()).or_else(|| within(".value".into(), value.misfit()))
            }
            Cells::Row(_, row) => row.misfit(".").map(|misfit| (misfit.path, misfit.reason)),
        }
    }

    /// The rows as an array; the column is empty then.
    pub(super) fn finish(&mut self, rounding: Rounding) -> Result<ArrayRef, Misplaced> {
        let wrong = |error: arrow_schema::ArrowError| Misplaced {
            at: 0,
            path: String::new(),
            reason: format!("it cannot be read: {error}"),
        };
        match (&mut self.cells, self.field.data_type()) {
            (Cells::Leaf(leaf), _) => leaf.finish(&self.field, rounding),
            (Cells::List(spans, element), DataType::List(field)) => {
                let values = element.finish(rounding).map_err(|misfit| {
                    let (row, place) = spans.place(misfit.at);
                    misfit.within(row, &format!("[{place}]"))
                })?;
                let (offsets, nulls) = spans.finish();
                Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(wrong)?))
            }
            (Cells::Map(spans, parts), DataType::Map(entries, sorted)) => {
                let [key, value] = &mut **parts;
                let finish = |part: &mut Column, name: &str| {
                    part.finish(rounding).map_err(|misfit| {
                        let (row, _) = spans.place(misfit.at);
                        misfit.within(row, name)
                    })
                };
                let columns = vec![finish(key, ".key")?, finish(value, ".value")?];
                let (offsets, nulls) = spans.finish();
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(wrong(arrow_schema::ArrowError::SchemaError("entries have no fields".into())));
                };
                let pairs = StructArray::try_new(fields.clone(), columns, None).map_err(wrong)?;
                let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted);
                Ok(Arc::new(map.map_err(wrong)?))
            }
            (Cells::Row(valid, row), DataType::Struct(fields)) => {
                let length = valid.len();
                let columns = row.finish(rounding, ".")?;
                let array = StructArray::try_new_with_length(fields.clone(), columns, nulls(valid), length);
                Ok(Arc::new(array.map_err(wrong)?))
            }
            _ => Err(wrong(arrow_schema::ArrowError::SchemaError("a column has two types".into()))),
        }
    }
}
