//! Dates and times in other units.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, TimeUnit};

use super::{Fault, Rounding, plain, sql};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Times of the one type as those of the other, both being times of the same kind.
pub(super) fn convert(array: &ArrayRef, to: &DataType, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let refused = |error: ArrowError| Fault::Value { row: 0, reason: plain(&error) };
    let (from, into) = match (array.data_type(), to) {
        (DataType::Date64, DataType::Date32) => (DAY, 1),
        (from, to) => (per_second(from), per_second(to)),
    };
    let counts = match array.data_type() {
        DataType::Time32(_) => cast(&cast(array, &DataType::Int32).map_err(refused)?, &DataType::Int64),
        _ => cast(array, &DataType::Int64),
    };
    let counts = counts.map_err(refused)?;
    let counts = counts.as_primitive_opt::<Int64Type>().ok_or(Fault::Kind)?;
    let counts: ArrayRef = Arc::new(match into > from {
        true => finer(counts, into / from, to)?,
        false => coarser(counts, from / into, rounding)?,
    });
    match to {
        DataType::Time32(_) | DataType::Date32 => {
            let narrow = super::scalar::integers(&counts, &DataType::Int32, to)?;
            cast(&narrow, to).map_err(refused)
        }
        _ => cast(&counts, to).map_err(refused),
    }
}

fn finer(counts: &Int64Array, factor: i64, to: &DataType) -> Result<Int64Array, Fault> {
    if factor == 1 {
        return Ok(counts.clone());
    }
    let mut out_of_range = None;
    let finer = counts.iter().enumerate().map(|(row, count)| {
        let count = count?;
        count.checked_mul(factor).or_else(|| {
            out_of_range.get_or_insert(row);
            None
        })
    });
    let finer = finer.collect();
    let reason = || format!("the time is out of the range of {}", sql(to));
    out_of_range.map_or(Ok(finer), |row| Err(Fault::Value { row, reason: reason() }))
}

fn coarser(counts: &Int64Array, factor: i64, rounding: Rounding) -> Result<Int64Array, Fault> {
    if factor == 1 {
        return Ok(counts.clone());
    }
    if rounding == Rounding::Refuse
        && let Some(row) = counts.iter().position(|count| count.is_some_and(|count| count.rem_euclid(factor) != 0))
    {
        return Err(Fault::Precision { row });
    }
    Ok(counts.unary(|count| count.div_euclid(factor)))
}

fn per_second(data_type: &DataType) -> i64 {
    match data_type {
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        },
        // `Date64` counts milliseconds.
        _ => 1_000,
    }
}
