//! A table's columns and primary key.

use super::ColumnType;

/// A table's columns and primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The columns in order; names are unique.
    pub columns: Vec<Column>,
    /// Positions of the primary-key columns, in key order; empty for a log table.
    pub primary_key: Vec<usize>,
    /// Positions of auto-increment columns.
    pub auto_increment: Vec<usize>,
    /// The highest column or field id given so far.
    pub highest_field_id: i32,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its number within the schema; stays the same when the schema changes.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// A text for people.
    pub comment: Option<String>,
    /// How the aggregation merge engine combines values: function and parameters.
    pub aggregation: Option<(String, Vec<(String, String)>)>,
}
