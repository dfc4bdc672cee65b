//! `Batch`: rows, with what a scan knows of them; and their columns.
//!
//! ```text
//! schema   `Schema`: columns and their types
//! ```

mod schema;

use arrow_array::{RecordBatch, RecordBatchIterator};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple};
use thalweg::client::ScanBatch;

pub(crate) use schema::Schema;

use crate::capsule;
use crate::error::Failure;
use crate::values;

/// Rows as Arrow columns. Takes part in Arrow's PyCapsule interface: `pyarrow.record_batch(batch)`, `polars.DataFrame(batch)`.
#[pyclass(frozen, module = "thalweg")]
pub(crate) struct Batch {
    pub(crate) rows: RecordBatch,
    /// What a scan knows of them.
    origin: Option<Origin>,
}

struct Origin {
    partition: Option<i64>,
    bucket: u32,
    offsets: Option<Vec<u64>>,
    timestamp: Option<i64>,
    changes: Option<Vec<&'static str>>,
}

impl Batch {
    /// Rows of which nothing else is known.
    pub(crate) fn new(rows: RecordBatch) -> Self {
        Self { rows, origin: None }
    }

    /// Rows of a scan.
    pub(crate) fn scanned(scanned: ScanBatch) -> Self {
        let known = scanned.offsets != thalweg::client::Offsets::Unknown;
        let origin = Origin {
            partition: scanned.bucket.partition,
            bucket: scanned.bucket.bucket,
            offsets: known.then(|| scanned.offsets().collect()),
            timestamp: scanned.timestamp,
            changes: scanned.changes.map(|changes| changes.into_iter().map(|change| change.symbol()).collect()),
        };
        Self { rows: scanned.batch, origin: Some(origin) }
    }
}

#[pymethods]
impl Batch {
    /// The columns and their types.
    #[getter]
    fn schema(&self) -> Schema {
        Schema { schema: self.rows.schema() }
    }

    /// How many rows there are.
    #[getter]
    fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// The names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema().schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The bucket that a scan read the rows from; `None` for other rows.
    #[getter]
    fn bucket(&self) -> Option<u32> {
        self.origin.as_ref().map(|origin| origin.bucket)
    }

    /// The server's number for the partition that a scan read the rows from.
    #[getter]
    fn partition(&self) -> Option<i64> {
        self.origin.as_ref().and_then(|origin| origin.partition)
    }

    /// The offset of each row in its bucket's log; `None` where there is none: current rows, rows of look-ups.
    #[getter]
    fn offsets(&self) -> Option<Vec<u64>> {
        self.origin.as_ref().and_then(|origin| origin.offsets.clone())
    }

    /// When the server took the rows, in milliseconds since 1970-01-01T00:00:00Z, where that is known.
    #[getter]
    fn timestamp(&self) -> Option<i64> {
        self.origin.as_ref().and_then(|origin| origin.timestamp)
    }

    /// The change of each row, `+A`, `+I`, `-U`, `+U` or `-D`; `None`: all were appended, or are current rows.
    #[getter]
    fn changes(&self) -> Option<Vec<&'static str>> {
        self.origin.as_ref().and_then(|origin| origin.changes.clone())
    }

    /// The values of one column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let column = self.rows.column_by_name(name).ok_or_else(|| {
            let known = self.column_names().join(", ");
            Failure::Invalid(format!("there is no column `{name}`; there are {known}"))
        })?;
        PyList::new(py, values::objects(py, column, name)?)
    }

    /// The rows as dicts.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, values::rows(py, &self.rows)?)
    }

    /// The columns as a dict of lists.
    fn to_pydict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for name in self.column_names() {
            columns.set_item(&name, self.column(py, &name)?)?;
        }
        Ok(columns)
    }

    /// The rows as a `pyarrow.RecordBatch`; pyarrow must be installed.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("record_batch", (slf,))
    }

    /// Only the given rows: `length` of them from `offset` on.
    #[pyo3(signature = (offset, length = None))]
    fn slice(&self, offset: usize, length: Option<usize>) -> Batch {
        let first = offset.min(self.rows.num_rows());
        let length = length.unwrap_or(usize::MAX).min(self.rows.num_rows() - first);
        let part =
            |list: &Option<Vec<u64>>| list.as_ref().map(|list| list.iter().skip(first).take(length).copied().collect());
        let origin = self.origin.as_ref().map(|origin| Origin {
            offsets: part(&origin.offsets),
            changes: origin.changes.as_ref().map(|all| all.iter().skip(first).take(length).copied().collect()),
            ..*origin
        });
        Batch { rows: self.rows.slice(first, length), origin }
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        // Taken as it is: the interface leaves it to the maker.
        let _ = requested_schema;
        capsule::array_capsules(py, &self.rows)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let reader = RecordBatchIterator::new([Ok(self.rows.clone())], self.rows.schema());
        capsule::stream_capsule(py, Box::new(reader))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema_capsule(py, self.rows.schema_ref())
    }

    fn __len__(&self) -> usize {
        self.rows.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("Batch({} rows: {})", self.rows.num_rows(), self.column_names().join(", "))
    }
}
