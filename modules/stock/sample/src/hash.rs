//! The hash of a key, a column at a time.

use thalweg_module::{
    Batch, DataType, Date, Decimal, Error, Input, Plan, Schema, Time, Timestamp, TimestampLtz, Value,
};
use xxhash_rust::xxh64::xxh64;

/// Adds a column to the hashes of the rows.
pub(crate) type Step = Box<dyn Fn(&Batch, &mut [u64]) -> Result<(), Error>>;

/// The step for a column of this name.
pub(crate) fn step(plan: &mut Plan, schema: &Schema, name: &str) -> Result<Step, Error> {
    let (_, field) = schema.column(name)?;
    let whole = |value: i64, hash| xxh64(&value.to_le_bytes(), hash);
    let wide = |value: i128, hash| xxh64(&value.to_le_bytes(), hash);
    Ok(match &field.data_type {
        DataType::Boolean => each::<bool>(plan.read(name)?, move |value, hash| whole(value.into(), hash)),
        DataType::Tinyint => each::<i8>(plan.read(name)?, move |value, hash| whole(value.into(), hash)),
        DataType::Smallint => each::<i16>(plan.read(name)?, move |value, hash| whole(value.into(), hash)),
        DataType::Int => each::<i32>(plan.read(name)?, move |value, hash| whole(value.into(), hash)),
        DataType::Bigint => each::<i64>(plan.read(name)?, whole),
        DataType::Float => each::<f32>(plan.read(name)?, |value, hash| float(value.into(), hash)),
        DataType::Double => each::<f64>(plan.read(name)?, float),
        DataType::Decimal(_) => each::<Decimal>(plan.read(name)?, move |value, hash| wide(value.unscaled(), hash)),
        DataType::Date => each::<Date>(plan.read(name)?, move |value, hash| whole(value.days().into(), hash)),
        DataType::Time(_) => each::<Time>(plan.read(name)?, move |value, hash| wide(value.nanoseconds(), hash)),
        DataType::Timestamp(_) => {
            each::<Timestamp>(plan.read(name)?, move |value, hash| wide(value.nanoseconds(), hash))
        }
        DataType::TimestampLtz(_) => {
            each::<TimestampLtz>(plan.read(name)?, move |value, hash| wide(value.nanoseconds(), hash))
        }
        DataType::Text | DataType::FixedText(_) | DataType::Bytes | DataType::FixedBytes(_) => {
            each::<[u8]>(plan.read(name)?, xxh64)
        }
        other => return Err(Error::input(format!("column `{name}` is {other}, which `sample` cannot hash"))),
    })
}

fn each<T: Value + ?Sized>(input: Input<T>, hashed: impl for<'a> Fn(T::Item<'a>, u64) -> u64 + 'static) -> Step {
    Box::new(move |batch, hashes| {
        let column = batch.column(input)?;
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = match column.get(row) {
                Some(value) => hashed(value, *hash),
                None => xxh64(&[], !*hash),
            };
        }
        Ok(())
    })
}

/// One hash for each number, however it is written.
fn float(value: f64, hash: u64) -> u64 {
    const NAN: u64 = 0x7ff8 << 48;
    let bits = if value.is_nan() { NAN } else { (value + 0.0).to_bits() };
    xxh64(&bits.to_le_bytes(), hash)
}
