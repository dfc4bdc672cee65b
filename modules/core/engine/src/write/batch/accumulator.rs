//! Rows of one bucket that wait to become a batch.

use std::sync::Arc;

use thalweg_wire::{
    column::{Batch as Rows, Values},
    record::{ColumnsBuilder, RecordError},
};

use crate::backoff::Backoff;
use crate::write::{
    append::Source,
    append::records::EncodedRows,
    append::select::Selected,
    batch::{Batch, Head, Part, Stage},
    table::plan::{Content, Plan},
};
use thalweg_contract::{Codec, Instant, RowSelection, Work};

/// The longest that the columns of a batch may become, in bytes: Arrow's offsets have 32 bits. Records may not be longer
/// either.
const COLUMNS_LIMIT: u64 = i32::MAX as u64 - 1024;
/// The most records of a key batch. A 0.9.1 server breaks on one that makes so many changes that a byte for each does not
/// fit one page of 128 KiB behind the head of the changelog's batch (`server-behaviour.md`: with 131,072), and a key that
/// is there already makes two, -U and +U.
const KEYS_LIMIT: u32 = 65_000;

/// Rows of one bucket that wait to become a batch.
#[derive(Debug)]
pub(crate) struct Accumulator {
    /// The number of the batch to be.
    pub(crate) id: u64,
    /// When its first rows came.
    pub(crate) opened: Instant,
    plan: Arc<Plan>,
    gathered: Gathered,
    parts: Vec<Part>,
    parts_held: u64,
}

/// Rows as their batch will have them.
#[derive(Debug)]
enum Gathered {
    /// Columns of an Arrow message.
    Columns(ColumnsBuilder),
    /// Records.
    Records { bytes: Vec<u8>, rows: usize },
}

impl Gathered {
    fn rows(&self) -> usize {
        match self {
            Self::Columns(columns) => columns.rows(),
            Self::Records { rows, .. } => *rows,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Columns(columns) => columns.bytes(),
            Self::Records { bytes, .. } => bytes.len(),
        }
    }

    fn add(&mut self, source: &Rows<'_>, encoded: &EncodedRows, selected: Selected<'_>) -> Result<(), RecordError> {
        match (self, selected) {
            (Self::Columns(columns), Selected::Span { first, count }) => columns.append_range(source, first, count),
            (Self::Columns(columns), Selected::Rows(rows)) => columns.append_rows(source, rows),
            (Self::Records { bytes, rows }, Selected::Span { first, count }) => {
                bytes.extend_from_slice(encoded.of(first..first + count));
                *rows += count;
                Ok(())
            }
            (Self::Records { bytes, rows }, Selected::Rows(selected)) => {
                for row in selected.iter().map(|row| *row as usize) {
                    bytes.extend_from_slice(encoded.of(row..row + 1));
                }
                *rows += selected.len();
                Ok(())
            }
        }
    }
}

impl Accumulator {
    /// An accumulator without rows, for about so many.
    pub(crate) fn new(id: u64, opened: Instant, plan: Arc<Plan>, rows: u32) -> Self {
        let gathered = match plan.content {
            Content::Arrow { .. } => Gathered::Columns(ColumnsBuilder::expecting(plan.layout.clone(), rows as usize)),
            Content::Rows(_) | Content::Keys(_) => Gathered::Records { bytes: Vec::new(), rows: 0 },
        };
        Self { id, opened, plan, gathered, parts: Vec::new(), parts_held: 0 }
    }

    /// Whether rows written by this plan, of so many bytes, can be added.
    pub(crate) fn takes(&self, plan: &Plan, bytes: u64) -> bool {
        self.plan.mixes_with(plan) && self.gathered.bytes() as u64 + bytes <= COLUMNS_LIMIT
    }

    /// The most rows that it may have, where the settings say `rows`.
    fn limit(&self, rows: u32) -> usize {
        let limit = if let Content::Keys(_) = self.plan.content { rows.min(KEYS_LIMIT) } else { rows };
        limit as usize
    }

    /// How many rows of so many bytes each there is room for: at least one.
    pub(crate) fn room(&self, rows: u32, bytes: u32, row_bytes: u64) -> usize {
        let by_rows = self.limit(rows).saturating_sub(self.gathered.rows());
        let left = u64::from(bytes).saturating_sub(self.gathered.bytes() as u64);
        by_rows.min(usize::try_from(left / row_bytes.max(1)).unwrap_or(usize::MAX)).max(1)
    }

    /// Whether it is as large as a batch may be.
    pub(crate) fn is_full(&self, rows: u32, bytes: u32) -> bool {
        self.gathered.rows() >= self.limit(rows) || self.gathered.bytes() >= bytes as usize
    }

    /// Whether nothing was added yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What it holds, in bytes.
    pub(crate) fn held(&self) -> u64 {
        self.gathered.bytes() as u64 + self.parts_held + self.plan.overhead
    }

    /// Adds rows of a call. After an error nothing may be added any more.
    pub(crate) fn add(
        &mut self,
        source: &Source<'_>,
        encoded: &EncodedRows,
        rows: Selected<'_>,
    ) -> Result<(), RecordError> {
        let part = Part { ticket: source.ticket, rows: rows.to_selection() };
        self.parts_held += held_by(&part);
        self.parts.push(part);
        self.gathered.add(source.rows, encoded, rows)
    }

    /// Whose rows are in it.
    pub(crate) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Makes it a batch, to be given up at `deadline`, and the work of encoding it.
    pub(crate) fn seal(self, deadline: Instant) -> (Box<Batch>, Work) {
        let rows = self.gathered.rows() as u32;
        let (head, work) = match (self.gathered, &self.plan.content) {
            (Gathered::Columns(mut columns), content) => {
                let (codec, level) = match content {
                    Content::Arrow { codec, level } => (*codec, *level),
                    Content::Rows(_) | Content::Keys(_) => (Codec::None, 0),
                };
                let (nodes, buffers) = columns.finish();
                (Head::Arrow { codec, nodes, buffers: buffers.len() }, Work::Encode { codec, level, buffers })
            }
            (Gathered::Records { bytes, .. }, Content::Keys(keys)) => {
                (Head::Keys(Arc::clone(&keys.columns)), Work::Keep(bytes))
            }
            (Gathered::Records { bytes, .. }, _) => (Head::Rows, Work::Keep(bytes)),
        };
        let bytes: u64 = match &work {
            Work::Encode { buffers, .. } => buffers.iter().map(|buffer| buffer.len() as u64).sum(),
            Work::Keep(bytes) => bytes.len() as u64,
            Work::Decode { .. } => 0,
        };
        let batch = Box::new(Batch {
            id: self.id,
            deadline,
            rows,
            schema_id: self.plan.schema_id,
            head,
            parts: self.parts,
            parts_held: self.parts_held,
            held: self.parts_held + self.plan.overhead + bytes,
            stage: Stage::Encoding,
            body: None,
            sequence: None,
            request: 0,
            uncertain: false,
            settled: false,
            failure: None,
            backoff: Backoff::default(),
        });
        (batch, work)
    }
}

/// What one more part takes to be remembered at most, beside a list of its rows, in bytes.
///
/// At least its size; the same number on every machine, so that engines of 32 and 64 bits do the same.
pub(crate) const PART_HELD: u64 = 128;
const _: () = assert!(size_of::<Part>() as u64 <= PART_HELD);

/// What it takes to remember whose rows these are, in bytes.
fn held_by(part: &Part) -> u64 {
    let list = if let RowSelection::Rows(rows) = &part.rows { size_of_val(rows.as_slice()) } else { 0 };
    PART_HELD + list as u64
}

/// About what rows will hold once they are gathered, in bytes; not much less.
pub(crate) fn size_of_rows(rows: &Rows<'_>) -> u64 {
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
