//! Rows of any Arrow types that mean the same, in the types of a table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};

use super::FitError;

/// A cast that fails gives an error, not a null.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };

/// What stands between two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bridge {
    /// Every value keeps its meaning, or the cast fails.
    Total,
    /// The cast may round; what does not come back the same is refused.
    Exact,
}

/// The rows with the columns of `table` (a table's Arrow schema), found by name and in its order. Columns that have
/// the table's type already are shared. Others are cast where every value keeps its meaning: other widths of integers,
/// large, view and dictionary encodings, other units of time. A column that the rows do not have is null.
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
            Some(array) => fit_column(array, field)?,
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

fn fit_column(array: &ArrayRef, field: &Field) -> Result<ArrayRef, FitError> {
    let fitted = match array.data_type() {
        same if same == field.data_type() => Arc::clone(array),
        DataType::Null => new_null_array(field.data_type(), array.len()),
        found => {
            let bridge = bridge(found, field.data_type()).ok_or_else(|| FitError::Type {
                column: field.name().clone(),
                expected: field.data_type().to_string(),
                found: found.to_string(),
            })?;
            convert(array, field, bridge)?
        }
    };
    if !field.is_nullable()
        && let Some(row) = fitted.nulls().and_then(|nulls| (0..nulls.len()).find(|&row| nulls.is_null(row)))
    {
        return Err(FitError::Null { column: field.name().clone(), row });
    }
    Ok(fitted)
}

fn convert(array: &ArrayRef, field: &Field, bridge: Bridge) -> Result<ArrayRef, FitError> {
    if let (DataType::Timestamp(_, Some(_)), _) | (_, DataType::Timestamp(_, Some(_))) =
        (array.data_type(), field.data_type())
    {
        // A cast would want to know the zone, though it is only a label.
        let bare = field.clone().with_data_type(without_zone(field.data_type()));
        let fitted = convert(&relabelled(array, &without_zone(array.data_type())), &bare, bridge)?;
        return Ok(relabelled(&fitted, field.data_type()));
    }
    let bad_value = |error: arrow_schema::ArrowError| FitError::Value {
        column: field.name().clone(),
        row: first_bad(array, field.data_type()),
        reason: format!("a value does not fit in {}: {}", field.data_type(), plain(&error)),
    };
    let fitted = cast_with_options(array, field.data_type(), &STRICT).map_err(bad_value)?;
    if bridge == Bridge::Exact {
        let back = cast_with_options(&fitted, array.data_type(), &STRICT).map_err(bad_value)?;
        if back.as_ref() != array.as_ref() {
            let differs = |&row: &usize| back.slice(row, 1).as_ref() != array.slice(row, 1).as_ref();
            let row = (0..array.len()).find(differs).unwrap_or(0);
            let (column, expected) = (field.name().clone(), field.data_type().to_string());
            return Err(FitError::Precision { column, row, expected });
        }
    }
    Ok(fitted)
}

/// The first row that cannot be cast; 0 if each can alone.
fn first_bad(array: &ArrayRef, to: &DataType) -> usize {
    let fails = |&row: &usize| cast_with_options(&array.slice(row, 1), to, &STRICT).is_err();
    (0..array.len()).find(fails).unwrap_or(0)
}

/// Whether, and how, values of one type are values of the other.
fn bridge(from: &DataType, to: &DataType) -> Option<Bridge> {
    use DataType::{
        Binary, BinaryView, Date32, Date64, Dictionary, FixedSizeBinary, FixedSizeList, Float16, Float32, Float64,
        LargeBinary, LargeList, LargeUtf8, List, Map, Struct, Time32, Time64, Timestamp, Utf8, Utf8View,
    };
    match (from, to) {
        (from, to) if from == to => Some(Bridge::Total),
        (Dictionary(_, values), to) => bridge(values, to),
        (from, to) if from.is_integer() && to.is_integer() => Some(Bridge::Total),
        (Float16 | Float32, Float32 | Float64) => Some(Bridge::Total),
        (Utf8 | LargeUtf8 | Utf8View, Utf8) => Some(Bridge::Total),
        (Binary | LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => Some(Bridge::Total),
        (Binary | LargeBinary, FixedSizeBinary(_)) => Some(Bridge::Total),
        (from, to) if from.is_decimal() && to.is_decimal() => Some(Bridge::Exact),
        (from, to) if from.is_integer() && to.is_decimal() => Some(Bridge::Exact),
        (Date64, Date32) => Some(Bridge::Exact),
        (Time32(_) | Time64(_), Time32(_) | Time64(_)) => Some(Bridge::Exact),
        (Timestamp(_, from), Timestamp(_, to)) => same_instant(from.as_deref(), to.as_deref()),
        (List(from) | LargeList(from) | FixedSizeList(from, _), List(to)) => bridge(from.data_type(), to.data_type()),
        (Map(from, _), Map(to, _)) => bridge(from.data_type(), to.data_type()),
        (Struct(from), Struct(to)) if from.len() == to.len() => {
            let fields = from.iter().zip(to);
            let mut bridges = fields.map(|(from, to)| match from.name() == to.name() {
                true => bridge(from.data_type(), to.data_type()),
                false => None,
            });
            bridges.try_fold(Bridge::Total, |all, one| Some(if one? == Bridge::Exact { Bridge::Exact } else { all }))
        }
        _ => None,
    }
}

/// Arrow counts from the epoch in UTC whatever zone it names. So a zone is only a label on an instant, and a time
/// without zone is one in UTC; wall-clock time of another zone cannot stand in a column without zone.
fn same_instant(from: Option<&str>, to: Option<&str>) -> Option<Bridge> {
    let utc = |zone: &str| matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "+0000");
    match (from, to) {
        (Some(zone), None) if !utc(zone) => None,
        _ => Some(Bridge::Exact),
    }
}

fn without_zone(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
        other => other.clone(),
    }
}

/// Timestamps under the zone of another type of the same unit; any other array as it is.
fn relabelled(array: &ArrayRef, data_type: &DataType) -> ArrayRef {
    fn label<T: ArrowTimestampType>(array: &ArrayRef, zone: &Option<Arc<str>>) -> ArrayRef {
        Arc::new(array.as_primitive::<T>().clone().with_timezone_opt(zone.clone()))
    }
    match (array.data_type(), data_type) {
        (DataType::Timestamp(unit, _), DataType::Timestamp(same, zone)) if unit == same => match unit {
            TimeUnit::Second => label::<TimestampSecondType>(array, zone),
            TimeUnit::Millisecond => label::<TimestampMillisecondType>(array, zone),
            TimeUnit::Microsecond => label::<TimestampMicrosecondType>(array, zone),
            TimeUnit::Nanosecond => label::<TimestampNanosecondType>(array, zone),
        },
        _ => Arc::clone(array),
    }
}

/// Arrow's text without the name of the error's kind.
fn plain(error: &arrow_schema::ArrowError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}
