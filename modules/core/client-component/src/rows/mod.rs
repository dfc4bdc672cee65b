//! Rows as columns that somebody owns: from parts of a body, from and into Arrow arrays and WIT.
//!
//! ```text
//! parts  columns out of the body that the engine gives
//! ```

mod parts;

use arrow_array::RecordBatch;
use thalweg_chain::column::{OwnedColumn, OwnedValues, flatten};
use thalweg_contract::{ColumnParts, Error, ErrorCode, Layout};
use thalweg_wire::column::{Batch, Column, Values};

pub(crate) use parts::read;

/// Rows, each field's values after the other: those of a nested column follow it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// How many there are.
    pub rows: usize,
    /// The columns, children included.
    pub columns: Vec<OwnedColumn>,
}

impl Rows {
    /// The rows, borrowed.
    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, columns: self.columns.iter().map(borrowed).collect() }
    }
}

fn borrowed(column: &OwnedColumn) -> Column<'_> {
    let values = match &column.values {
        OwnedValues::Bits(bits) => Values::Bits(bits),
        OwnedValues::Int8(numbers) => Values::Int8(numbers),
        OwnedValues::Int16(numbers) => Values::Int16(numbers),
        OwnedValues::Int32(numbers) => Values::Int32(numbers),
        OwnedValues::Int64(numbers) => Values::Int64(numbers),
        OwnedValues::Float32(numbers) => Values::Float32(numbers),
        OwnedValues::Float64(numbers) => Values::Float64(numbers),
        OwnedValues::Fixed(bytes) => Values::Fixed(bytes),
        OwnedValues::Spans(offsets, bytes) => Values::Spans { offsets, bytes },
        OwnedValues::Offsets(offsets) => Values::Offsets(offsets),
        OwnedValues::None => Values::None,
    };
    Column { validity: column.validity.as_deref(), values }
}

/// The rows of Arrow arrays.
pub(crate) fn of_arrays(batch: &RecordBatch) -> Result<Rows, String> {
    let flat = flatten(batch).map_err(|error| error.to_string())?;
    let flat = flat.batch();
    Ok(Rows { rows: flat.rows, columns: flat.columns.iter().map(OwnedColumn::from).collect() })
}

/// Where the columns of rows lie, as the shell was told to say it.
pub(crate) fn columns(layout: &Layout) -> Result<&[ColumnParts], Error> {
    match layout {
        Layout::Columns(columns) => Ok(columns),
        Layout::Message(_) => Err(corrupt("rows came as a message instead of columns")),
    }
}

/// What a server gave that it cannot mean.
pub(crate) fn corrupt(text: &str) -> Error {
    Error { code: ErrorCode::Corrupt(text.to_owned()), retriable: false }
}
