//! Tables: data types, schemas and descriptors, with their JSON (`fluss.md` 2.13) and SQL forms.

mod arrow;
mod check;
mod describe;
mod descriptor;
mod fields;
mod json;
mod partition;
mod path;
mod properties;
#[cfg(test)]
pub(crate) mod samples;
mod schema;
mod sql;

pub use arrow::{ArrowColumn, ArrowTypeError, ArrowValues};
pub use check::{MAX_FIELDS, SchemaError};
pub use describe::{DescribeError, TableOptions};
pub use descriptor::{DatabaseDescriptor, TableDescriptor, TablePath};
pub use fields::FlatField;
pub use json::{JsonError, type_from_json, type_to_json};
pub use partition::{
    PARTITION_SEPARATOR, PartitionError, check_new_partition_value, check_partition_value, partition_name,
    partition_values, qualified_partition, resolve_partition,
};
pub use path::{DEFAULT_DATABASE, MAX_NAME_LENGTH, NameError, check_name};
pub use properties::{
    AutoPartition, ChangelogImage, DeleteBehavior, KvFormat, LakeFormat, LogCompression, LogFormat, MergeEngine,
    PartitionTimeError, PropertyError, TableProperties, TimeUnit, fixed_zone,
};
pub use schema::{Column, Schema};
pub use sql::SqlError;
pub use thalweg_types::{ColumnType, DataType, Field, MAX_DECIMAL_PRECISION, MAX_TIME_PRECISION, MAX_TYPE_DEPTH};
