//! Some columns of a table: what rows that have only these may look like.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};

use super::FitError;

/// The columns of a table, of which only the wanted ones must be there.
pub fn input_schema(table: &SchemaRef, wanted: &SchemaRef) -> SchemaRef {
    if wanted == table {
        return Arc::clone(table);
    }
    let optional = |field: &Arc<Field>| match wanted.field_with_name(field.name()) {
        Ok(_) => Arc::clone(field),
        Err(_) => Arc::new(field.as_ref().clone().with_nullable(true)),
    };
    Arc::new(Schema::new(table.fields().iter().map(optional).collect::<Vec<_>>()))
}

/// Leaves out the columns that the table has and that are not wanted. A wanted one that is not there is an error: where only
/// some are written, null would overwrite what the table has.
///
/// # Errors
/// Names the column that is not there.
pub fn narrow(rows: &RecordBatch, table: &SchemaRef, wanted: &SchemaRef) -> Result<RecordBatch, FitError> {
    if wanted == table || wanted == rows.schema_ref() {
        return Ok(rows.clone());
    }
    let fields = rows.schema_ref().fields();
    if let Some(missing) = wanted.fields().iter().find(|field| rows.column_by_name(field.name()).is_none()) {
        return Err(FitError::Absent { column: missing.name().clone() });
    }
    let kept = |name: &str| wanted.field_with_name(name).is_ok() || table.field_with_name(name).is_err();
    let kept: Vec<usize> =
        fields.iter().enumerate().filter(|(_, field)| kept(field.name())).map(|(at, _)| at).collect();
    rows.project(&kept).map_err(|error| FitError::Value { column: String::new(), row: 0, reason: error.to_string() })
}
