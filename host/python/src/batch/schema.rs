//! `Schema`: columns and their types.

use arrow_schema::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use thalweg::table::{ArrowColumn, ColumnType};

use crate::capsule;

/// Columns and their types. Takes part in Arrow's PyCapsule interface: `pyarrow.schema(schema)`.
#[pyclass(frozen, module = "thalweg")]
pub(crate) struct Schema {
    pub(crate) schema: SchemaRef,
}

#[pymethods]
impl Schema {
    /// The names of the columns, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The columns as SQL, as `id BIGINT NOT NULL, name STRING`.
    #[getter]
    fn sql(&self) -> String {
        let column = |field: &arrow_schema::FieldRef| match ColumnType::from_arrow(field) {
            Ok(column) => format!("{} {column}", quoted(field.name())),
            // Only what no table holds, as a module may take it.
            Err(_) => format!("{} {}", quoted(field.name()), field.data_type()),
        };
        self.schema.fields().iter().map(column).collect::<Vec<_>>().join(", ")
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema_capsule(py, &self.schema)
    }

    fn __len__(&self) -> usize {
        self.schema.fields().len()
    }

    fn __eq__(&self, other: &Schema) -> bool {
        self.schema == other.schema
    }

    fn __repr__(&self) -> String {
        format!("Schema({})", self.sql())
    }
}

fn quoted(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain && !name.is_empty() { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}
