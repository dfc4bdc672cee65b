//! `Client`: a session with one cluster; the catalogue, and tables.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use thalweg::client::Client as Session;
use thalweg::table::{Schema, TableDescriptor, TableOptions, TablePath};

use super::table::Table;
use super::{catalog, settings};
use crate::call::{Call, seconds};
use crate::error::Failure;

/// A session with one cluster.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Client {
    session: Session,
}

/// Connects to the first of these servers that answers.
#[pyfunction]
pub(crate) fn connect(servers: Vec<String>, engine: &str, groups: &Bound<'_, PyDict>) -> PyResult<Call> {
    let options = settings::options(servers, engine, groups)?;
    Ok(Call::of(async move { Ok(Client { session: Session::connect(options).await? }) }))
}

fn path(name: &str) -> Result<TablePath, Failure> {
    name.parse().map_err(|error| Failure::Invalid(format!("{name:?} names no table: {error}")))
}

fn list<'py, T>(
    py: Python<'py>,
    items: Vec<T>,
    one: impl Fn(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let made = items.into_iter().map(|item| one(py, item)).collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, made)?.into_any().unbind())
}

#[pymethods]
impl Client {
    /// Opens a table.
    fn table(&self, name: &str) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        Ok(Call::of(async move { Ok(Table::new(session.table(&path).await?)) }))
    }

    /// Creates a table.
    #[expect(clippy::too_many_arguments, reason = "it is called by name, from one place")]
    fn create_table(
        &self,
        name: &str,
        sql: &str,
        buckets: Option<u32>,
        primary_key: Vec<String>,
        partition_by: Vec<String>,
        bucket_key: Vec<String>,
        properties: Vec<(String, String)>,
        comment: Option<String>,
        if_not_exists: bool,
    ) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        let options = TableOptions { primary_key, partition_by, bucket_by: bucket_key, buckets, comment, properties };
        let descriptor =
            TableDescriptor::describe(sql, options).map_err(|error| Failure::Invalid(error.to_string()))?;
        Ok(Call::of(async move { Ok(session.create_table(&path, descriptor, if_not_exists).await?) }))
    }

    /// Drops a table.
    fn drop_table(&self, name: &str, if_exists: bool) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        Ok(Call::of(async move { Ok(session.drop_table(&path, if_exists).await?) }))
    }

    /// The names of the tables in a database, sorted.
    fn list_tables(&self, database: String) -> Call {
        let session = self.session.clone();
        Call::of(async move { Ok(session.list_tables(&database).await?) })
    }

    /// One table.
    fn show_table(&self, name: &str) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        let work = async move { Ok(session.show_table(&path).await?) };
        Ok(Call::new(work, |py, info| catalog::table(py, info).map(Bound::unbind)))
    }

    /// Sets and removes properties of a table.
    fn alter_table(&self, name: &str, set: Vec<(String, String)>, remove: Vec<String>) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        Ok(Call::of(async move { Ok(session.alter_table(&path, set, remove).await?) }))
    }

    /// Adds columns, as the SQL of a schema says them.
    fn add_columns(&self, name: &str, sql: &str) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        let columns = Schema::parse_sql(sql).map_err(|error| Failure::Invalid(error.to_string()))?;
        Ok(Call::of(async move { Ok(session.add_columns(&path, columns).await?) }))
    }

    /// Creates a database.
    fn create_database(
        &self,
        name: String,
        comment: Option<String>,
        properties: Vec<(String, String)>,
        if_not_exists: bool,
    ) -> Call {
        let session = self.session.clone();
        Call::of(async move { Ok(session.create_database(&name, comment, properties, if_not_exists).await?) })
    }

    /// Drops a database.
    fn drop_database(&self, name: String, if_exists: bool, cascade: bool) -> Call {
        let session = self.session.clone();
        Call::of(async move { Ok(session.drop_database(&name, if_exists, cascade).await?) })
    }

    /// The names of all databases, sorted.
    fn list_databases(&self) -> Call {
        let session = self.session.clone();
        Call::of(async move { Ok(session.list_databases().await?) })
    }

    /// One database.
    fn show_database(&self, name: String) -> Call {
        let session = self.session.clone();
        let work = async move { Ok(session.show_database(&name).await?) };
        Call::new(work, |py, info| catalog::database(py, info).map(Bound::unbind))
    }

    /// The earliest and the latest offset of each bucket.
    fn list_offsets(&self, name: &str) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        let work = async move { Ok(session.list_offsets(&path).await?) };
        Ok(Call::new(work, |py, offsets| list(py, offsets, catalog::offsets)))
    }

    /// The partitions of a table, by name.
    fn list_partitions(&self, name: &str) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        let work = async move { Ok(session.list_partitions(&path).await?) };
        Ok(Call::new(work, |py, partitions| list(py, partitions, catalog::partition)))
    }

    /// Creates a partition.
    fn create_partition(&self, name: &str, spec: Vec<(String, String)>, if_not_exists: bool) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        Ok(Call::of(async move { Ok(session.create_partition(&path, spec, if_not_exists).await?) }))
    }

    /// Drops a partition and its rows.
    fn drop_partition(&self, name: &str, spec: Vec<(String, String)>, if_exists: bool) -> PyResult<Call> {
        let (session, path) = (self.session.clone(), path(name)?);
        Ok(Call::of(async move { Ok(session.drop_partition(&path, spec, if_exists).await?) }))
    }

    /// Sends all rows that were written before, and waits until each has a fate.
    fn flush(&self) -> Call {
        let session = self.session.clone();
        Call::of(async move { Ok(session.flush().await?) })
    }

    /// What the engine has done so far.
    fn statistics(&self) -> Call {
        let session = self.session.clone();
        let work = async move { Ok(session.statistics().await?) };
        Call::new(work, |py, counters| {
            let numbers = [
                counters.rows_taken,
                counters.rows_acknowledged,
                counters.rows_failed,
                counters.rows_scanned,
                counters.bytes_sent,
                counters.batches_sent,
                counters.batches_retried,
                counters.buffered,
            ];
            Ok(catalog::made(py, "Statistics", pyo3::types::PyTuple::new(py, numbers)?)?.unbind())
        })
    }

    /// Ends the session: takes nothing more, and waits this long for rows that have no fate yet.
    fn close(&self, within: f64) -> PyResult<Call> {
        let (session, within) = (self.session.clone(), seconds(within)?);
        let work = async move { Ok(session.close(within).await?) };
        Ok(Call::new(work, |py, counts| {
            let counts = (counts.acknowledged, counts.failed, counts.unknown);
            Ok(catalog::made(py, "RowCounts", counts)?.unbind())
        }))
    }
}
