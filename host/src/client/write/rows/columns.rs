//! Columns that rows are added to value by value: only what a column's type has as it is, without a conversion.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, FieldRef, SchemaRef};

/// A value is none of its column as it is: of another type, out of its range, a null where none may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit;

/// Columns that are built side by side.
#[derive(Debug)]
pub(super) struct Columns {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Column {
    field: FieldRef,
    values: Values,
    /// Which values are none; empty: all are.
    valid: Vec<bool>,
}

/// The values of a column, with something in the place of a null.
#[derive(Debug)]
enum Values {
    Bits(Vec<bool>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    /// The bytes of all, and where each ends.
    Text(String, Vec<i32>),
    Bytes(Vec<u8>, Vec<i32>),
    /// Values of so many bytes.
    Fixed(usize, Vec<u8>, usize),
    /// Of a type that is not taken here but for nulls: how many.
    Nulls(usize),
}

/// The most bytes of texts in a column: offsets have 31 bits.
const MOST_BYTES: usize = i32::MAX as usize;

impl Columns {
    /// No rows, with room for some.
    pub(super) fn new(schema: &SchemaRef, rows: usize) -> Self {
        let column = |field: &FieldRef| Column {
            field: Arc::clone(field),
            values: Values::new(field.data_type(), rows),
            valid: Vec::new(),
        };
        Self { schema: Arc::clone(schema), columns: schema.fields().iter().map(column).collect(), rows: 0 }
    }

    /// The columns as Arrow has them.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The column at this position, if the row that is being added has no value in it yet.
    pub(super) fn unset(&mut self, position: usize) -> Option<&mut Column> {
        let rows = self.rows;
        self.columns.get_mut(position).filter(|column| column.values.len() == rows)
    }

    /// The position of a column by its name; `likely` is tried first.
    pub(super) fn position(&self, name: &str, likely: usize) -> Option<usize> {
        let is_it = |column: &Column| column.field.name() == name;
        if self.columns.get(likely).is_some_and(is_it) {
            return Some(likely);
        }
        self.columns.iter().position(is_it)
    }

    /// Why the row that is being added can have no such value at this position.
    pub(super) fn why_unfit(&self, position: usize) -> String {
        match self.columns.get(position) {
            None => format!("there is no column {position}; the table has {}", self.columns.len()),
            Some(Column { field, values, .. }) if values.len() > self.rows => {
                format!("column {} has a value already", field.name())
            }
            Some(Column { field, .. }) => {
                let (name, data_type) = (field.name(), field.data_type());
                format!(
                    "the value for column {name} is none of its type ({data_type}), or of one that only `write` takes"
                )
            }
        }
    }

    /// Ends a row of which so many values were added; the others are null.
    pub(super) fn end_row(&mut self, values: usize) -> Result<(), Unfit> {
        if values < self.columns.len() {
            let rows = self.rows;
            self.columns.iter_mut().filter(|column| column.values.len() == rows).try_for_each(Column::null)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Takes back what was added of a row that was not ended.
    pub(super) fn take_back(&mut self) {
        let rows = self.rows;
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }

    /// The rows as a batch.
    pub(super) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let arrays = self.columns.into_iter().map(Column::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(self.schema, arrays, &options)
    }
}

impl Column {
    pub(super) fn null(&mut self) -> Result<(), Unfit> {
        if !self.field.is_nullable() {
            return Err(Unfit);
        }
        if self.valid.is_empty() {
            self.valid.resize(self.values.len(), true);
        }
        self.values.push_nothing();
        self.valid.push(false);
        Ok(())
    }

    pub(super) fn bool(&mut self, value: bool) -> Result<(), Unfit> {
        let Values::Bits(bits) = &mut self.values else { return Err(Unfit) };
        bits.push(value);
        self.note_valid();
        Ok(())
    }

    /// A whole number, where the column has such or counts time.
    pub(super) fn integer(&mut self, value: i64) -> Result<(), Unfit> {
        match &mut self.values {
            Values::Int64(values) => values.push(value),
            Values::Int32(values) => values.push(value.try_into().map_err(|_| Unfit)?),
            Values::Int16(values) => values.push(value.try_into().map_err(|_| Unfit)?),
            Values::Int8(values) => values.push(value.try_into().map_err(|_| Unfit)?),
            _ => return Err(Unfit),
        }
        self.note_valid();
        Ok(())
    }

    pub(super) fn float(&mut self, value: f32) -> Result<(), Unfit> {
        let Values::Float32(values) = &mut self.values else { return Err(Unfit) };
        values.push(value);
        self.note_valid();
        Ok(())
    }

    pub(super) fn double(&mut self, value: f64) -> Result<(), Unfit> {
        let Values::Float64(values) = &mut self.values else { return Err(Unfit) };
        values.push(value);
        self.note_valid();
        Ok(())
    }

    pub(super) fn text(&mut self, value: &str) -> Result<(), Unfit> {
        let Values::Text(text, ends) = &mut self.values else { return Err(Unfit) };
        if text.len() + value.len() > MOST_BYTES {
            return Err(Unfit);
        }
        text.push_str(value);
        ends.push(text.len() as i32);
        self.note_valid();
        Ok(())
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> Result<(), Unfit> {
        match &mut self.values {
            Values::Bytes(bytes, ends) if bytes.len() + value.len() <= MOST_BYTES => {
                bytes.extend_from_slice(value);
                ends.push(bytes.len() as i32);
            }
            Values::Fixed(width, bytes, rows) if *width == value.len() => {
                bytes.extend_from_slice(value);
                *rows += 1;
            }
            _ => return Err(Unfit),
        }
        self.note_valid();
        Ok(())
    }

    fn note_valid(&mut self) {
        if !self.valid.is_empty() {
            self.valid.push(true);
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.valid.truncate(rows);
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        let Self { field, values, valid } = self;
        let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
        let offsets =
            |ends: Vec<i32>| OffsetBuffer::new(ScalarBuffer::from(std::iter::once(0).chain(ends).collect::<Vec<_>>()));
        let array: ArrayRef = match values {
            Values::Bits(bits) => Arc::new(BooleanArray::new(bits.into(), nulls)),
            Values::Int8(values) => Arc::new(Int8Array::try_new(values.into(), nulls)?),
            Values::Int16(values) => Arc::new(Int16Array::try_new(values.into(), nulls)?),
            Values::Int32(values) => Arc::new(Int32Array::try_new(values.into(), nulls)?),
            Values::Int64(values) => Arc::new(Int64Array::try_new(values.into(), nulls)?),
            Values::Float32(values) => Arc::new(Float32Array::try_new(values.into(), nulls)?),
            Values::Float64(values) => Arc::new(Float64Array::try_new(values.into(), nulls)?),
            Values::Text(text, ends) => {
                Arc::new(StringArray::try_new(offsets(ends), Buffer::from_vec(text.into_bytes()), nulls)?)
            }
            Values::Bytes(bytes, ends) => {
                Arc::new(BinaryArray::try_new(offsets(ends), Buffer::from_vec(bytes), nulls)?)
            }
            Values::Fixed(width, bytes, _) => {
                let width = i32::try_from(width).unwrap_or(i32::MAX);
                Arc::new(FixedSizeBinaryArray::try_new(width, Buffer::from_vec(bytes), nulls)?)
            }
            Values::Nulls(rows) => new_null_array(field.data_type(), rows),
        };
        // Counts of days and of a timestamp's units are numbers.
        if array.data_type() == field.data_type() { Ok(array) } else { cast(&array, field.data_type()) }
    }
}

impl Values {
    fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type {
            DataType::Boolean => Self::Bits(Vec::with_capacity(rows)),
            DataType::Int8 => Self::Int8(Vec::with_capacity(rows)),
            DataType::Int16 => Self::Int16(Vec::with_capacity(rows)),
            DataType::Int32 | DataType::Date32 => Self::Int32(Vec::with_capacity(rows)),
            DataType::Int64 | DataType::Timestamp(..) => Self::Int64(Vec::with_capacity(rows)),
            DataType::Float32 => Self::Float32(Vec::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Vec::with_capacity(rows)),
            DataType::Utf8 => Self::Text(String::new(), Vec::with_capacity(rows)),
            DataType::Binary => Self::Bytes(Vec::new(), Vec::with_capacity(rows)),
            DataType::FixedSizeBinary(width) => Self::Fixed(usize::try_from(*width).unwrap_or(0), Vec::new(), 0),
            _ => Self::Nulls(0),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bits(values) => values.len(),
            Self::Int8(values) => values.len(),
            Self::Int16(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Int64(values) => values.len(),
            Self::Float32(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Text(_, ends) | Self::Bytes(_, ends) => ends.len(),
            Self::Fixed(.., rows) | Self::Nulls(rows) => *rows,
        }
    }

    /// Something in the place of a null.
    fn push_nothing(&mut self) {
        match self {
            Self::Bits(values) => values.push(false),
            Self::Int8(values) => values.push(0),
            Self::Int16(values) => values.push(0),
            Self::Int32(values) => values.push(0),
            Self::Int64(values) => values.push(0),
            Self::Float32(values) => values.push(0.0),
            Self::Float64(values) => values.push(0.0),
            Self::Text(_, ends) | Self::Bytes(_, ends) => ends.push(ends.last().copied().unwrap_or(0)),
            Self::Fixed(width, bytes, rows) => {
                *rows += 1;
                bytes.resize(*width * *rows, 0);
            }
            Self::Nulls(rows) => *rows += 1,
        }
    }

    fn truncate(&mut self, rows: usize) {
        let end = |ends: &mut Vec<i32>| {
            ends.truncate(rows);
            ends.last().map_or(0, |end| *end as usize)
        };
        match self {
            Self::Bits(values) => values.truncate(rows),
            Self::Int8(values) => values.truncate(rows),
            Self::Int16(values) => values.truncate(rows),
            Self::Int32(values) => values.truncate(rows),
            Self::Int64(values) => values.truncate(rows),
            Self::Float32(values) => values.truncate(rows),
            Self::Float64(values) => values.truncate(rows),
            Self::Text(text, ends) => text.truncate(end(ends)),
            Self::Bytes(bytes, ends) => bytes.truncate(end(ends)),
            Self::Fixed(width, bytes, count) => {
                *count = rows.min(*count);
                bytes.truncate(*width * *count);
            }
            Self::Nulls(count) => *count = rows.min(*count),
        }
    }
}
