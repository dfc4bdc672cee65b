//! Rows of any Arrow types that mean the same, in the types of a table.
//!
//! ```text
//! fit       columns by name, nulls where none may be
//! encoded   dictionaries and runs, written out
//! nested    lists of all layouts, maps by position, rows by name
//! scalar    which type becomes which, exactly or rounded
//! time      units of time
//! ```
//!
//! What `ColumnType::from_arrow` has a type for, this takes into that type.

mod encoded;
mod nested;
mod scalar;
mod time;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use thalweg_wire::table::{ArrowColumn as _, ColumnType};

use super::FitError;

/// What becomes of a value that a column's type cannot hold exactly, as 1.005 in a DECIMAL(10, 2): the same rule for every
/// format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// Its row is refused.
    #[default]
    Refuse,
    /// It is rounded to the nearest value of the type, half away from zero; of a time what is too fine is cut off. A value
    /// out of the type's range is refused all the same.
    Nearest,
}

/// Why values are none of a type; rows are counted from 0.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// No value of the one type is one of the other.
    Kind,
    /// A value is out of range.
    Value { row: usize, reason: String },
    /// A value would lose digits.
    Precision { row: usize },
    /// A null where none may be.
    Null { row: usize },
}

impl Fault {
    /// The same fault, where the row is another one.
    fn at(self, place: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Fault::Kind => Fault::Kind,
            Fault::Value { row, reason } => Fault::Value { row: place(row), reason },
            Fault::Precision { row } => Fault::Precision { row: place(row) },
            Fault::Null { row } => Fault::Null { row: place(row) },
        }
    }

    fn of(self, field: &Field, found: &DataType) -> FitError {
        let column = field.name().clone();
        match self {
            Fault::Kind => FitError::Type { column, expected: sql(field.data_type()), found: sql(found) },
            Fault::Value { row, reason } => FitError::Value { column, row, reason },
            Fault::Precision { row } => FitError::Precision { column, row, expected: sql(field.data_type()) },
            Fault::Null { row } => FitError::Null { column, row },
        }
    }
}

/// The rows with the columns of `table` (a table's Arrow schema), found by name and in its order. Columns that have
/// the table's type already are shared. Others are cast where every value keeps its meaning: other widths of integers,
/// large, view, run-end and dictionary encodings, other units of time, whole floating-point numbers; also within arrays,
/// maps (whose keys and values go by position) and rows (whose fields go by name). A column that the rows do not have is
/// null.
///
/// # Errors
/// Names the column, and where there is one the row: a NOT NULL column too few, a column too many, another kind of type, a value that
/// does not fit, a null in a NOT NULL column.
pub fn fit(rows: &RecordBatch, table: &SchemaRef) -> Result<RecordBatch, FitError> {
    if rows.schema_ref() == table {
        return Ok(rows.clone());
    }
    let mut found = HashMap::with_capacity(rows.num_columns());
    for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        if found.insert(field.name().as_str(), array).is_some() {
            return Err(FitError::Duplicate { column: field.name().clone() });
        }
    }
    let mut arrays = Vec::with_capacity(table.fields().len());
    for field in table.fields() {
        arrays.push(match found.remove(field.name().as_str()) {
            Some(array) => {
                convert(array, field, None, Rounding::Refuse).map_err(|fault| fault.of(field, array.data_type()))?
            }
            None if field.is_nullable() => new_null_array(field.data_type(), rows.num_rows()),
            None => return Err(FitError::Missing { column: field.name().clone() }),
        });
    }
    // The first in the order of the rows, so that the same rows give the same error.
    if let Some(extra) = rows.schema_ref().fields().iter().find(|field| found.contains_key(field.name().as_str())) {
        let known = table.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
        return Err(FitError::Unknown { column: extra.name().clone(), known });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(table), arrays, &options).map_err(|error| FitError::Value {
        column: String::new(),
        row: 0,
        reason: error.to_string(),
    })
}

/// The rows with their values rounded to what the columns of the same name in `table` can hold. Columns that it does not
/// have, or has of another kind, stay as they are: `fit` says what is wrong with them.
///
/// # Errors
/// A value that is out of range, with column and row.
pub fn round(rows: &RecordBatch, table: &SchemaRef) -> Result<RecordBatch, FitError> {
    let (mut fields, mut arrays) = (Vec::with_capacity(rows.num_columns()), Vec::with_capacity(rows.num_columns()));
    for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        // Nulls are no matter of rounding.
        let wanted = table.field_with_name(field.name()).ok().map(|wanted| wanted.clone().with_nullable(true));
        let rounded = wanted.map(|wanted| (convert(array, &wanted, None, Rounding::Nearest), wanted));
        match rounded {
            Some((Ok(rounded), wanted)) => {
                fields.push(Arc::new(wanted));
                arrays.push(rounded);
            }
            Some((Err(fault @ (Fault::Value { .. } | Fault::Precision { .. })), wanted)) => {
                return Err(fault.of(&wanted, array.data_type()));
            }
            Some((Err(Fault::Kind | Fault::Null { .. }), _)) | None => {
                fields.push(Arc::clone(field));
                arrays.push(Arc::clone(array));
            }
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| FitError::Value { column: String::new(), row: 0, reason: error.to_string() })
}

/// The values as a field has them. What lies beneath a null of the row that holds them, as `within` says, does not count.
fn convert(array: &ArrayRef, to: &Field, within: Option<&NullBuffer>, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let converted = match (array.data_type(), to.data_type()) {
        (from, to) if from == to => Arc::clone(array),
        (DataType::Null, to) => new_null_array(to, array.len()),
        (DataType::Dictionary(..) | DataType::RunEndEncoded(..), _) => {
            return convert(&encoded::written_out(array)?, to, within, rounding);
        }
        _ => {
            let array = masked(array, within)?;
            match nested::convert(&array, to, rounding) {
                Some(converted) => converted?,
                None => scalar::convert(&array, to, rounding)?,
            }
        }
    };
    if !to.is_nullable()
        && let Some(nulls) = converted.nulls().filter(|nulls| nulls.null_count() > 0)
        && let Some(row) =
            (0..nulls.len()).find(|&row| nulls.is_null(row) && within.is_none_or(|within| within.is_valid(row)))
    {
        return Err(Fault::Null { row });
    }
    Ok(converted)
}

/// The array with nulls also where these are.
fn masked(array: &ArrayRef, within: Option<&NullBuffer>) -> Result<ArrayRef, Fault> {
    let Some(within) = within.filter(|nulls| nulls.null_count() > 0) else { return Ok(Arc::clone(array)) };
    // A union has no nulls of its own, and no place in a table.
    if matches!(array.data_type(), DataType::Union(..)) {
        return Err(Fault::Kind);
    }
    let nulls = NullBuffer::union(array.nulls(), Some(within));
    let data = array.to_data().into_builder().nulls(nulls).build();
    data.map(arrow_array::make_array).map_err(|error| Fault::Value { row: 0, reason: plain(&error) })
}

/// A type as SQL writes it, or as Arrow does where no table has it; shortened.
fn sql(data_type: &DataType) -> String {
    const LONGEST: usize = 200;
    let known = ColumnType::from_arrow(&Field::new("", data_type.clone(), true));
    let text = known.map_or_else(|_| data_type.to_string(), |known| known.to_string());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The first row for which a test of a range of rows fails; the whole range does fail.
fn first_bad(rows: usize, is_bad: impl Fn(usize, usize) -> bool) -> usize {
    let (mut begin, mut count) = (0, rows);
    while count > 1 {
        let half = count / 2;
        if is_bad(begin, half) {
            count = half;
        } else {
            begin += half;
            count -= half;
        }
    }
    begin
}

/// Arrow's text without the name of the error's kind.
fn plain(error: &arrow_schema::ArrowError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[cfg(test)]
mod tests;
