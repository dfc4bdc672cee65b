//! Rows as columns that somebody owns: from parts of a body, from and into Arrow arrays and WIT.
//!
//! ```text
//! parts  columns out of the body that the engine gives
//! ```

mod parts;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use thalweg_chain::column::{LayoutError, OwnedColumn, OwnedValues, flatten, to_arrow};
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

/// Arrow arrays of these columns out of rows. Fails where they break a rule of the layout.
pub(crate) fn arrays(
    schema: &SchemaRef,
    rows: usize,
    columns: impl IntoIterator<Item = OwnedColumn>,
) -> Result<RecordBatch, String> {
    let mut columns = columns.into_iter();
    let array = |field: &arrow_schema::FieldRef, columns: &mut dyn Iterator<Item = OwnedColumn>| {
        to_arrow(field.data_type(), rows, &mut &mut *columns)
            .map_err(|error: LayoutError| format!("column {:?}: {error}", field.name()))
    };
    let arrays = schema.fields().iter().map(|field| array(field, &mut columns));
    let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>()?;
    if columns.next().is_some() {
        return Err("there are more columns than the table has".to_owned());
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(|error| error.to_string())
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
