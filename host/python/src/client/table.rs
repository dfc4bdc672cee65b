//! `Table`: everything that can be done with one.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use thalweg::client::{Bucket, Table as OpenTable};

use super::found::Found;
use super::scan::{self, Scan};
use super::write::Writer;
use super::{catalog, modules};
use crate::batch::Schema;
use crate::call::Call;
use crate::error::Failure;
use crate::rows::keys_in;

/// One table of a session.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Table {
    table: OpenTable,
}

impl Table {
    pub(super) fn new(table: OpenTable) -> Self {
        Self { table }
    }

    /// Keys cannot be read for a table that has none.
    fn must_be_keyed(&self) -> Result<(), Failure> {
        match self.table.is_keyed() {
            true => Ok(()),
            false => Err(Failure::Invalid(format!(
                "table {} has no primary key, so no rows of it can be looked up",
                self.table.name()
            ))),
        }
    }
}

#[pymethods]
impl Table {
    /// `database.table`.
    #[getter]
    fn name(&self) -> String {
        self.table.name()
    }

    /// What the server said of it when it was opened.
    #[getter]
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        catalog::table(py, self.table.info().clone())
    }

    /// Its columns.
    #[getter]
    fn schema(&self) -> Schema {
        Schema { schema: self.table.schema() }
    }

    /// The columns of its primary key.
    #[getter]
    fn key_schema(&self) -> Schema {
        Schema { schema: self.table.key_schema() }
    }

    /// The columns that rows are looked up by with a prefix, where there are such.
    #[getter]
    fn prefix_schema(&self) -> Option<Schema> {
        self.table.prefix_schema().map(|schema| Schema { schema })
    }

    /// Whether it has a primary key.
    #[getter]
    fn is_keyed(&self) -> bool {
        self.table.is_keyed()
    }

    /// Whether it has partitions.
    #[getter]
    fn is_partitioned(&self) -> bool {
        self.table.is_partitioned()
    }

    /// The modules that rows go through on their way in.
    #[getter]
    fn modules(&self) -> Vec<String> {
        self.table.module_names()
    }

    /// What each of these modules took so far.
    fn module_report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let report = match self.table.is_keyed() {
            true => self.table.upserter().module_report(),
            false => self.table.appender().module_report(),
        };
        let report = report.into_iter().map(|stage| modules::report(py, stage)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, report)
    }

    /// The same table with modules that rows go through on their way in.
    #[pyo3(signature = (chain, input = None))]
    fn through(&self, chain: &Bound<'_, PyAny>, input: Option<&str>) -> PyResult<Call> {
        let (table, chain) = (self.table.clone(), modules::chain(chain, input)?.unwrap_or_default());
        Ok(Call::of(async move { Ok(Table { table: table.with_chain(&chain).await? }) }))
    }

    /// Puts other modules in the place of those on the way in, while rows flow.
    #[pyo3(signature = (chain, input = None))]
    fn swap(&self, chain: &Bound<'_, PyAny>, input: Option<&str>) -> PyResult<Call> {
        let (table, chain) = (self.table.clone(), modules::chain(chain, input)?.unwrap_or_default());
        Ok(Call::of(async move { Ok(table.swap_chain(&chain).await?) }))
    }

    /// Appends rows.
    fn appender(&self) -> Writer {
        Writer { writer: self.table.appender() }
    }

    /// Puts rows by key: whole ones, or only some of their columns.
    #[pyo3(signature = (columns = None))]
    fn upserter(&self, columns: Option<Vec<String>>) -> PyResult<Writer> {
        let writer = match columns {
            Some(columns) => self.table.updater(&columns).map_err(Failure::from)?,
            None => self.table.upserter(),
        };
        Ok(Writer { writer })
    }

    /// Deletes rows by key.
    fn deleter(&self) -> PyResult<Writer> {
        Ok(Writer { writer: self.table.deleter().map_err(Failure::from)? })
    }

    /// Looks rows up by their whole keys; with `insert`, a key that is missing becomes a row.
    fn lookup(&self, keys: &Bound<'_, PyAny>, insert: bool) -> PyResult<Call> {
        self.must_be_keyed()?;
        let (table, keys) = (self.table.clone(), keys_in(keys, &self.table.key_schema())?);
        Ok(Call::of(async move {
            let found = if insert { table.lookup_or_insert(keys).await? } else { table.lookup(keys).await? };
            Ok(Found::new(found, true))
        }))
    }

    /// Looks rows up by the beginnings of their keys.
    fn prefix_lookup(&self, prefixes: &Bound<'_, PyAny>) -> PyResult<Call> {
        self.must_be_keyed()?;
        let schema = self.table.prefix_schema().unwrap_or_else(|| self.table.key_schema());
        let (table, prefixes) = (self.table.clone(), keys_in(prefixes, &schema)?);
        Ok(Call::of(async move { Ok(Found::new(table.prefix_lookup(prefixes).await?, false)) }))
    }

    /// Reads rows, as the dict says.
    fn scan(&self, options: &Bound<'_, PyDict>) -> PyResult<Call> {
        let (table, wanted) = (self.table.clone(), scan::wanted(options)?);
        Ok(Call::of(async move { scan::open(&table, wanted).await }))
    }

    /// Reads some rows of a bucket at once.
    #[pyo3(signature = (bucket, limit, partition = None, columns = None, metadata = false))]
    fn limit_scan(
        &self,
        bucket: u32,
        limit: u32,
        partition: Option<i64>,
        columns: Option<Vec<String>>,
        metadata: bool,
    ) -> Call {
        let (table, bucket) = (self.table.clone(), Bucket { partition, bucket });
        Call::of(async move {
            let rows = table.limit_scan(bucket, limit, columns).await?;
            let schema = rows.schema();
            Ok(Scan::new(scan::Rows::Log(Box::new(rows)), schema, metadata))
        })
    }

    /// The partitions that it has, by name.
    fn partitions(&self) -> Call {
        let table = self.table.clone();
        let work = async move { Ok(table.partitions().await?) };
        Call::new(work, |py, partitions| {
            let made = partitions.into_iter().map(|partition| catalog::partition(py, partition));
            Ok(PyList::new(py, made.collect::<PyResult<Vec<_>>>()?)?.into_any().unbind())
        })
    }

    /// Sends all rows that were written before, and waits until each has a fate.
    fn flush(&self) -> Call {
        let table = self.table.clone();
        Call::of(async move { Ok(table.flush().await?) })
    }
}
