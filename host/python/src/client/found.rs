//! `Found`: rows by their keys.

use arrow_array::RecordBatchIterator;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyTuple};
use thalweg::client::FoundRows;

use crate::batch::Batch;
use crate::capsule::{array_capsules, stream_capsule};
use crate::error::Failure;
use crate::values;

/// The rows that a look-up found: those of all keys, in the order of the keys. Takes part in Arrow's PyCapsule interface.
#[pyclass(frozen, module = "thalweg")]
pub(crate) struct Found {
    found: FoundRows,
    /// Whether a key has one row at most.
    single: bool,
}

impl Found {
    pub(super) fn new(found: FoundRows, single: bool) -> Self {
        Self { found, single }
    }

    fn place(&self, key: isize) -> PyResult<usize> {
        let keys = self.found.keys();
        let place = if key < 0 { keys.checked_add_signed(key) } else { usize::try_from(key).ok() };
        place.filter(|place| *place < keys).ok_or_else(|| {
            let text = format!("there is no key {key}; {keys} were looked up");
            PyErr::new::<pyo3::exceptions::PyIndexError, _>(text)
        })
    }

    /// The first row of a key, or all of them.
    fn value<'py>(&self, py: Python<'py>, rows: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
        match (self.single, rows.first()) {
            (true, Some(row)) => Ok(row.clone()),
            (true, None) => Ok(py.None().into_bound(py)),
            (false, _) => Ok(PyList::new(py, rows)?.into_any()),
        }
    }
}

#[pymethods]
impl Found {
    /// How many keys have rows.
    #[getter]
    fn found(&self) -> usize {
        self.found.found()
    }

    /// How many keys were looked up.
    #[getter]
    fn keys(&self) -> usize {
        self.found.keys()
    }

    /// The rows of all keys, those of one key together, in the order of the keys.
    #[getter]
    fn rows(&self) -> Batch {
        Batch::new(self.found.rows.clone())
    }

    /// How many rows each key has.
    #[getter]
    fn counts(&self) -> Vec<usize> {
        (0..self.found.keys()).map(|key| self.found.of(key).map_or(0, |rows| rows.num_rows())).collect()
    }

    /// The rows of one key, by its position among those looked up; `None` if there are none.
    fn of(&self, key: isize) -> PyResult<Option<Batch>> {
        Ok(self.found.of(self.place(key)?).map(Batch::new))
    }

    /// For each key its row as a dict, or `None`; of a look-up by prefix a list of rows.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = values::rows(py, &self.found.rows)?;
        let mut rest = &rows[..];
        let mut lists = Vec::with_capacity(self.found.keys());
        for count in self.counts() {
            let Some((own, behind)) = rest.split_at_checked(count) else {
                return Err(Failure::Broken("there are fewer rows than were counted".into()).into());
            };
            lists.push(self.value(py, own)?);
            rest = behind;
        }
        PyList::new(py, lists)
    }

    /// The rows of all keys as a `pyarrow.RecordBatch`; pyarrow must be installed.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("record_batch", (slf,))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: isize) -> PyResult<Bound<'py, PyAny>> {
        let rows = match self.found.of(self.place(key)?) {
            Some(rows) => values::rows(py, &rows)?,
            None => Vec::new(),
        };
        self.value(py, &rows)
    }

    fn __len__(&self) -> usize {
        self.found.keys()
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let _ = requested_schema;
        array_capsules(py, &self.found.rows)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let rows = &self.found.rows;
        stream_capsule(py, Box::new(RecordBatchIterator::new([Ok(rows.clone())], rows.schema())))
    }

    fn __repr__(&self) -> String {
        format!("Found({} of {} keys)", self.found(), self.keys())
    }
}
