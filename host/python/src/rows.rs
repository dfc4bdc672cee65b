//! Dicts of columns, lists of rows and plain keys as record batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

use crate::batch::Batch;
use crate::capsule::{Batches, column, stream_of};
use crate::error::Failure;
use crate::values::build;

/// Rows that were given.
pub(crate) enum RowsIn {
    /// At once.
    Batch(RecordBatch),
    /// One batch after the other, from a maker that may take its time.
    Stream(Batches),
}

/// Rows for columns of which `schema` is all: anything that speaks Arrow's PyCapsule interface, a dict of columns (lists, or
/// Arrow arrays), or a list of dicts.
pub(crate) fn rows_in(object: &Bound<'_, PyAny>, schema: &Schema) -> Result<RowsIn, Failure> {
    if let Ok(batch) = object.cast::<Batch>() {
        return Ok(RowsIn::Batch(batch.get().rows.clone()));
    }
    match stream_of(object)? {
        Some(Ok(batch)) => return Ok(RowsIn::Batch(batch)),
        Some(Err(stream)) => return Ok(RowsIn::Stream(stream)),
        None => {}
    }
    if let Ok(columns) = object.cast::<PyMapping>() {
        return of_columns(columns, schema).map(RowsIn::Batch);
    }
    if let Ok(rows) = object.cast::<PyList>() {
        return of_rows(rows, schema).map(RowsIn::Batch);
    }
    Err(Failure::Invalid(format!(
        "rows cannot be had of {}; give an Arrow table or record batch, a data frame of polars or pandas, a dict of columns, \
         or a list of dicts",
        kind(object)
    )))
}

/// Keys with the columns `schema`: as rows; for a key of one column also a list of its values, for others a list of tuples.
pub(crate) fn keys_in(object: &Bound<'_, PyAny>, schema: &Schema) -> Result<RecordBatch, Failure> {
    if let Ok(list) = object.cast::<PyList>() {
        let rows = list.iter().next().is_some_and(|first| first.cast::<PyMapping>().is_ok());
        if !rows {
            return of_keys(list, schema);
        }
    }
    match rows_in(object, schema)? {
        RowsIn::Batch(batch) => Ok(batch),
        RowsIn::Stream(mut stream) => object.py().detach(|| {
            let schema = stream.schema()?;
            let mut batches = Vec::new();
            while let Some(batch) = stream.next() {
                batches.push(batch?);
            }
            Ok(arrow_select::concat::concat_batches(&schema, &batches)?)
        }),
    }
}

fn kind(object: &Bound<'_, PyAny>) -> String {
    let kind = object.get_type();
    kind.fully_qualified_name().map_or_else(|_| "this".to_owned(), |name| format!("a {name}"))
}

fn known<'a>(schema: &'a Schema, name: &str) -> Result<&'a Arc<Field>, Failure> {
    schema.fields().iter().find(|field| field.name() == name).ok_or_else(|| {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        Failure::Invalid(format!("there is no column `{name}`; there are {}", names.join(", ")))
    })
}

fn of_columns(columns: &Bound<'_, PyMapping>, schema: &Schema) -> Result<RecordBatch, Failure> {
    let mut made: Vec<(Arc<Field>, ArrayRef)> = Vec::new();
    for item in columns.items()?.iter() {
        let (name, values) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        let name = name.cast::<PyString>().map_err(PyErr::from)?.to_cow()?.into_owned();
        let made_of = match column(&values)? {
            Some((array, field)) => (Arc::new(field.with_name(&name).with_nullable(true)), array),
            None => {
                let field = known(schema, &name)?;
                if values.cast::<PyString>().is_ok() {
                    return Err(Failure::Invalid(format!("column `{name}` is a text; give a list of its values")));
                }
                let values = values.try_iter()?.collect::<PyResult<Vec<_>>>()?;
                (nullable(field), build(field.data_type(), &values, &name)?)
            }
        };
        made.push(made_of);
    }
    of_arrays(made)
}

fn of_rows(rows: &Bound<'_, PyList>, schema: &Schema) -> Result<RecordBatch, Failure> {
    let mut columns: Vec<Vec<Bound<'_, PyAny>>> = vec![Vec::with_capacity(rows.len()); schema.fields().len()];
    let none = rows.py().None().into_bound(rows.py());
    let mut named = vec![false; schema.fields().len()];
    for (number, row) in rows.iter().enumerate() {
        let row = row.cast::<PyDict>().map_err(|_| Failure::Row {
            row: number as u64,
            cause: format!("{} is no row; give a dict with the values of the columns", kind(&row)),
        })?;
        let mut found = 0;
        for ((field, column), named) in schema.fields().iter().zip(&mut columns).zip(&mut named) {
            let value = row.get_item(field.name())?;
            found += usize::from(value.is_some());
            *named |= value.is_some();
            column.push(value.unwrap_or_else(|| none.clone()));
        }
        if found < row.len() {
            for name in row.keys() {
                known(schema, &name.to_string())?;
            }
        }
    }
    let mut made = Vec::new();
    for ((field, values), _) in schema.fields().iter().zip(columns).zip(named).filter(|(_, named)| *named) {
        made.push((nullable(field), build(field.data_type(), &values, field.name())?));
    }
    match made.is_empty() {
        true => Ok(RecordBatch::new_empty(Arc::new(schema.clone()))),
        false => of_arrays(made),
    }
}

fn of_keys(keys: &Bound<'_, PyList>, schema: &Schema) -> Result<RecordBatch, Failure> {
    let fields = schema.fields();
    let mut columns: Vec<Vec<Bound<'_, PyAny>>> = vec![Vec::with_capacity(keys.len()); fields.len()];
    for (number, key) in keys.iter().enumerate() {
        let wrong = || {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            let cause = format!("{} is no key; give a tuple of the columns {}", kind(&key), names.join(", "));
            Failure::Row { row: number as u64, cause }
        };
        match (&mut columns[..], key.cast::<PyTuple>()) {
            ([column], Err(_)) => column.push(key),
            (columns, Ok(parts)) if parts.len() == columns.len() => {
                columns.iter_mut().zip(parts.iter()).for_each(|(column, part)| column.push(part));
            }
            _ => return Err(wrong()),
        }
    }
    let made = fields
        .iter()
        .zip(columns)
        .map(|(field, values)| Ok((nullable(field), build(field.data_type(), &values, field.name())?)));
    of_arrays(made.collect::<Result<_, Failure>>()?)
}

/// That a null stands where none may is told by whoever takes the rows, who knows which row it is.
fn nullable(field: &Field) -> Arc<Field> {
    Arc::new(field.clone().with_nullable(true))
}

fn of_arrays(made: Vec<(Arc<Field>, ArrayRef)>) -> Result<RecordBatch, Failure> {
    let rows = made.first().map_or(0, |(_, array)| array.len());
    if let Some((field, array)) = made.iter().find(|(_, array)| array.len() != rows) {
        let first = made.first().map_or("", |(field, _)| field.name());
        return Err(Failure::Invalid(format!(
            "column `{}` has {} values and column `{first}` {rows}; give as many of each",
            field.name(),
            array.len()
        )));
    }
    let (fields, arrays): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}
