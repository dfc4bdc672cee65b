//! A list of values as a column of a type.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow_array::{
    ArrayRef, BooleanArray, ListArray, MapArray, PrimitiveArray, StructArray, Time32MillisecondArray,
    Time32SecondArray, Time64MicrosecondArray, Time64NanosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, FieldRef, Fields, TimeUnit};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyMapping, PyString};

use super::exact::{self, Unfit};
use crate::error::Failure;

type Values<'py> = [Bound<'py, PyAny>];

/// Values as a column of this type; `None` is null. Errors name `column` and the value's position.
pub(crate) fn build(kind: &DataType, values: &Values<'_>, column: &str) -> Result<ArrayRef, Failure> {
    let numbers = Numbers { values, column };
    Ok(match kind {
        DataType::Boolean => Arc::new(numbers.each(boolean)?.collect::<BooleanArray>()),
        DataType::Int8 => numbers.integers::<Int8Type>()?,
        DataType::Int16 => numbers.integers::<Int16Type>()?,
        DataType::Int32 => numbers.integers::<Int32Type>()?,
        DataType::Int64 => numbers.integers::<Int64Type>()?,
        DataType::Float32 => Arc::new(numbers.each(float32)?.collect::<PrimitiveArray<Float32Type>>()),
        DataType::Float64 => Arc::new(numbers.each(float64)?.collect::<PrimitiveArray<Float64Type>>()),
        DataType::Decimal128(precision, scale) => {
            let found = numbers.each(|value| exact::decimal(value, *precision, *scale))?;
            let found: PrimitiveArray<Decimal128Type> = found.collect();
            Arc::new(found.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Date32 => Arc::new(numbers.each(exact::date)?.collect::<PrimitiveArray<Date32Type>>()),
        DataType::Time32(unit) | DataType::Time64(unit) => numbers.times(*unit)?,
        DataType::Timestamp(unit, zone) => numbers.timestamps(*unit, zone.as_ref())?,
        DataType::Utf8 => numbers.texts()?,
        DataType::Binary => numbers.bytes()?,
        DataType::FixedSizeBinary(length) => numbers.fixed_bytes(*length)?,
        DataType::List(element) => list(element, values, column)?,
        DataType::Map(entries, _) => map(entries, values, column)?,
        DataType::Struct(fields) => row(fields, values, column)?,
        other => {
            return Err(Failure::Invalid(format!(
                "column `{column}`: values of the Arrow type {other} are not made of Python's; give the column as Arrow"
            )));
        }
    })
}

/// Values without parts.
struct Numbers<'a, 'py> {
    values: &'a Values<'py>,
    column: &'a str,
}

impl<'a, 'py> Numbers<'a, 'py> {
    /// What each value becomes; null where it is `None`.
    fn each<T>(
        &self,
        of: impl Fn(&Bound<'py, PyAny>) -> Result<T, Unfit>,
    ) -> Result<std::vec::IntoIter<Option<T>>, Failure> {
        let each = |(row, value): (usize, &Bound<'py, PyAny>)| match value.is_none() {
            true => Ok(None),
            false => of(value).map(Some).map_err(|cause| unfit(self.column, row, &cause)),
        };
        Ok(self.values.iter().enumerate().map(each).collect::<Result<Vec<_>, _>>()?.into_iter())
    }

    fn integers<T: ArrowPrimitiveType>(&self) -> Result<ArrayRef, Failure>
    where
        T::Native: TryFrom<i64>,
    {
        let found = self.each(|value| {
            if value.cast::<PyBool>().is_ok() {
                return Err("a bool is no number".into());
            }
            // A float has no index, so that 1.5 does not become 1.
            let number: i64 = value.extract().map_err(|_| format!("{} is no {}", shown(value), T::DATA_TYPE))?;
            T::Native::try_from(number).map_err(|_| format!("{number} does not fit {}", T::DATA_TYPE))
        })?;
        Ok(Arc::new(found.collect::<PrimitiveArray<T>>()))
    }

    fn times(&self, unit: TimeUnit) -> Result<ArrayRef, Failure> {
        let found = self.each(|value| exact::time(value, unit))?;
        let short = |found: Option<i64>| found.and_then(|number| i32::try_from(number).ok());
        Ok(match unit {
            TimeUnit::Second => Arc::new(found.map(short).collect::<Time32SecondArray>()),
            TimeUnit::Millisecond => Arc::new(found.map(short).collect::<Time32MillisecondArray>()),
            TimeUnit::Microsecond => Arc::new(found.collect::<Time64MicrosecondArray>()),
            TimeUnit::Nanosecond => Arc::new(found.collect::<Time64NanosecondArray>()),
        })
    }

    fn timestamps(&self, unit: TimeUnit, zone: Option<&Arc<str>>) -> Result<ArrayRef, Failure> {
        let found = self.each(|value| exact::timestamp(value, unit, zone.is_some()))?;
        let zone = zone.cloned();
        Ok(match unit {
            TimeUnit::Second => Arc::new(found.collect::<TimestampSecondArray>().with_timezone_opt(zone)),
            TimeUnit::Millisecond => Arc::new(found.collect::<TimestampMillisecondArray>().with_timezone_opt(zone)),
            TimeUnit::Microsecond => Arc::new(found.collect::<TimestampMicrosecondArray>().with_timezone_opt(zone)),
            TimeUnit::Nanosecond => Arc::new(found.collect::<TimestampNanosecondArray>().with_timezone_opt(zone)),
        })
    }

    fn texts(&self) -> Result<ArrayRef, Failure> {
        let mut made = StringBuilder::with_capacity(self.values.len(), 0);
        for (row, value) in self.values.iter().enumerate() {
            if value.is_none() {
                made.append_null();
                continue;
            }
            let text =
                value.cast::<PyString>().map_err(|_| unfit(self.column, row, &format!("{} is no text", shown(value))));
            let text = text?.to_cow().map_err(|error| unfit(self.column, row, &error.to_string()))?;
            room(made.values_slice().len(), text.len(), self.column)?;
            made.append_value(text);
        }
        Ok(Arc::new(made.finish()))
    }

    fn bytes(&self) -> Result<ArrayRef, Failure> {
        let mut made = BinaryBuilder::with_capacity(self.values.len(), 0);
        for bytes in self.each(bytes)? {
            room(made.values_slice().len(), bytes.as_ref().map_or(0, Vec::len), self.column)?;
            made.append_option(bytes);
        }
        Ok(Arc::new(made.finish()))
    }

    fn fixed_bytes(&self, length: i32) -> Result<ArrayRef, Failure> {
        let mut made = FixedSizeBinaryBuilder::with_capacity(self.values.len(), length);
        let right = |value: &Bound<'py, PyAny>| {
            let bytes = bytes(value)?;
            let fits = usize::try_from(length) == Ok(bytes.len());
            if fits { Ok(bytes) } else { Err(format!("{} bytes where BINARY({length}) is wanted", bytes.len())) }
        };
        for bytes in self.each(right)? {
            match bytes {
                Some(bytes) => made.append_value(bytes)?,
                None => made.append_null(),
            }
        }
        Ok(Arc::new(made.finish()))
    }
}

/// A column of texts or bytes counts in 32 bits.
fn room(held: usize, more: usize, column: &str) -> Result<(), Failure> {
    let whole = held.checked_add(more).and_then(|whole| i32::try_from(whole).ok());
    whole
        .map(drop)
        .ok_or_else(|| Failure::Invalid(format!("column `{column}` holds more than 2 GiB; give fewer rows at once")))
}

fn unfit(column: &str, row: usize, cause: &str) -> Failure {
    Failure::Row { row: row as u64, cause: format!("column `{column}`: {cause}") }
}

/// A value as an error shows it.
fn shown(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr().map_or_else(|_| "a value".to_owned(), |text| text.to_string());
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn boolean(value: &Bound<'_, PyAny>) -> Result<bool, Unfit> {
    value.extract().map_err(|_| format!("{} is no bool", shown(value)))
}

fn float64(value: &Bound<'_, PyAny>) -> Result<f64, Unfit> {
    let no_number = value.cast::<PyString>().is_ok() || value.cast::<PyBool>().is_ok();
    let number = if no_number { None } else { value.extract().ok() };
    number.ok_or_else(|| format!("{} is no number", shown(value)))
}

fn float32(value: &Bound<'_, PyAny>) -> Result<f32, Unfit> {
    let number = float64(value)?;
    let near = number as f32;
    match near.is_infinite() && number.is_finite() {
        true => Err(format!("{number} does not fit FLOAT")),
        false => Ok(near),
    }
}

fn bytes(value: &Bound<'_, PyAny>) -> Result<Vec<u8>, Unfit> {
    if value.cast::<PyString>().is_ok() {
        return Err("a text where bytes are wanted".into());
    }
    value.extract().map_err(|_| format!("{} is no bytes", shown(value)))
}

/// Which of the values are there, and the ends of those that `length` counts.
fn parts<'py>(
    values: &Values<'py>,
    column: &str,
    mut add: impl FnMut(&Bound<'py, PyAny>) -> Result<usize, Unfit>,
) -> Result<(OffsetBuffer<i32>, Option<NullBuffer>), Failure> {
    let mut lengths = Vec::with_capacity(values.len());
    let mut whole = 0_usize;
    for (row, value) in values.iter().enumerate() {
        let length = if value.is_none() { 0 } else { add(value).map_err(|cause| unfit(column, row, &cause))? };
        whole = whole.saturating_add(length);
        lengths.push(length);
    }
    room(0, whole, column)?;
    Ok((OffsetBuffer::from_lengths(lengths), present(values)))
}

fn present(values: &Values<'_>) -> Option<NullBuffer> {
    let present: NullBuffer = values.iter().map(|value| !value.is_none()).collect();
    (present.null_count() > 0).then_some(present)
}

fn list(element: &FieldRef, values: &Values<'_>, column: &str) -> Result<ArrayRef, Failure> {
    let mut elements = Vec::new();
    let (offsets, nulls) = parts(values, column, |value| {
        if value.cast::<PyString>().is_ok() || value.cast::<PyMapping>().is_ok() {
            return Err(format!("{} is no list", shown(value)));
        }
        let before = elements.len();
        for element in value.try_iter().map_err(|_| format!("{} is no list", shown(value)))? {
            elements.push(element.map_err(|error| error.to_string())?);
        }
        Ok(elements.len() - before)
    })?;
    let elements = build(element.data_type(), &elements, column)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, elements, nulls)?))
}

fn map(entries: &FieldRef, values: &Values<'_>, column: &str) -> Result<ArrayRef, Failure> {
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(Failure::Invalid(format!("column `{column}`: a map without entries")));
    };
    let [key, item] = &fields[..] else {
        return Err(Failure::Invalid(format!("column `{column}`: a map without keys and values")));
    };
    let (mut keys, mut items) = (Vec::new(), Vec::new());
    let (offsets, nulls) = parts(values, column, |value| {
        let pairs = match value.cast::<PyMapping>() {
            Ok(mapping) => mapping.items().map_err(|error| error.to_string())?.into_any(),
            Err(_) => value.clone(),
        };
        let before = keys.len();
        for pair in pairs.try_iter().map_err(|_| format!("{} is no dict and no list of pairs", shown(value)))? {
            let pair = pair.and_then(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>());
            let (key, item) = pair.map_err(|_| format!("{} is no dict and no list of pairs", shown(value)))?;
            if key.is_none() {
                return Err("a map has no null for a key".into());
            }
            keys.push(key);
            items.push(item);
        }
        Ok(keys.len() - before)
    })?;
    let columns = vec![build(key.data_type(), &keys, column)?, build(item.data_type(), &items, column)?];
    let pairs = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, false)?))
}

fn row(fields: &Fields, values: &Values<'_>, column: &str) -> Result<ArrayRef, Failure> {
    let mut columns: Vec<Vec<Bound<'_, PyAny>>> = vec![Vec::with_capacity(values.len()); fields.len()];
    for (row, value) in values.iter().enumerate() {
        let none = || value.py().None().into_bound(value.py());
        if value.is_none() {
            columns.iter_mut().for_each(|column| column.push(none()));
            continue;
        }
        let given =
            value.cast::<PyMapping>().map_err(|_| unfit(column, row, &format!("{} is no dict", shown(value))))?;
        let mut found = 0;
        for (field, column) in fields.iter().zip(&mut columns) {
            let there = given.contains(field.name())?;
            found += usize::from(there);
            column.push(if there { given.get_item(field.name())? } else { none() });
        }
        if found < given.len()? {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            return Err(unfit(column, row, &format!("{} has other fields than {}", shown(value), names.join(", "))));
        }
    }
    let part =
        |(field, values): (&FieldRef, Vec<_>)| build(field.data_type(), &values, &format!("{column}.{}", field.name()));
    let columns = fields.iter().zip(columns).map(part).collect::<Result<Vec<ArrayRef>, _>>()?;
    let made = StructArray::try_new_with_length(fields.clone(), columns, present(values), values.len());
    Ok(Arc::new(made.map_err(|error| Failure::Invalid(format!("column `{column}`: {error}")))?))
}
