//! Arrow arrays as flat columns. Buffers are shared, not copied; only a bitmap that does not begin at a byte, and
//! offsets that do not begin at 0, are written anew.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch, types};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};
use thalweg_wire::column::{Batch, Column, Values};

use super::LayoutError;

/// Rows ready to be lent as columns: every buffer begins at row 0.
#[derive(Debug, Clone)]
pub struct Flattened {
    rows: usize,
    columns: Vec<Flat>,
}

/// One field's buffers.
#[derive(Debug, Clone)]
struct Flat {
    validity: Option<Buffer>,
    values: FlatValues,
}

#[derive(Debug, Clone)]
enum FlatValues {
    Bits(Buffer),
    Int8(ScalarBuffer<i8>),
    Int16(ScalarBuffer<i16>),
    Int32(ScalarBuffer<i32>),
    Int64(ScalarBuffer<i64>),
    Float32(ScalarBuffer<f32>),
    Float64(ScalarBuffer<f64>),
    Fixed(Buffer),
    Spans(ScalarBuffer<i32>, Buffer),
    Offsets(ScalarBuffer<i32>),
    None,
}

impl Flattened {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, borrowed.
    pub fn batch(&self) -> Batch<'_> {
        Batch { rows: self.rows, columns: self.columns.iter().map(Flat::column).collect() }
    }

    /// What the columns hold, in bytes.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Flat::bytes).sum()
    }
}

impl Flat {
    fn column(&self) -> Column<'_> {
        let values = match &self.values {
            FlatValues::Bits(bits) => Values::Bits(bits),
            FlatValues::Int8(values) => Values::Int8(values),
            FlatValues::Int16(values) => Values::Int16(values),
            FlatValues::Int32(values) => Values::Int32(values),
            FlatValues::Int64(values) => Values::Int64(values),
            FlatValues::Float32(values) => Values::Float32(values),
            FlatValues::Float64(values) => Values::Float64(values),
            FlatValues::Fixed(bytes) => Values::Fixed(bytes),
            FlatValues::Spans(offsets, bytes) => Values::Spans { offsets, bytes },
            FlatValues::Offsets(offsets) => Values::Offsets(offsets),
            FlatValues::None => Values::None,
        };
        Column { validity: self.validity.as_deref(), values }
    }

    fn bytes(&self) -> usize {
        let values = match &self.values {
            FlatValues::Bits(bytes) | FlatValues::Fixed(bytes) => bytes.len(),
            FlatValues::Int8(values) => values.inner().len(),
            FlatValues::Int16(values) => values.inner().len(),
            FlatValues::Int32(values) | FlatValues::Offsets(values) => values.inner().len(),
            FlatValues::Int64(values) => values.inner().len(),
            FlatValues::Float32(values) => values.inner().len(),
            FlatValues::Float64(values) => values.inner().len(),
            FlatValues::Spans(offsets, bytes) => offsets.inner().len() + bytes.len(),
            FlatValues::None => 0,
        };
        values + self.validity.as_ref().map_or(0, Buffer::len)
    }
}

/// Flattens every column of a batch, depth first.
///
/// # Errors
/// On a type that no table has (`columns::fit` makes a batch fit a table).
pub fn flatten(batch: &RecordBatch) -> Result<Flattened, LayoutError> {
    flatten_arrays(batch.num_rows(), batch.columns())
}

/// Flattens some columns, each `rows` long, depth first.
///
/// # Errors
/// As `flatten`; also on a column of another length.
pub fn flatten_arrays<'a>(
    rows: usize,
    arrays: impl IntoIterator<Item = &'a ArrayRef>,
) -> Result<Flattened, LayoutError> {
    let mut columns = Vec::new();
    for array in arrays {
        if array.len() != rows {
            return Err(LayoutError::Length { expected: rows, found: array.len() });
        }
        push(array, &mut columns)?;
    }
    Ok(Flattened { rows, columns })
}

fn push(array: &ArrayRef, columns: &mut Vec<Flat>) -> Result<(), LayoutError> {
    let validity = validity(array.nulls());
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (offsets, begin, length) = rebased(list.offsets());
            columns.push(Flat { validity, values: FlatValues::Offsets(offsets) });
            push(&list.values().slice(begin, length), columns)
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (offsets, begin, length) = rebased(map.offsets());
            columns.push(Flat { validity, values: FlatValues::Offsets(offsets) });
            push(&map.keys().slice(begin, length), columns)?;
            push(&map.values().slice(begin, length), columns)
        }
        DataType::Struct(_) => {
            columns.push(Flat { validity, values: FlatValues::None });
            array.as_struct().columns().iter().try_for_each(|child| push(child, columns))
        }
        _ => {
            columns.push(Flat { validity, values: leaf(array)? });
            Ok(())
        }
    }
}

/// The values of an array without children.
fn leaf(array: &ArrayRef) -> Result<FlatValues, LayoutError> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    Ok(match array.data_type() {
        DataType::Boolean => FlatValues::Bits(bits(array.as_boolean().values())),
        DataType::Int8 => FlatValues::Int8(values::<types::Int8Type>(array)),
        DataType::Int16 => FlatValues::Int16(values::<types::Int16Type>(array)),
        DataType::Int32 => FlatValues::Int32(values::<types::Int32Type>(array)),
        DataType::Int64 => FlatValues::Int64(values::<types::Int64Type>(array)),
        DataType::Float32 => FlatValues::Float32(values::<types::Float32Type>(array)),
        DataType::Float64 => FlatValues::Float64(values::<types::Float64Type>(array)),
        DataType::Decimal128(..) => FlatValues::Fixed(values::<types::Decimal128Type>(array).into_inner()),
        DataType::Date32 => FlatValues::Int32(values::<types::Date32Type>(array)),
        DataType::Time32(Second) => FlatValues::Int32(values::<types::Time32SecondType>(array)),
        DataType::Time32(Millisecond) => FlatValues::Int32(values::<types::Time32MillisecondType>(array)),
        DataType::Time64(Microsecond) => FlatValues::Int64(values::<types::Time64MicrosecondType>(array)),
        DataType::Time64(Nanosecond) => FlatValues::Int64(values::<types::Time64NanosecondType>(array)),
        DataType::Timestamp(Second, _) => FlatValues::Int64(values::<types::TimestampSecondType>(array)),
        DataType::Timestamp(Millisecond, _) => FlatValues::Int64(values::<types::TimestampMillisecondType>(array)),
        DataType::Timestamp(Microsecond, _) => FlatValues::Int64(values::<types::TimestampMicrosecondType>(array)),
        DataType::Timestamp(Nanosecond, _) => FlatValues::Int64(values::<types::TimestampNanosecondType>(array)),
        DataType::FixedSizeBinary(width) => {
            let width = usize::try_from(*width).unwrap_or(0);
            // `values` of a sliced array begins at its first row.
            FlatValues::Fixed(array.as_fixed_size_binary().values().slice_with_length(0, array.len() * width))
        }
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            spans(array.offsets(), array.values())
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            spans(array.offsets(), array.values())
        }
        other => return Err(LayoutError::UnsupportedType(other.to_string())),
    })
}

fn values<T: ArrowPrimitiveType>(array: &ArrayRef) -> ScalarBuffer<T::Native> {
    array.as_primitive::<T>().values().clone()
}

fn spans(offsets: &OffsetBuffer<i32>, bytes: &Buffer) -> FlatValues {
    let (offsets, begin, length) = rebased(offsets);
    FlatValues::Spans(offsets, bytes.slice_with_length(begin, length))
}

/// Offsets that begin at 0, and the range of the values that they are of.
fn rebased(offsets: &OffsetBuffer<i32>) -> (ScalarBuffer<i32>, usize, usize) {
    let (first, last) = (offsets.first(), offsets.last());
    let rebased = match first {
        0 => offsets.inner().clone(),
        _ => offsets.iter().map(|offset| offset - first).collect(),
    };
    // Arrow keeps offsets rising from 0 or more.
    (rebased, first as usize, (last - first) as usize)
}

fn validity(nulls: Option<&NullBuffer>) -> Option<Buffer> {
    nulls.filter(|nulls| nulls.null_count() > 0).map(|nulls| bits(nulls.inner()))
}

/// A bitmap that begins at the first bit of its first byte.
fn bits(bitmap: &BooleanBuffer) -> Buffer {
    match bitmap.offset() % 8 {
        0 => bitmap.inner().slice_with_length(bitmap.offset() / 8, bitmap.len().div_ceil(8)),
        _ => bitmap.sliced(),
    }
}
