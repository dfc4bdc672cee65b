//! Which types without children become which, and how.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type};
use arrow_array::{Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, PrimitiveArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field};

use super::{Fault, Rounding, first_bad, plain, sql, time};

/// A cast that fails gives an error, not a null.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };

/// The values as a field of a table has them.
pub(super) fn convert(array: &ArrayRef, to: &Field, rounding: Rounding) -> Result<ArrayRef, Fault> {
    use DataType::{
        Binary, BinaryView, Date32, Date64, Decimal128, FixedSizeBinary, Float16, Float32, Float64, LargeBinary,
        LargeUtf8, Time32, Time64, Timestamp, Utf8, Utf8View,
    };
    let to = to.data_type();
    match (array.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (from, to) if from.is_integer() && to.is_integer() => integers(array, to, to),
        (from, Decimal128(..)) if from.is_integer() => cast(array, to),
        (from, Float32 | Float64) if from.is_integer() => there_and_back(array, to, rounding),
        (from, Decimal128(..)) if from.is_decimal() => there_and_back(array, to, rounding),
        (from, to) if from.is_decimal() && to.is_integer() => whole(array, to, rounding),
        (Float16, Float32) | (Float16 | Float32, Float64) => cast(array, to),
        (Float64, Float32) => narrower(array, to, rounding),
        (Float16 | Float32 | Float64, to) if to.is_integer() => whole_floats(array, to, rounding),
        (Float16 | Float32 | Float64, Decimal128(precision, scale)) => digits(array, to, *precision, *scale, rounding),
        (Utf8 | LargeUtf8 | Utf8View, Utf8) => cast(array, to),
        (Binary | LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => cast(array, to),
        (Binary | LargeBinary | BinaryView, FixedSizeBinary(_)) => cast(&cast(array, &Binary)?, to),
        (Date64, Date32 | Timestamp(..)) | (Time32(_) | Time64(_), Time32(_) | Time64(_)) => {
            time::convert(array, to, rounding)
        }
        (Timestamp(_, from), Timestamp(_, zone)) if is_same_instant(from.as_deref(), zone.as_deref()) => {
            time::convert(array, to, rounding)
        }
        _ => Err(Fault::Kind),
    }
}

/// Arrow counts from the epoch in UTC whatever zone it names. So a zone is only a label on an instant, and a time
/// without zone is one in UTC; wall-clock time of another zone cannot stand in a column without zone.
fn is_same_instant(from: Option<&str>, to: Option<&str>) -> bool {
    let utc = |zone: &str| matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "+0000");
    to.is_some() || from.is_none_or(utc)
}

/// Values that keep their meaning, or are out of range.
fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Fault> {
    integers(array, to, to)
}

/// As `cast`; what is said names another type.
pub(super) fn integers(array: &ArrayRef, to: &DataType, named: &DataType) -> Result<ArrayRef, Fault> {
    cast_with_options(array, to, &STRICT).map_err(|error| {
        let fails = |begin, count| cast_with_options(&array.slice(begin, count), to, &STRICT).is_err();
        let row = first_bad(array.len(), fails);
        Fault::Value { row, reason: format!("a value does not fit in {}: {}", sql(named), plain(&error)) }
    })
}

/// Values of which those that do not come back the same are refused, or rounded as Arrow does: half away from zero.
fn there_and_back(array: &ArrayRef, to: &DataType, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let there = cast(array, to)?;
    if rounding == Rounding::Refuse {
        // What cannot come back at all did not come back the same.
        let differs = |begin, count| {
            let back = cast_with_options(&there.slice(begin, count), array.data_type(), &STRICT);
            back.map_or(true, |back| back.as_ref() != array.slice(begin, count).as_ref())
        };
        if differs(0, array.len()) {
            return Err(Fault::Precision { row: first_bad(array.len(), differs) });
        }
    }
    Ok(there)
}

/// Decimals as whole numbers.
fn whole(array: &ArrayRef, to: &DataType, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let whole = match array.data_type() {
        DataType::Decimal32(precision, scale) if *scale > 0 => DataType::Decimal32(*precision, 0),
        DataType::Decimal64(precision, scale) if *scale > 0 => DataType::Decimal64(*precision, 0),
        DataType::Decimal128(precision, scale) if *scale > 0 => DataType::Decimal128(*precision, 0),
        DataType::Decimal256(precision, scale) if *scale > 0 => DataType::Decimal256(*precision, 0),
        _ => return cast(array, to),
    };
    cast(&there_and_back(array, &whole, rounding)?, to)
}

/// Doubles as floats. What is too large is not made infinite.
fn narrower(array: &ArrayRef, to: &DataType, rounding: Rounding) -> Result<ArrayRef, Fault> {
    for (row, value) in array.as_primitive::<Float64Type>().iter().enumerate() {
        let Some(value) = value else { continue };
        let narrow = value as f32;
        if narrow.is_infinite() && value.is_finite() {
            return Err(out_of_range(row, value, to));
        }
        if rounding == Rounding::Refuse && f64::from(narrow) != value && !value.is_nan() {
            return Err(Fault::Precision { row });
        }
    }
    cast(array, to)
}

/// Floating-point numbers as whole ones.
fn whole_floats(array: &ArrayRef, to: &DataType, rounding: Rounding) -> Result<ArrayRef, Fault> {
    // Both are exact as doubles, and the upper one is the first that is too large.
    const RANGE: std::ops::Range<f64> = i64::MIN as f64..-(i64::MIN as f64);
    let doubles = cast(array, &DataType::Float64)?;
    let doubles: &Float64Array = doubles.as_primitive();
    let mut whole = Vec::with_capacity(doubles.len());
    for (row, value) in doubles.iter().enumerate() {
        let Some(value) = value else {
            whole.push(None);
            continue;
        };
        let rounded = value.round();
        if !RANGE.contains(&rounded) {
            return Err(out_of_range(row, value, to));
        }
        if rounding == Rounding::Refuse && rounded != value {
            return Err(Fault::Precision { row });
        }
        whole.push(Some(rounded as i64));
    }
    let whole: ArrayRef = Arc::new(Int64Array::from(whole));
    cast(&whole, to)
}

/// Floating-point numbers as decimals: of each its shortest digits, which are those that come back as the same number.
fn digits(array: &ArrayRef, to: &DataType, precision: u8, scale: i8, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let texts: ArrayRef = match array.data_type() {
        DataType::Float64 => Arc::new(shortest(array.as_primitive::<Float64Type>())),
        // Other widths have other shortest digits.
        DataType::Float32 => Arc::new(shortest(array.as_primitive::<arrow_array::types::Float32Type>())),
        _ => return digits(&cast(array, &DataType::Float32)?, to, precision, scale, rounding),
    };
    let texts = texts.as_string::<i32>();
    let mut values = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else {
            values.push(None);
            continue;
        };
        let (value, is_exact) = decimal(text, scale).ok_or_else(|| out_of_range(row, text, to))?;
        if rounding == Rounding::Refuse && !is_exact {
            return Err(Fault::Precision { row });
        }
        if value.unsigned_abs() >= 10_u128.pow(u32::from(precision)) {
            return Err(out_of_range(row, text, to));
        }
        values.push(Some(value));
    }
    let values: PrimitiveArray<Decimal128Type> = Decimal128Array::from(values);
    let values = values.with_precision_and_scale(precision, scale);
    Ok(Arc::new(values.map_err(|error| Fault::Value { row: 0, reason: plain(&error) })?))
}

fn shortest<T: arrow_array::ArrowPrimitiveType>(values: &PrimitiveArray<T>) -> arrow_array::StringArray
where
    T::Native: std::fmt::Display,
{
    values.iter().map(|value| value.map(|value| value.to_string())).collect()
}

/// A number as a count of units of `10^-scale`, rounded half away from zero, and whether it is exact. `None` where it is no
/// number, or too large.
fn decimal(text: &str, scale: i8) -> Option<(i128, bool)> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = usize::try_from(scale).ok()?;
    let (kept, cut) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    let zeros = std::iter::repeat_n(b'0', scale - kept.len());
    let mut value = 0_i128;
    for digit in whole.bytes().chain(kept.bytes()).chain(zeros) {
        let digit = char::from(digit).to_digit(10)?;
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let up = cut.bytes().next().is_some_and(|digit| digit >= b'5');
    value = value.checked_add(i128::from(up))?;
    Some((if is_negative { -value } else { value }, cut.bytes().all(|digit| digit == b'0')))
}

fn out_of_range(row: usize, value: impl std::fmt::Display, to: &DataType) -> Fault {
    Fault::Value { row, reason: format!("{value} is out of the range of {}", sql(to)) }
}
