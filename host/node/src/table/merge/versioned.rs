//! The versioned merge engine: the row with the higher version stays.

use thalweg_wire::record::{Layout, RecordError, RowFields, RowFormat, Scalar};
use thalweg_wire::table::{DataType, TableDescriptor};

use super::Merged;
use crate::failure::Failure;
use crate::table::column_field;

/// Compares the versions of rows.
#[derive(Debug, Clone)]
pub(crate) struct Versioned {
    /// The position of the version column.
    pub(crate) column: usize,
}

/// A version; a null is the lowest that there is.
type Version = (i64, u32);

/// Checks the type of the version column.
pub(super) fn check(descriptor: &TableDescriptor, column: usize) -> Result<(), Failure> {
    let Some(column) = descriptor.schema.columns.get(column) else { return Ok(()) };
    match column.column_type.data_type {
        DataType::Int | DataType::BigInt | DataType::Timestamp(_) | DataType::TimestampLtz(_) => Ok(()),
        _ => {
            let text = format!(
                "The version column '{}' for versioned merge engine must be one type of [INT, BIGINT, TIMESTAMP, \
                 TIMESTAMP_LTZ], but is {}.",
                column.name, column.column_type
            );
            Err(Failure::invalid_config(text))
        }
    }
}

impl Versioned {
    /// The new row, unless its version is lower.
    pub(super) fn merge(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: &[u8],
        new: &[u8],
    ) -> Result<Merged, RecordError> {
        let lower = self.version(layout, format, new)? < self.version(layout, format, old)?;
        Ok(if lower { Merged::Old } else { Merged::New })
    }

    fn version(&self, layout: &Layout, format: RowFormat, row: &[u8]) -> Result<Version, RecordError> {
        let fields = RowFields::parse_as(layout, format, row)?;
        let field = column_field(layout, self.column)?;
        let (Some(Some(bytes)), Some(data_type)) = (fields.fields().get(self.column), &field.data_type) else {
            let lowest = if field.data_type == Some(DataType::Int) { i64::from(i32::MIN) } else { i64::MIN };
            return Ok((lowest, 0));
        };
        Ok(match Scalar::read(&field.name, data_type, format, bytes)? {
            Scalar::Int(value) => (i64::from(value), 0),
            Scalar::BigInt(value) => (value, 0),
            Scalar::Timestamp { millis, nanos } => (millis, nanos),
            _ => (i64::MIN, 0),
        })
    }
}
