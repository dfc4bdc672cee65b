//! Rows of one bucket that wait to become a batch.

use std::sync::Arc;

use thalweg_wire::{
    column::{Batch as Rows, Values},
    record::{ColumnsBuilder, RecordError},
};

use super::{
    assign::Selected,
    batch::{Batch, Part, Stage},
    table::Form,
};
use crate::{
    api::{Instant, RowSelection, Ticket, Work},
    backoff::Backoff,
};

/// The longest that the columns of a batch may become, in bytes: Arrow's offsets have 32 bits.
const COLUMNS_LIMIT: u64 = i32::MAX as u64;

/// Rows of one bucket that wait to become a batch.
#[derive(Debug)]
pub(super) struct Accumulator {
    /// The number of the batch to be.
    pub(super) id: u64,
    /// When its first rows came.
    pub(super) opened: Instant,
    form: Arc<Form>,
    columns: ColumnsBuilder,
    parts: Vec<Part>,
    parts_held: u64,
}

impl Accumulator {
    /// An accumulator without rows.
    pub(super) fn new(id: u64, opened: Instant, form: Arc<Form>) -> Self {
        let columns = ColumnsBuilder::new(form.layout.clone());
        Self { id, opened, form, columns, parts: Vec::new(), parts_held: 0 }
    }

    /// Whether rows of this form, of so many bytes, can be added.
    pub(super) fn takes(&self, form: &Arc<Form>, bytes: u64) -> bool {
        Arc::ptr_eq(&self.form, form) && self.columns.bytes() as u64 + bytes <= COLUMNS_LIMIT
    }

    /// How many rows of so many bytes each there is room for: at least one.
    pub(super) fn room(&self, rows: u32, bytes: u32, row_bytes: u64) -> usize {
        let by_rows = (rows as usize).saturating_sub(self.columns.rows());
        let left = u64::from(bytes).saturating_sub(self.columns.bytes() as u64);
        by_rows.min(usize::try_from(left / row_bytes.max(1)).unwrap_or(usize::MAX)).max(1)
    }

    /// Whether it is as large as a batch may be.
    pub(super) fn is_full(&self, rows: u32, bytes: u32) -> bool {
        self.columns.rows() >= rows as usize || self.columns.bytes() >= bytes as usize
    }

    /// Whether nothing was added yet.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What it holds, in bytes.
    pub(super) fn held(&self) -> u64 {
        self.columns.bytes() as u64 + self.parts_held + self.form.overhead
    }

    /// Adds rows of an append. After an error nothing may be added any more.
    pub(super) fn add(&mut self, ticket: Ticket, source: &Rows<'_>, rows: Selected<'_>) -> Result<(), RecordError> {
        let part = Part { ticket, rows: rows.to_selection() };
        self.parts_held += held_by(&part);
        self.parts.push(part);
        match rows {
            Selected::Span { first, count } => self.columns.append_range(source, first, count),
            Selected::Rows(rows) => self.columns.append_rows(source, rows),
        }
    }

    /// Whose rows are in it.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Makes it a batch, to be given up at `deadline`, and the work of encoding it.
    pub(super) fn seal(mut self, deadline: Instant) -> (Batch, Work) {
        let rows = self.columns.rows() as u32;
        let (nodes, buffers) = self.columns.finish();
        let held = self.parts_held + self.form.overhead + buffers.iter().map(|buffer| buffer.len() as u64).sum::<u64>();
        let batch = Batch {
            id: self.id,
            deadline,
            rows,
            schema_id: self.form.schema_id,
            codec: self.form.codec,
            nodes,
            buffers: buffers.len(),
            parts: self.parts,
            parts_held: self.parts_held,
            held,
            stage: Stage::Encoding,
            body: None,
            sequence: None,
            request: 0,
            uncertain: false,
            settled: false,
            failure: None,
            backoff: Backoff::default(),
        };
        (batch, Work::Encode { codec: self.form.codec, level: self.form.level, buffers })
    }
}

/// What one more part takes to be remembered at most, beside a list of its rows, in bytes.
///
/// At least its size; the same number on every machine, so that engines of 32 and 64 bits do the same.
pub(super) const PART_HELD: u64 = 128;
const _: () = assert!(size_of::<Part>() as u64 <= PART_HELD);

/// What it takes to remember whose rows these are, in bytes.
fn held_by(part: &Part) -> u64 {
    let list = if let RowSelection::Rows(rows) = &part.rows { size_of_val(rows.as_slice()) } else { 0 };
    PART_HELD + list as u64
}

/// About what rows will hold once they are gathered, in bytes; not much less.
pub(super) fn size_of_rows(rows: &Rows<'_>) -> u64 {
    let values: usize = rows.columns.iter().map(|column| size_of_values(&column.values) + rows.rows / 8 + 8).sum();
    values as u64
}

fn size_of_values(values: &Values<'_>) -> usize {
    match values {
        Values::Bits(values) => size_of_val(*values),
        Values::Int8(values) => size_of_val(*values),
        Values::Int16(values) => size_of_val(*values),
        Values::Int32(values) => size_of_val(*values),
        Values::Int64(values) => size_of_val(*values),
        Values::Float32(values) => size_of_val(*values),
        Values::Float64(values) => size_of_val(*values),
        Values::Fixed(values) => size_of_val(*values),
        Values::Spans { offsets, bytes } => size_of_val(*offsets) + bytes.len(),
        Values::Offsets(offsets) => size_of_val(*offsets),
        Values::None => 0,
    }
}
