//! The types of columns, and their SQL: no dependencies, for the wire formats and the SDK alike.
//!
//! ```text
//! data_type  the 19 data types of Fluss, nullable or not, and the fields of rows
//! sql        their SQL: read, with errors that say where, and written
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod data_type;
mod sql;

pub use data_type::{ColumnType, DataType, Field, MAX_DECIMAL_PRECISION, MAX_TIME_PRECISION, MAX_TYPE_DEPTH};
pub use sql::{Identifier, SqlError, parse_columns, parse_table, write_column};
