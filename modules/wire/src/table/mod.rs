//! Tables: data types, schemas and descriptors, with their JSON (`fluss.md` 2.13) and SQL forms.

mod arrow;
mod data_type;
mod descriptor;
mod schema;

pub use arrow::ArrowTypeError;
pub use data_type::{ColumnType, DataType, Field};
pub use descriptor::{TableDescriptor, TablePath};
pub use schema::{Column, Schema};
