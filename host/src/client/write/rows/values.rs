//! The values of one row by the positions of its columns.

use super::columns::{Column, Columns, Unfit};
use crate::client::Error;

/// The values of a row that is being written, by the positions of the table's columns from 0; a column that gets none is
/// null. Each method fails where there is no such column, it has a value already, or the value is not of its type.
#[derive(Debug)]
pub struct RowValues<'a> {
    columns: &'a mut Columns,
    values: usize,
}

impl<'a> RowValues<'a> {
    pub(super) fn new(columns: &'a mut Columns) -> Self {
        Self { columns, values: 0 }
    }

    /// No value: null.
    pub fn null(&mut self, column: usize) -> Result<(), Error> {
        self.set(column, Column::null)
    }

    /// For BOOLEAN.
    pub fn bool(&mut self, column: usize, value: bool) -> Result<(), Error> {
        self.set(column, |column| column.bool(value))
    }

    /// For TINYINT, SMALLINT, INT and BIGINT, days since 1970-01-01 for DATE, and for TIMESTAMP and TIMESTAMP_LTZ what
    /// [`Table::schema`](crate::client::Table::schema) says they count since then.
    pub fn integer(&mut self, column: usize, value: i64) -> Result<(), Error> {
        self.set(column, |column| column.integer(value))
    }

    /// For FLOAT.
    pub fn float(&mut self, column: usize, value: f32) -> Result<(), Error> {
        self.set(column, |column| column.float(value))
    }

    /// For DOUBLE.
    pub fn double(&mut self, column: usize, value: f64) -> Result<(), Error> {
        self.set(column, |column| column.double(value))
    }

    /// For CHAR and STRING.
    pub fn text(&mut self, column: usize, value: &str) -> Result<(), Error> {
        self.set(column, |column| column.text(value))
    }

    /// For BINARY, of its length, and BYTES.
    pub fn bytes(&mut self, column: usize, value: &[u8]) -> Result<(), Error> {
        self.set(column, |column| column.bytes(value))
    }

    fn set(&mut self, position: usize, add: impl FnOnce(&mut Column) -> Result<(), Unfit>) -> Result<(), Error> {
        let added = self.columns.unset(position).ok_or(Unfit).and_then(add);
        added.map_err(|Unfit| Error::invalid(self.columns.why_unfit(position)))?;
        self.values += 1;
        Ok(())
    }

    /// Ends the row.
    pub(super) fn end(self) -> Result<(), Error> {
        let columns = self.columns;
        columns
            .end_row(self.values)
            .map_err(|Unfit| Error::invalid("a column that is NOT NULL has no value".to_owned()))
    }
}
