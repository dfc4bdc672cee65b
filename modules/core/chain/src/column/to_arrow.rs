//! Columns that a module wrote, as Arrow arrays. Nothing they say is believed: lengths, offsets, bitmaps and UTF-8 are
//! checked before an array exists.

use std::sync::Arc;

use arrow_array::types::{self, ArrowPrimitiveType};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray, MapArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, FieldRef, Fields, SchemaRef, TimeUnit};

use super::{LayoutError, OwnedColumn, OwnedValues};

/// The array of a type that the next columns give, children included. Vectors of numbers become the array's buffers
/// without a copy.
///
/// Whether a null may stand where one does is not asked at the top level: what is not selected may hold anything.
///
/// # Errors
/// When a column is missing, is of another kind than the type asks for, or breaks a rule of the layout.
pub fn to_arrow(
    data_type: &DataType,
    rows: usize,
    columns: &mut impl Iterator<Item = OwnedColumn>,
) -> Result<ArrayRef, LayoutError> {
    let OwnedColumn { validity, values } = columns.next().ok_or(LayoutError::Missing)?;
    let nulls = validity.map(|bits| bitmap(bits, rows).map(NullBuffer::new)).transpose()?;
    match (data_type, values) {
        (DataType::List(field), OwnedValues::Offsets(offsets)) => {
            let offsets = checked_offsets(offsets, rows, None)?;
            let child = to_arrow(field.data_type(), entries(&offsets), columns)?;
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, child, nulls)?))
        }
        (DataType::Map(field, ordered), OwnedValues::Offsets(offsets)) => {
            let offsets = checked_offsets(offsets, rows, None)?;
            let DataType::Struct(fields) = field.data_type() else {
                return Err(LayoutError::UnsupportedType(data_type.to_string()));
            };
            let entries = structure(fields, entries(&offsets), columns, None)?;
            Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, *ordered)?))
        }
        (DataType::Struct(fields), OwnedValues::None) => Ok(Arc::new(structure(fields, rows, columns, nulls)?)),
        (_, values) => leaf(data_type, rows, values, nulls),
    }
}

/// Rows of the columns of a schema, children included. Numbers become the batch's without a copy.
///
/// # Errors
/// As `to_arrow`; also on columns that are too many, and on a null in a column that has none.
pub fn rows_to_arrow(schema: &SchemaRef, rows: usize, columns: Vec<OwnedColumn>) -> Result<RecordBatch, LayoutError> {
    let mut columns = columns.into_iter();
    let array = |field: &FieldRef| {
        to_arrow(field.data_type(), rows, &mut columns)
            .map_err(|error| LayoutError::Column { name: field.name().clone(), error: Box::new(error) })
    };
    let arrays = schema.fields().iter().map(array).collect::<Result<_, _>>()?;
    if columns.next().is_some() {
        return Err(LayoutError::TooMany);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

/// A bitmap of at least `rows` bits.
///
/// # Errors
/// When it is shorter.
pub fn bitmap(bits: Vec<u8>, rows: usize) -> Result<BooleanBuffer, LayoutError> {
    let expected = rows.div_ceil(8);
    if bits.len() < expected {
        return Err(LayoutError::Bitmap { expected, found: bits.len() });
    }
    Ok(BooleanBuffer::new(Buffer::from_vec(bits), 0, rows))
}

fn structure(
    fields: &Fields,
    rows: usize,
    columns: &mut impl Iterator<Item = OwnedColumn>,
    nulls: Option<NullBuffer>,
) -> Result<StructArray, LayoutError> {
    // Erased, or the recursion of `to_arrow` would make an iterator type without end.
    let columns: &mut dyn Iterator<Item = OwnedColumn> = columns;
    let mut next = |field: &FieldRef| to_arrow(field.data_type(), rows, &mut &mut *columns);
    let children = fields.iter().map(&mut next).collect::<Result<Vec<_>, _>>()?;
    Ok(StructArray::try_new_with_length(fields.clone(), children, nulls, rows)?)
}

fn leaf(
    data_type: &DataType,
    rows: usize,
    values: OwnedValues,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, LayoutError> {
    Ok(match (data_type, values) {
        (DataType::Boolean, OwnedValues::Bits(bits)) => Arc::new(BooleanArray::new(bitmap(bits, rows)?, nulls)),
        (DataType::Utf8, OwnedValues::Spans(offsets, bytes)) => {
            let offsets = checked_offsets(offsets, rows, Some(bytes.len()))?;
            Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)?)
        }
        (DataType::Binary, OwnedValues::Spans(offsets, bytes)) => {
            let offsets = checked_offsets(offsets, rows, Some(bytes.len()))?;
            Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(bytes), nulls)?)
        }
        (DataType::FixedSizeBinary(width), OwnedValues::Fixed(bytes)) => {
            let expected = usize::try_from(*width).ok().and_then(|width| width.checked_mul(rows));
            check_length(expected.ok_or(LayoutError::TooLarge)?, bytes.len())?;
            let bytes = Buffer::from_vec(bytes);
            Arc::new(FixedSizeBinaryArray::try_new_with_len(*width, bytes, nulls, rows)?)
        }
        (DataType::Decimal128(precision, scale), OwnedValues::Fixed(bytes)) => {
            check_length(rows.checked_mul(16).ok_or(LayoutError::TooLarge)?, bytes.len())?;
            // Copied: what a module gives need not be aligned to 16 bytes.
            let buffer = Buffer::from_slice_ref(&bytes);
            let array = PrimitiveArray::<types::Decimal128Type>::try_new(ScalarBuffer::new(buffer, 0, rows), nulls)?;
            Arc::new(array.with_precision_and_scale(*precision, *scale)?)
        }
        (_, OwnedValues::Int8(values)) if *data_type == DataType::Int8 => {
            numbers::<types::Int8Type>(data_type, rows, values, nulls)?
        }
        (_, OwnedValues::Int16(values)) if *data_type == DataType::Int16 => {
            numbers::<types::Int16Type>(data_type, rows, values, nulls)?
        }
        (_, OwnedValues::Int32(values)) => int32(data_type, rows, values, nulls)?,
        (_, OwnedValues::Int64(values)) => int64(data_type, rows, values, nulls)?,
        (DataType::Float32, OwnedValues::Float32(values)) => {
            numbers::<types::Float32Type>(data_type, rows, values, nulls)?
        }
        (DataType::Float64, OwnedValues::Float64(values)) => {
            numbers::<types::Float64Type>(data_type, rows, values, nulls)?
        }
        (_, values) => return Err(wrong_kind(data_type, &values)),
    })
}

fn int32(
    data_type: &DataType,
    rows: usize,
    values: Vec<i32>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, LayoutError> {
    match data_type {
        DataType::Int32 => numbers::<types::Int32Type>(data_type, rows, values, nulls),
        DataType::Date32 => numbers::<types::Date32Type>(data_type, rows, values, nulls),
        DataType::Time32(TimeUnit::Second) => numbers::<types::Time32SecondType>(data_type, rows, values, nulls),
        DataType::Time32(TimeUnit::Millisecond) => {
            numbers::<types::Time32MillisecondType>(data_type, rows, values, nulls)
        }
        _ => Err(wrong_kind(data_type, &OwnedValues::Int32(values))),
    }
}

fn int64(
    data_type: &DataType,
    rows: usize,
    values: Vec<i64>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, LayoutError> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    match data_type {
        DataType::Int64 => numbers::<types::Int64Type>(data_type, rows, values, nulls),
        DataType::Time64(Microsecond) => numbers::<types::Time64MicrosecondType>(data_type, rows, values, nulls),
        DataType::Time64(Nanosecond) => numbers::<types::Time64NanosecondType>(data_type, rows, values, nulls),
        DataType::Timestamp(Second, _) => numbers::<types::TimestampSecondType>(data_type, rows, values, nulls),
        DataType::Timestamp(Millisecond, _) => {
            numbers::<types::TimestampMillisecondType>(data_type, rows, values, nulls)
        }
        DataType::Timestamp(Microsecond, _) => {
            numbers::<types::TimestampMicrosecondType>(data_type, rows, values, nulls)
        }
        DataType::Timestamp(Nanosecond, _) => numbers::<types::TimestampNanosecondType>(data_type, rows, values, nulls),
        _ => Err(wrong_kind(data_type, &OwnedValues::Int64(values))),
    }
}

fn numbers<T: ArrowPrimitiveType>(
    data_type: &DataType,
    rows: usize,
    values: Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, LayoutError> {
    check_length(rows, values.len())?;
    let array = PrimitiveArray::<T>::try_new(ScalarBuffer::from(values), nulls)?;
    // Sets the zone of a timestamp; the type is of `T`'s kind by the match that chose `T`.
    Ok(Arc::new(array.with_data_type(data_type.clone())))
}

/// Offsets that begin at 0, never fall, and end at `end` where it is known.
fn checked_offsets(offsets: Vec<i32>, rows: usize, end: Option<usize>) -> Result<OffsetBuffer<i32>, LayoutError> {
    if rows == 0 && offsets.is_empty() {
        return match end {
            None | Some(0) => Ok(OffsetBuffer::new_empty()),
            Some(_) => Err(LayoutError::Offsets),
        };
    }
    check_length(rows.checked_add(1).ok_or(LayoutError::TooLarge)?, offsets.len())?;
    let last = offsets.last().and_then(|&last| usize::try_from(last).ok());
    let rising = offsets.first() == Some(&0) && offsets.is_sorted();
    match (last, end) {
        (Some(last), Some(end)) if rising && last == end => {}
        (Some(_), None) if rising => {}
        _ => return Err(LayoutError::Offsets),
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

/// The row count of the children.
fn entries(offsets: &OffsetBuffer<i32>) -> usize {
    usize::try_from(offsets.last()).unwrap_or(0)
}

fn check_length(expected: usize, found: usize) -> Result<(), LayoutError> {
    if expected == found { Ok(()) } else { Err(LayoutError::Length { expected, found }) }
}

fn wrong_kind(data_type: &DataType, values: &OwnedValues) -> LayoutError {
    let found = match values {
        OwnedValues::Bits(_) => "bits",
        OwnedValues::Int8(_) => "int8",
        OwnedValues::Int16(_) => "int16",
        OwnedValues::Int32(_) => "int32",
        OwnedValues::Int64(_) => "int64",
        OwnedValues::Float32(_) => "float32",
        OwnedValues::Float64(_) => "float64",
        OwnedValues::Fixed(_) => "fixed",
        OwnedValues::Spans(..) => "spans",
        OwnedValues::Offsets(_) => "offsets",
        OwnedValues::None => "none",
    };
    LayoutError::Kind { data_type: data_type.to_string(), found }
}
