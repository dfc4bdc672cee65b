//! Tables: their paths, their columns and types, what they are made with.
//!
//! ```
//! use thalweg::table::{DataType, Schema, TableDescriptor};
//!
//! let schema = Schema::parse_sql("code STRING, name STRING, elevation DECIMAL(7, 2)")?.with_primary_key(&["code"])?;
//! assert_eq!(schema.columns[2].column_type.data_type, DataType::Decimal { precision: 7, scale: 2 });
//! let airports = TableDescriptor { bucket_count: Some(3), ..TableDescriptor::new(schema) };
//! # let _ = airports;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub use thalweg_wire::table::{
    ArrowColumn, ArrowTypeError, ArrowValues, Column, ColumnType, DEFAULT_DATABASE, DataType, Field, NameError, Schema,
    SchemaError, SqlError, TableDescriptor, TablePath, partition_name, resolve_partition,
};
