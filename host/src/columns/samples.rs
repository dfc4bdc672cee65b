//! Any rows of every type, for tests.

use std::sync::Arc;

use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::*;
use arrow_buffer::{NullBuffer, NullBufferBuilder, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use thalweg_wire::table::{ArrowColumn as _, ColumnType};

/// Chance from a seed.
pub(crate) fn chance(seed: &[u8; 32]) -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, seed)
}

/// Types that CSV holds as well.
pub(crate) const FLAT: &[&str] = &[
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL(5, 2)",
    "DECIMAL(18, 0)",
    "DECIMAL(38, 37)",
    "CHAR(3)",
    "STRING",
    "BINARY(3)",
    "BYTES",
    "DATE",
    "TIME(0)",
    "TIME(3)",
    "TIME(6)",
    "TIME(9)",
    "TIMESTAMP(0)",
    "TIMESTAMP(3)",
    "TIMESTAMP(6)",
    "TIMESTAMP(9)",
    "TIMESTAMP_LTZ(0)",
    "TIMESTAMP_LTZ(3)",
    "TIMESTAMP_LTZ(6)",
    "TIMESTAMP_LTZ(9)",
    "INT NOT NULL",
];

/// Nested types, each in a way of its own.
pub(crate) const NESTED: &[&str] = &[
    "ARRAY<INT>",
    "ARRAY<STRING NOT NULL> NOT NULL",
    "ARRAY<ARRAY<DECIMAL(20, 3)>>",
    "MAP<STRING, INT>",
    "MAP<INT, ARRAY<BYTES>>",
    "MAP<TIMESTAMP(3), BOOLEAN NOT NULL>",
    "MAP<BYTES, DOUBLE>",
    "MAP<DECIMAL(9, 4), DATE>",
    "MAP<BOOLEAN, INT>",
    "MAP<ROW<a INT, b STRING>, INT>",
    "ROW<a INT, b STRING NOT NULL, c TIMESTAMP_LTZ(6)>",
    "ROW<a ROW<b ROW<c ARRAY<MAP<STRING, ROW<d TIME(3)>>>>>>",
    "ARRAY<ROW<k STRING, v MAP<STRING, BIGINT>>> NOT NULL",
];

/// A schema with a column of each type.
pub(crate) fn schema(types: &[&str]) -> SchemaRef {
    let field = |(at, text): (usize, &&str)| {
        text.parse::<ColumnType>().unwrap_or_else(|e| panic!("{text}: {e}")).to_arrow(&format!("c{at}"))
    };
    Arc::new(Schema::new(types.iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// Any rows of a schema.
pub(crate) fn batch(schema: &SchemaRef, rows: usize, rng: &mut TestRng) -> RecordBatch {
    let columns = schema.fields().iter().map(|field| array(field, rows, rng)).collect();
    RecordBatch::try_new(schema.clone(), columns).expect("columns as the schema has them")
}

/// Any values of a field.
fn array(field: &Field, rows: usize, rng: &mut TestRng) -> ArrayRef {
    let nulls = field.is_nullable().then(|| nulls(rows, rng)).flatten();
    match field.data_type() {
        DataType::List(element) => {
            let offsets = offsets(rows, rng);
            let values = array(element, offsets.last() as usize, rng);
            Arc::new(ListArray::new(element.clone(), offsets, values, nulls))
        }
        DataType::Map(entries, sorted) => {
            let offsets = offsets(rows, rng);
            let DataType::Struct(fields) = entries.data_type() else { panic!("entries are a struct") };
            let length = offsets.last() as usize;
            let columns = fields.iter().map(|field| array(field, length, rng)).collect();
            let pairs = StructArray::new(fields.clone(), columns, None);
            Arc::new(MapArray::new(entries.clone(), offsets, pairs, nulls, *sorted))
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| array(field, rows, rng)).collect();
            Arc::new(StructArray::new(fields.clone(), columns, nulls))
        }
        leaf => with_nulls(&scalars(leaf, rows, rng), nulls),
    }
}

fn nulls(rows: usize, rng: &mut TestRng) -> Option<NullBuffer> {
    let mut nulls = NullBufferBuilder::new(rows);
    (0..rows).for_each(|_| nulls.append(!rng.next_u32().is_multiple_of(4)));
    nulls.finish()
}

fn offsets(rows: usize, rng: &mut TestRng) -> OffsetBuffer<i32> {
    OffsetBuffer::from_lengths((0..rows).map(|_| (rng.next_u32() % 4) as usize))
}

fn with_nulls(array: &ArrayRef, nulls: Option<NullBuffer>) -> ArrayRef {
    make_array(array.to_data().into_builder().nulls(nulls).build().expect("nulls of the same length"))
}

/// Any number from `-limit` to `limit`, often an end of that.
fn within(limit: i128, rng: &mut TestRng) -> i128 {
    let any = i128::from(rng.next_u64()) << 64 | i128::from(rng.next_u64());
    match rng.next_u32() % 6 {
        0 => limit,
        1 => -limit,
        2 => any % 10,
        _ => any % (limit + 1),
    }
}

fn scalars(data_type: &DataType, rows: usize, rng: &mut TestRng) -> ArrayRef {
    /// Seconds from 1970 to the end of the year 9999; those before lie as far back at most as the year 1.
    const LATEST: i128 = 253_402_300_799;
    const EARLIEST: i128 = -62_135_596_800;
    let whole = |limit: i128, rng: &mut TestRng| -> Vec<i64> {
        (0..rows).map(|_| i64::try_from(within(limit, rng)).expect("within 64 bits")).collect()
    };
    let cast_to = |values: Vec<i64>| cast(&Int64Array::from(values), data_type).expect("numbers that fit");
    match data_type {
        DataType::Boolean => {
            let mut bits = BooleanBufferBuilder::new(rows);
            (0..rows).for_each(|_| bits.append(rng.next_u32().is_multiple_of(2)));
            Arc::new(BooleanArray::new(bits.finish(), None))
        }
        DataType::Int8 => cast_to(whole(i8::MAX.into(), rng)),
        DataType::Int16 => cast_to(whole(i16::MAX.into(), rng)),
        DataType::Int32 => cast_to(whole(i32::MAX.into(), rng)),
        DataType::Int64 => cast_to(whole(i64::MAX.into(), rng)),
        DataType::Float32 => Arc::new(Float32Array::from_iter_values(
            (0..rows).map(|_| Some(f32::from_bits(rng.next_u32())).filter(|number| number.is_finite()).unwrap_or(-0.5)),
        )),
        DataType::Float64 => Arc::new(Float64Array::from_iter_values(
            (0..rows)
                .map(|_| Some(f64::from_bits(rng.next_u64())).filter(|number| number.is_finite()).unwrap_or(f64::MIN)),
        )),
        DataType::Decimal128(precision, _) => {
            let limit = 10_i128.pow(u32::from(*precision)) - 1;
            let values = Decimal128Array::from_iter_values((0..rows).map(|_| within(limit, rng)));
            Arc::new(values.with_data_type(data_type.clone()))
        }
        DataType::Utf8 => Arc::new(StringArray::from_iter_values((0..rows).map(|_| text(rng)))),
        DataType::Binary => Arc::new(BinaryArray::from_iter_values((0..rows).map(|_| text(rng)))),
        DataType::FixedSizeBinary(length) => {
            let values = (0..rows).map(|_| Some((0..*length).map(|_| rng.next_u32() as u8).collect::<Vec<_>>()));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, *length).expect("of this length"))
        }
        DataType::Date32 => cast(
            &Int32Array::from_iter_values(
                (0..rows).map(|_| (within(LATEST, rng).max(EARLIEST).div_euclid(86_400)) as i32),
            ),
            data_type,
        )
        .expect("days"),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let last = i128::from(86_400 * per_second(unit) - 1);
            let values: Vec<i64> = whole(last, rng).into_iter().map(i64::abs).collect();
            let values: ArrayRef = match data_type {
                DataType::Time32(_) => cast(&Int64Array::from(values), &DataType::Int32).expect("it fits"),
                _ => Arc::new(Int64Array::from(values)),
            };
            cast(&values, data_type).expect("times")
        }
        DataType::Timestamp(unit, _) => {
            let (scale, longest) = (i128::from(per_second(unit)), i128::from(i64::MAX));
            let values = (0..rows).map(|_| {
                let limit = (LATEST * scale).min(longest);
                i64::try_from(within(limit, rng).max(EARLIEST * scale)).expect("within 64 bits")
            });
            cast(&Int64Array::from_iter_values(values), data_type).expect("instants")
        }
        other => panic!("no values of {other}"),
    }
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn text(rng: &mut TestRng) -> String {
    let letters = ['a', '"', ',', '\n', '\r', '\\', 'ä', '𝄞', ' ', '\u{1}'];
    (0..rng.next_u32() % 6).map(|_| letters[rng.next_u32() as usize % letters.len()]).collect()
}
