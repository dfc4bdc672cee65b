//! A column as Python's values.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use pyo3::BoundObject as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::exact::{self, Unfit};
use crate::error::Failure;

type Objects<'py> = Vec<Bound<'py, PyAny>>;

/// The rows of a batch as dicts.
pub(crate) fn rows<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Objects<'py>> {
    let rows: Vec<Bound<'py, PyDict>> = (0..batch.num_rows()).map(|_| PyDict::new(py)).collect();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let name = PyString::intern(py, field.name());
        for (row, value) in rows.iter().zip(objects(py, column, field.name())?) {
            row.set_item(&name, value)?;
        }
    }
    Ok(rows.into_iter().map(Bound::into_any).collect())
}

/// The values of a column; `None` where it is null.
pub(crate) fn objects<'py>(py: Python<'py>, column: &ArrayRef, name: &str) -> PyResult<Objects<'py>> {
    let of = Column { py, column, name };
    match column.data_type() {
        DataType::Boolean => of.each(|row| object(py, column.as_boolean().value(row))),
        DataType::Int8 => of.numbers::<Int8Type, _>(|number| object(py, number)),
        DataType::Int16 => of.numbers::<Int16Type, _>(|number| object(py, number)),
        DataType::Int32 => of.numbers::<Int32Type, _>(|number| object(py, number)),
        DataType::Int64 => of.numbers::<Int64Type, _>(|number| object(py, number)),
        DataType::Float32 => of.numbers::<Float32Type, _>(|number| object(py, f64::from(number))),
        DataType::Float64 => of.numbers::<Float64Type, _>(|number| object(py, number)),
        DataType::Decimal128(_, scale) => of.numbers::<Decimal128Type, _>(|number| {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let made = CLASS.import(py, "decimal", "Decimal");
            made.and_then(|class| class.call1((exact::decimal_text(number, *scale),)))
                .map_err(|error| error.to_string())
        }),
        DataType::Date32 => of.numbers::<Date32Type, _>(|days| exact::date_object(py, days)),
        DataType::Time32(unit @ TimeUnit::Second) => {
            of.numbers::<Time32SecondType, _>(|time| exact::time_object(py, time.into(), *unit))
        }
        DataType::Time32(unit) => {
            of.numbers::<Time32MillisecondType, _>(|time| exact::time_object(py, time.into(), *unit))
        }
        DataType::Time64(unit @ TimeUnit::Microsecond) => {
            of.numbers::<Time64MicrosecondType, _>(|time| exact::time_object(py, time, *unit))
        }
        DataType::Time64(unit) => of.numbers::<Time64NanosecondType, _>(|time| exact::time_object(py, time, *unit)),
        DataType::Timestamp(unit, zone) => of.timestamps(*unit, zone.is_some()),
        DataType::Utf8 => of.each(|row| object(py, column.as_string::<i32>().value(row))),
        DataType::Binary => of.each(|row| Ok(PyBytes::new(py, column.as_binary::<i32>().value(row)).into_any())),
        DataType::FixedSizeBinary(_) => {
            of.each(|row| Ok(PyBytes::new(py, column.as_fixed_size_binary().value(row)).into_any()))
        }
        DataType::List(_) => of.lists(),
        DataType::Map(..) => of.maps(),
        DataType::Struct(_) => of.structs(),
        other => Err(Failure::Invalid(format!(
            "column `{name}`: values of the Arrow type {other} are not made into Python's; take the column as Arrow"
        ))
        .into()),
    }
}

fn object<'py, T: IntoPyObject<'py>>(py: Python<'py>, value: T) -> Result<Bound<'py, PyAny>, Unfit> {
    let made = value.into_pyobject(py).map_err(Into::<PyErr>::into).map_err(|error| error.to_string())?;
    Ok(made.into_any().into_bound())
}

struct Column<'a, 'py> {
    py: Python<'py>,
    column: &'a ArrayRef,
    name: &'a str,
}

impl<'py> Column<'_, 'py> {
    fn each(&self, of: impl Fn(usize) -> Result<Bound<'py, PyAny>, Unfit>) -> PyResult<Objects<'py>> {
        let value = |row: usize| match self.column.is_null(row) {
            true => Ok(self.py.None().into_bound(self.py)),
            false => of(row).map_err(|cause| {
                let cause = format!("column `{}`: {cause}", self.name);
                Failure::Row { row: row as u64, cause }.into()
            }),
        };
        (0..self.column.len()).map(value).collect()
    }

    fn numbers<T, F>(&self, of: F) -> PyResult<Objects<'py>>
    where
        T: ArrowPrimitiveType,
        F: Fn(T::Native) -> Result<Bound<'py, PyAny>, Unfit>,
    {
        let numbers = self.column.as_primitive::<T>();
        self.each(|row| of(numbers.value(row)))
    }

    fn timestamps(&self, unit: TimeUnit, zoned: bool) -> PyResult<Objects<'py>> {
        let of = |number: i64| exact::timestamp_object(self.py, number, unit, zoned);
        match unit {
            TimeUnit::Second => self.numbers::<TimestampSecondType, _>(of),
            TimeUnit::Millisecond => self.numbers::<TimestampMillisecondType, _>(of),
            TimeUnit::Microsecond => self.numbers::<TimestampMicrosecondType, _>(of),
            TimeUnit::Nanosecond => self.numbers::<TimestampNanosecondType, _>(of),
        }
    }

    fn lists(&self) -> PyResult<Objects<'py>> {
        let lists = self.column.as_list::<i32>();
        let elements = objects(self.py, lists.values(), self.name)?;
        self.each(|row| {
            let range = span(lists.value_offsets(), row);
            let part = elements.get(range).unwrap_or_default();
            Ok(PyList::new(self.py, part).map_err(|error| error.to_string())?.into_any())
        })
    }

    /// As dicts; where a key cannot be one of a dict (a list, a dict), as lists of pairs.
    fn maps(&self) -> PyResult<Objects<'py>> {
        let maps = self.column.as_map();
        let (keys, items) = (objects(self.py, maps.keys(), self.name)?, objects(self.py, maps.values(), self.name)?);
        let pairs = maps.keys().data_type().is_nested();
        self.each(|row| {
            let range = span(maps.value_offsets(), row);
            let part = keys.get(range.clone()).unwrap_or_default().iter().zip(items.get(range).unwrap_or_default());
            let made = || -> PyResult<Bound<'py, PyAny>> {
                if pairs {
                    return Ok(PyList::new(self.py, part.collect::<Vec<_>>())?.into_any());
                }
                let dict = PyDict::new(self.py);
                for (key, item) in part {
                    dict.set_item(key, item)?;
                }
                Ok(dict.into_any())
            };
            made().map_err(|error| error.to_string())
        })
    }

    fn structs(&self) -> PyResult<Objects<'py>> {
        let structs = self.column.as_struct();
        let mut parts = Vec::new();
        for (field, column) in structs.fields().iter().zip(structs.columns()) {
            let name = format!("{}.{}", self.name, field.name());
            parts.push((PyString::intern(self.py, field.name()), objects(self.py, column, &name)?));
        }
        self.each(|row| {
            let dict = PyDict::new(self.py);
            for (name, values) in &parts {
                dict.set_item(name, values.get(row)).map_err(|error| error.to_string())?;
            }
            Ok(dict.into_any())
        })
    }
}

/// The elements of a row.
fn span(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    at(row)..at(row + 1)
}
