//! Random Arrow batches of every Fluss type, and their columns as the crate takes them.

pub(crate) mod read;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray, MapArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType as ArrowType, Field as ArrowField, Fields, TimeUnit};
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::table::{ArrowColumn as _, ColumnType, DataType, Field};

/// A column type whose values may be null or not.
pub(crate) fn of(data_type: DataType, nullable: bool) -> ColumnType {
    ColumnType { data_type, nullable }
}

/// Every type at least once, each nullable and not, with nested ones in each other.
pub(crate) fn every_type() -> Vec<ColumnType> {
    let field = |name: &str, column_type| Field { id: None, name: name.into(), column_type, description: None };
    let row = DataType::Row(vec![
        field("a", of(DataType::SmallInt, false)),
        field("b", of(DataType::Map(of(DataType::Int, false).into(), of(DataType::String, true).into()), true)),
    ]);
    let types = [
        DataType::Boolean,
        DataType::TinyInt,
        DataType::SmallInt,
        DataType::Int,
        DataType::BigInt,
        DataType::Float,
        DataType::Double,
        DataType::Decimal { precision: 10, scale: 2 },
        DataType::Decimal { precision: 38, scale: 10 },
        DataType::Char(24),
        DataType::String,
        DataType::Binary(3),
        DataType::Bytes,
        DataType::Date,
        DataType::Time(0),
        DataType::Time(3),
        DataType::Time(6),
        DataType::Time(9),
        DataType::Timestamp(0),
        DataType::Timestamp(3),
        DataType::Timestamp(6),
        DataType::Timestamp(9),
        DataType::TimestampLtz(3),
        DataType::TimestampLtz(9),
        DataType::Array(of(DataType::Boolean, true).into()),
        DataType::Array(of(DataType::Array(of(DataType::String, false).into()), true).into()),
        DataType::Map(of(DataType::String, false).into(), of(row.clone(), true).into()),
        DataType::Array(of(row.clone(), true).into()),
        row,
    ];
    types.into_iter().flat_map(|data_type| [of(data_type.clone(), true), of(data_type, false)]).collect()
}

/// The schema of these columns, named `c0`, `c1` and so on.
pub(crate) fn schema(types: &[ColumnType]) -> arrow_schema::SchemaRef {
    let fields = types.iter().enumerate().map(|(at, column_type)| column_type.to_arrow(&format!("c{at}")));
    Arc::new(arrow_schema::Schema::new(fields.collect::<Fields>()))
}

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// A source of numbers that a seed decides.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number less than `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }
}

/// Rows with random values.
pub(crate) fn random_batch(schema: &arrow_schema::SchemaRef, rows: usize, random: &mut Random) -> RecordBatch {
    let columns = schema.fields().iter().map(|field| random_array(field, rows, random)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).expect("arrays of the schema")
}

fn random_array(field: &ArrowField, rows: usize, random: &mut Random) -> ArrayRef {
    let nulls = (field.is_nullable() && random.below(4) > 0)
        .then(|| NullBuffer::from_iter((0..rows).map(|_| random.below(3) > 0)));
    match field.data_type() {
        ArrowType::Boolean => {
            let values = (0..rows).map(|_| random.below(2) > 0).collect();
            Arc::new(BooleanArray::new(values, nulls))
        }
        ArrowType::Int8 => numbers::<Int8Type>(rows, nulls, random, |n| n as i8),
        ArrowType::Int16 => numbers::<Int16Type>(rows, nulls, random, |n| n as i16),
        ArrowType::Int32 => numbers::<Int32Type>(rows, nulls, random, |n| n as i32),
        ArrowType::Int64 => numbers::<Int64Type>(rows, nulls, random, |n| n as i64),
        ArrowType::Float32 => numbers::<Float32Type>(rows, nulls, random, |n| n as i32 as f32),
        ArrowType::Float64 => numbers::<Float64Type>(rows, nulls, random, |n| n as i64 as f64),
        ArrowType::Date32 | ArrowType::Time32(_) | ArrowType::Time64(_) => {
            times(field.data_type(), rows, nulls, random)
        }
        ArrowType::Timestamp(..) => timestamps(field.data_type(), rows, nulls, random),
        ArrowType::Decimal128(precision, scale) => {
            let values = (0..rows).map(|_| i128::from(random.number() as i32)).collect();
            let array = PrimitiveArray::<Decimal128Type>::new(values, nulls);
            Arc::new(array.with_precision_and_scale(*precision, *scale).expect("small decimals"))
        }
        ArrowType::FixedSizeBinary(width) => {
            let bytes: Vec<u8> = (0..rows * *width as usize).map(|_| random.number() as u8).collect();
            Arc::new(FixedSizeBinaryArray::new(*width, bytes.into(), nulls))
        }
        ArrowType::Utf8 => {
            let texts: Vec<String> =
                (0..rows).map(|_| "aé中😀 ".chars().cycle().take(random.below(7)).collect()).collect();
            Arc::new(StringArray::new(
                OffsetBuffer::from_lengths(texts.iter().map(String::len)),
                texts.concat().into_bytes().into(),
                nulls,
            ))
        }
        ArrowType::Binary => {
            let (offsets, length) = lengths(rows, random);
            let bytes: Vec<u8> = (0..length).map(|_| random.number() as u8).collect();
            Arc::new(BinaryArray::new(offsets, bytes.into(), nulls))
        }
        ArrowType::List(element) => {
            let (offsets, length) = lengths(rows, random);
            Arc::new(ListArray::new(element.clone(), offsets, random_array(element, length, random), nulls))
        }
        ArrowType::Map(entries, sorted) => {
            let (offsets, length) = lengths(rows, random);
            let inside = random_array(entries, length, random).as_struct().clone();
            Arc::new(MapArray::new(entries.clone(), offsets, inside, nulls, *sorted))
        }
        ArrowType::Struct(fields) => {
            let children = fields.iter().map(|field| random_array(field, rows, random)).collect();
            Arc::new(StructArray::try_new_with_length(fields.clone(), children, nulls, rows).expect("fitting children"))
        }
        other => panic!("Fluss has no {other}"),
    }
}

fn times(arrow: &ArrowType, rows: usize, nulls: Option<NullBuffer>, random: &mut Random) -> ArrayRef {
    match arrow {
        ArrowType::Date32 => numbers::<Date32Type>(rows, nulls, random, |n| n as i32),
        // Whole milliseconds of a day: all that a row can say.
        ArrowType::Time32(TimeUnit::Second) => {
            numbers::<Time32SecondType>(rows, nulls, random, |n| (n % DAY / 1_000) as i32)
        }
        ArrowType::Time32(_) => numbers::<Time32MillisecondType>(rows, nulls, random, |n| (n % DAY) as i32),
        ArrowType::Time64(TimeUnit::Microsecond) => {
            numbers::<Time64MicrosecondType>(rows, nulls, random, |n| (n % DAY * 1_000) as i64)
        }
        ArrowType::Time64(_) => numbers::<Time64NanosecondType>(rows, nulls, random, |n| (n % DAY * 1_000_000) as i64),
        other => panic!("{other} is no time"),
    }
}

fn timestamps(arrow: &ArrowType, rows: usize, nulls: Option<NullBuffer>, random: &mut Random) -> ArrayRef {
    let ArrowType::Timestamp(unit, zone) = arrow else { panic!("{arrow} is no timestamp") };
    // Milliseconds are all that a row can say of seconds.
    let most = if *unit == TimeUnit::Second { 1_000 } else { 1 };
    let values = (0..rows).map(|_| random.number() as i64 / most).collect::<ScalarBuffer<i64>>();
    let zone = zone.clone();
    match unit {
        TimeUnit::Second => Arc::new(TimestampSecondArray::new(values, nulls).with_timezone_opt(zone)),
        TimeUnit::Millisecond => Arc::new(TimestampMillisecondArray::new(values, nulls).with_timezone_opt(zone)),
        TimeUnit::Microsecond => Arc::new(TimestampMicrosecondArray::new(values, nulls).with_timezone_opt(zone)),
        TimeUnit::Nanosecond => Arc::new(TimestampNanosecondArray::new(values, nulls).with_timezone_opt(zone)),
    }
}

fn numbers<T: ArrowPrimitiveType>(
    rows: usize,
    nulls: Option<NullBuffer>,
    random: &mut Random,
    number: impl Fn(u64) -> T::Native,
) -> ArrayRef {
    let values: Vec<T::Native> = (0..rows).map(|_| number(random.number())).collect();
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls))
}

fn lengths(rows: usize, random: &mut Random) -> (OffsetBuffer<i32>, usize) {
    let lengths: Vec<usize> = (0..rows).map(|_| random.below(4)).collect();
    let total = lengths.iter().sum();
    (OffsetBuffer::from_lengths(lengths), total)
}

/// The columns of an Arrow batch, borrowed.
pub(crate) fn borrow(batch: &RecordBatch) -> Batch<'_> {
    let mut columns = Vec::new();
    for column in batch.columns() {
        add(column.as_ref(), &mut columns);
    }
    Batch { rows: batch.num_rows(), columns }
}

fn add<'a>(array: &'a dyn Array, out: &mut Vec<Column<'a>>) {
    let validity = array.nulls().map(|nulls| nulls.validity());
    let at = out.len();
    out.push(Column { validity, values: Values::None });
    let values = match array.data_type() {
        ArrowType::Boolean => Values::Bits(array.as_boolean().values().values()),
        ArrowType::Int8 => Values::Int8(array.as_primitive::<Int8Type>().values()),
        ArrowType::Int16 => Values::Int16(array.as_primitive::<Int16Type>().values()),
        ArrowType::Int32 => Values::Int32(array.as_primitive::<Int32Type>().values()),
        ArrowType::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
        ArrowType::Float32 => Values::Float32(array.as_primitive::<Float32Type>().values()),
        ArrowType::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
        ArrowType::Date32 => Values::Int32(array.as_primitive::<Date32Type>().values()),
        ArrowType::Time32(TimeUnit::Second) => Values::Int32(array.as_primitive::<Time32SecondType>().values()),
        ArrowType::Time32(_) => Values::Int32(array.as_primitive::<Time32MillisecondType>().values()),
        ArrowType::Time64(TimeUnit::Microsecond) => {
            Values::Int64(array.as_primitive::<Time64MicrosecondType>().values())
        }
        ArrowType::Time64(_) => Values::Int64(array.as_primitive::<Time64NanosecondType>().values()),
        ArrowType::Timestamp(unit, _) => Values::Int64(match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
        }),
        ArrowType::Decimal128(..) => Values::Fixed(array.as_primitive::<Decimal128Type>().values().inner()),
        ArrowType::FixedSizeBinary(_) => Values::Fixed(array.as_fixed_size_binary().value_data()),
        ArrowType::Utf8 => {
            let array = array.as_string::<i32>();
            Values::Spans { offsets: array.value_offsets(), bytes: array.value_data() }
        }
        ArrowType::Binary => {
            let array = array.as_binary::<i32>();
            Values::Spans { offsets: array.value_offsets(), bytes: array.value_data() }
        }
        ArrowType::List(_) => {
            let array = array.as_list::<i32>();
            add(array.values().as_ref(), out);
            Values::Offsets(array.value_offsets())
        }
        ArrowType::Map(..) => {
            let array = array.as_map();
            add(array.keys().as_ref(), out);
            add(array.values().as_ref(), out);
            Values::Offsets(array.value_offsets())
        }
        ArrowType::Struct(_) => {
            array.as_struct().columns().iter().for_each(|child| add(child.as_ref(), out));
            Values::None
        }
        other => panic!("Fluss has no {other}"),
    };
    out[at].values = values;
}
