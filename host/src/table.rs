//! Tables: their paths, their columns and types, what they are made with.
//!
//! ```
//! use thalweg::table::{DataType, Schema, TableDescriptor, TableOptions};
//!
//! let schema = Schema::parse_sql("code STRING, name STRING, elevation DECIMAL(7, 2)")?.with_primary_key(&["code"])?;
//! assert_eq!(schema.columns[2].column_type.data_type, DataType::Decimal { precision: 7, scale: 2 });
//! let airports = TableDescriptor { bucket_count: Some(3), ..TableDescriptor::new(schema) };
//!
//! // The same in words.
//! let options = TableOptions { buckets: Some(3), ..TableOptions::default() };
//! let sql = "code STRING, name STRING, elevation DECIMAL(7, 2), PRIMARY KEY (code)";
//! assert_eq!(TableDescriptor::describe(sql, options)?, airports);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub use thalweg_wire::table::{
    ArrowColumn, ArrowTypeError, ArrowValues, Column, ColumnType, DEFAULT_DATABASE, DataType, DescribeError, Field,
    NameError, Schema, SchemaError, SqlError, TableDescriptor, TableOptions, TablePath, partition_name,
    resolve_partition,
};
