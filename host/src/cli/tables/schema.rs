//! The columns of a file as those of a table.

use crate::table::{ArrowColumn as _, ArrowTypeError, ColumnType, Schema};

/// The columns of an Arrow schema as a table's.
pub(in crate::cli) fn schema_of(arrow: &arrow_schema::Schema) -> anyhow::Result<Schema> {
    let columns = arrow.fields().iter().map(|field| Ok((field.name().clone(), ColumnType::from_arrow(field)?, None)));
    Ok(Schema::new(columns.collect::<Result<Vec<_>, ArrowTypeError>>()?)?)
}
