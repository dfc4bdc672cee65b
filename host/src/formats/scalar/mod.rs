//! Texts as values of a column's type, for every format of text: CSV cells, JSON scalars, keys on a command line.
//!
//! A text stands for a value that it gives exactly, or it is refused; spaces around it do not count, except in texts.
//! BOOLEAN is `true`, `t`, `yes`, `y`, `on`, `1` and their opposites. Numbers are decimal, with an exponent or without;
//! FLOAT and DOUBLE take the nearest to any within their range, and `NaN`, `inf`, `Infinity` with a sign or without.
//! BYTES and BINARY are pairs of hexadecimal digits. Letters may be large or small.

mod number;
mod shown;
mod time;

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::{DataType, Field, TimeUnit};

use super::options::Rounding;
use crate::table::{self, ArrowValues as _};

pub(super) use number::NumberKind;
pub(super) use shown::{Shown, quoted};
pub(super) use time::{Clock, clock, moment};

/// Why a text is no value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The first text at fault, counted from 0.
    pub(crate) at: usize,
    /// Why: names the type as SQL does and shows the text, shortened.
    pub(crate) reason: String,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no value of the type's kind.
    Kind,
    /// It is one that the type has no room for.
    Range,
    /// It has more digits than the type keeps.
    Digits,
    /// It has a time of day, and the type is DATE.
    Clock,
    /// It has a zone, and the type does not keep one.
    Zone,
    /// It is not of the type's length.
    Length,
}

/// The column that texts are, one a row; `None` is null. Whether a null may stand in the column is not asked here.
pub(crate) fn column<'a>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>> + Clone,
    field: &Field,
    rounding: Rounding,
) -> Result<ArrayRef, Misfit> {
    match field.data_type() {
        DataType::Boolean => booleans(texts, field),
        DataType::Int8 => primitive::<Int8Type>(texts, field, |text| number::integer(text, rounding)),
        DataType::Int16 => primitive::<Int16Type>(texts, field, |text| number::integer(text, rounding)),
        DataType::Int32 => primitive::<Int32Type>(texts, field, |text| number::integer(text, rounding)),
        DataType::Int64 => primitive::<Int64Type>(texts, field, |text| number::integer(text, rounding)),
        DataType::Float32 => primitive::<Float32Type>(texts, field, number::float32),
        DataType::Float64 => primitive::<Float64Type>(texts, field, number::float64),
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (*precision, u8::try_from(*scale).unwrap_or(0));
            primitive::<Decimal128Type>(texts, field, |text| number::decimal(text, precision, scale, rounding))
        }
        DataType::Utf8 => strings(texts, field),
        DataType::Binary => bytes(texts, field),
        DataType::FixedSizeBinary(length) => fixed_bytes(texts, field, *length),
        DataType::Date32 => primitive::<Date32Type>(texts, field, |text| time::date(text, rounding)),
        DataType::Time32(TimeUnit::Second) => times::<Time32SecondType>(texts, field, TimeUnit::Second, rounding),
        DataType::Time32(unit) => times::<Time32MillisecondType>(texts, field, *unit, rounding),
        DataType::Time64(TimeUnit::Microsecond) => {
            times::<Time64MicrosecondType>(texts, field, TimeUnit::Microsecond, rounding)
        }
        DataType::Time64(unit) => times::<Time64NanosecondType>(texts, field, *unit, rounding),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => instants::<TimestampSecondType>(texts, field, rounding),
            TimeUnit::Millisecond => instants::<TimestampMillisecondType>(texts, field, rounding),
            TimeUnit::Microsecond => instants::<TimestampMicrosecondType>(texts, field, rounding),
            TimeUnit::Nanosecond => instants::<TimestampNanosecondType>(texts, field, rounding),
        },
        other => match texts.clone().position(|text| text.is_some()) {
            None => Ok(new_null_array(other, texts.len())),
            Some(at) => Err(Misfit { at, reason: format!("no text is {}", sql_name(other)) }),
        },
    }
}

/// The type of a field as SQL names it.
pub(crate) fn sql_name(data_type: &DataType) -> String {
    table::DataType::from_arrow(data_type).map_or_else(|_| data_type.to_string(), |known| known.to_string())
}

impl Fault {
    fn misfit(self, at: usize, text: &str, data_type: &DataType) -> Misfit {
        let (text, kind) = (quoted(text), sql_name(data_type));
        let reason = match self {
            Self::Kind if matches!(data_type, DataType::Binary | DataType::FixedSizeBinary(_)) => {
                format!("{text} is no {kind}: bytes are pairs of hexadecimal digits")
            }
            Self::Kind => format!("{text} is no {kind}"),
            Self::Range => format!("{text} is out of the range of {kind}"),
            Self::Digits => format!("{text} has more digits than {kind} keeps; appended with --round, it is rounded"),
            Self::Clock => format!("{text} has a time of day, which {kind} does not keep; --round cuts it off"),
            Self::Zone => format!("{text} has a zone, which {kind} does not keep; --round takes its time in UTC"),
            Self::Length => format!("{text} is not as long as {kind}"),
        };
        Misfit { at, reason }
    }
}

fn primitive<'a, T: ArrowPrimitiveType>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>>,
    field: &Field,
    value: impl Fn(&str) -> Result<T::Native, Fault>,
) -> Result<ArrayRef, Misfit> {
    let mut values = PrimitiveBuilder::<T>::with_capacity(texts.len()).with_data_type(field.data_type().clone());
    for (at, text) in texts.enumerate() {
        match text {
            Some(text) => {
                values.append_value(value(text).map_err(|fault| fault.misfit(at, text, field.data_type()))?);
            }
            None => values.append_null(),
        }
    }
    Ok(Arc::new(values.finish()))
}

fn times<'a, T: ArrowPrimitiveType<Native: TryFrom<i64>>>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>>,
    field: &Field,
    unit: TimeUnit,
    rounding: Rounding,
) -> Result<ArrayRef, Misfit> {
    primitive::<T>(texts, field, |text| {
        time::time_of_day(text, unit, rounding).and_then(|time| time.try_into().map_err(|_| Fault::Range))
    })
}

fn instants<'a, T: ArrowTimestampType>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>>,
    field: &Field,
    rounding: Rounding,
) -> Result<ArrayRef, Misfit> {
    let zoned = matches!(field.data_type(), DataType::Timestamp(_, Some(_)));
    primitive::<T>(texts, field, |text| time::instant(text, T::UNIT, zoned, rounding))
}

fn booleans<'a>(texts: impl ExactSizeIterator<Item = Option<&'a str>>, field: &Field) -> Result<ArrayRef, Misfit> {
    const WORDS: [(&str, bool); 12] = [
        ("true", true),
        ("false", false),
        ("t", true),
        ("f", false),
        ("1", true),
        ("0", false),
        ("yes", true),
        ("no", false),
        ("y", true),
        ("n", false),
        ("on", true),
        ("off", false),
    ];
    let mut values = BooleanBuilder::with_capacity(texts.len());
    for (at, text) in texts.enumerate() {
        let Some(text) = text else {
            values.append_null();
            continue;
        };
        let known = WORDS.iter().find(|(word, _)| text.trim_ascii().eq_ignore_ascii_case(word));
        values.append_value(known.ok_or_else(|| Fault::Kind.misfit(at, text, field.data_type()))?.1);
    }
    Ok(Arc::new(values.finish()))
}

fn strings<'a>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>> + Clone,
    field: &Field,
) -> Result<ArrayRef, Misfit> {
    let length = room(texts.clone(), field)?;
    let mut values = StringBuilder::with_capacity(texts.len(), length);
    texts.for_each(|text| values.append_option(text));
    Ok(Arc::new(values.finish()))
}

fn bytes<'a>(texts: impl ExactSizeIterator<Item = Option<&'a str>> + Clone, field: &Field) -> Result<ArrayRef, Misfit> {
    let length = room(texts.clone(), field)?;
    let mut values = BinaryBuilder::with_capacity(texts.len(), length / 2);
    let mut value = Vec::new();
    for (at, text) in texts.enumerate() {
        match text {
            Some(text) => {
                unhex(text, &mut value).map_err(|fault| fault.misfit(at, text, field.data_type()))?;
                values.append_value(&value);
            }
            None => values.append_null(),
        }
    }
    Ok(Arc::new(values.finish()))
}

fn fixed_bytes<'a>(
    texts: impl ExactSizeIterator<Item = Option<&'a str>>,
    field: &Field,
    length: i32,
) -> Result<ArrayRef, Misfit> {
    let mut values = FixedSizeBinaryBuilder::with_capacity(texts.len(), length);
    let mut value = Vec::new();
    for (at, text) in texts.enumerate() {
        match text {
            Some(text) => unhex(text, &mut value)
                .and_then(|()| values.append_value(&value).map_err(|_| Fault::Length))
                .map_err(|fault| fault.misfit(at, text, field.data_type()))?,
            None => values.append_null(),
        }
    }
    Ok(Arc::new(values.finish()))
}

/// How many bytes texts have together; an Arrow column has room for 2 GiB.
fn room<'a>(texts: impl Iterator<Item = Option<&'a str>>, field: &Field) -> Result<usize, Misfit> {
    let mut length = 0_usize;
    for (at, text) in texts.enumerate() {
        length += text.map_or(0, str::len);
        if length > i32::MAX as usize {
            let reason =
                format!("a batch has room for 2 GiB of {}; read fewer rows at once", sql_name(field.data_type()));
            return Err(Misfit { at, reason });
        }
    }
    Ok(length)
}

/// The bytes of pairs of digits.
fn unhex(text: &str, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, odd) = text.trim_ascii().as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Fault::Kind);
    }
    bytes.clear();
    for [high, low] in pairs {
        bytes.push(digit(*high).ok_or(Fault::Kind)? << 4 | digit(*low).ok_or(Fault::Kind)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
