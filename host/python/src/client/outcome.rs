//! `Outcome`: what became of rows that were written.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyRange};
use thalweg::client::{Fate, Outcome as OfBatch, RowSelection};

use super::catalog::{bucket, made};
use super::modules;
use crate::error::of_fate;

/// What became of the rows of one write. Rows count from 0 over all batches that were given.
#[pyclass(frozen, skip_from_py_object, module = "thalweg")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    parts: Arc<Vec<Part>>,
}

/// What became of one batch.
#[derive(Debug)]
struct Part {
    /// How many rows were given before.
    given: u64,
    /// How many rows came out of the modules before.
    produced: u64,
    outcome: OfBatch,
}

impl Outcome {
    /// Of batches in the order in which they were given.
    pub(super) fn of(outcomes: Vec<OfBatch>) -> Self {
        let (mut given, mut produced) = (0, 0);
        let mut part = |outcome: OfBatch| {
            let part = Part { given, produced, outcome };
            given += part.outcome.rows;
            produced += part.outcome.produced;
            part
        };
        Self { parts: Arc::new(outcomes.into_iter().map(&mut part).collect()) }
    }

    fn sum(&self, of: impl Fn(&OfBatch) -> u64) -> u64 {
        self.parts.iter().map(|part| of(&part.outcome)).sum()
    }
}

/// Rows as a range or a list, counted from `base` on.
fn rows<'py>(py: Python<'py>, selection: &RowSelection, base: u64) -> PyResult<Bound<'py, PyAny>> {
    match selection {
        RowSelection::Span { first, count } => {
            let first = base.saturating_add(u64::from(*first));
            let ends = (isize::try_from(first), isize::try_from(first.saturating_add(u64::from(*count))));
            match ends {
                (Ok(first), Ok(end)) => Ok(PyRange::new(py, first, end)?.into_any()),
                _ => Err(PyErr::new::<PyOverflowError, _>("there are more rows than a range can count")),
            }
        }
        RowSelection::Rows(rows) => {
            let rows: Vec<u64> = rows.iter().map(|row| base.saturating_add(u64::from(*row))).collect();
            Ok(PyList::new(py, rows)?.into_any())
        }
    }
}

#[pymethods]
impl Outcome {
    /// How many rows were given.
    #[getter]
    fn rows(&self) -> u64 {
        self.sum(|outcome| outcome.rows)
    }

    /// How many rows came out of the modules; `rows` where there are none.
    #[getter]
    fn produced(&self) -> u64 {
        self.sum(|outcome| outcome.produced)
    }

    /// How many rows the server has.
    #[getter]
    fn acknowledged(&self) -> u64 {
        self.sum(OfBatch::acknowledged)
    }

    /// How many rows, and dead letters, were not written.
    #[getter]
    fn failed(&self) -> u64 {
        self.sum(OfBatch::failed)
    }

    /// How many rows, and dead letters, may have been written, or not.
    #[getter]
    fn unknown(&self) -> u64 {
        self.sum(OfBatch::unknown)
    }

    /// How many rows the policy `drop` left out.
    #[getter]
    fn dropped(&self) -> u64 {
        self.sum(|outcome| outcome.dropped)
    }

    /// How many rows went to tables of dead letters.
    #[getter]
    fn dead_lettered(&self) -> u64 {
        self.sum(OfBatch::dead_lettered)
    }

    /// For each module, by name, how many rows it filtered out.
    #[getter]
    fn filtered(&self) -> BTreeMap<&str, u64> {
        let mut filtered = BTreeMap::new();
        for (module, rows) in self.parts.iter().flat_map(|part| &part.outcome.filtered) {
            *filtered.entry(module.as_str()).or_default() += rows;
        }
        filtered
    }

    /// Whether every row that came out of the modules is known to be written, and so is every dead letter.
    #[getter]
    fn ok(&self) -> bool {
        self.failed() == 0 && self.unknown() == 0
    }

    /// The fates of the rows that came out of the modules: `Acknowledged` and `Failed`.
    #[getter]
    fn fates<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut fates = Vec::new();
        for part in self.parts.iter() {
            for (selection, fate) in &part.outcome.fates {
                let rows = rows(py, selection, part.produced)?;
                fates.push(match fate {
                    Fate::Acknowledged { bucket: at, first, end } => {
                        made(py, "Acknowledged", (rows, bucket(py, *at)?, *first, *end))?
                    }
                    Fate::Failed { error, may_have_been_written } => {
                        made(py, "Failed", (rows, of_fate(py, error)?, *may_have_been_written))?
                    }
                });
            }
        }
        PyList::new(py, fates)
    }

    /// The rows that modules refused, or whose calls failed, and that policies dealt with.
    #[getter]
    fn exceptions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut found = Vec::new();
        for part in self.parts.iter() {
            for exception in &part.outcome.exceptions {
                let rows: Vec<u64> =
                    exception.rows.iter().map(|row| part.given.saturating_add(u64::from(*row))).collect();
                let message = |cause: &u32| exception.messages.get(*cause as usize).map_or("", String::as_str);
                let messages: Vec<&str> = exception.causes.iter().map(message).collect();
                let kind = modules::kind(exception.kind);
                let arguments = (exception.module.as_str(), kind, exception.policy.name(), rows, messages);
                found.push(made(py, "ModuleException", arguments)?);
            }
        }
        PyList::new(py, found)
    }

    /// Dead letters that were not written; their rows count as failed.
    #[getter]
    fn undelivered<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut found = Vec::new();
        for part in self.parts.iter() {
            for lost in &part.outcome.undelivered {
                let rows: Vec<u64> = lost.rows.iter().map(|row| part.given.saturating_add(u64::from(*row))).collect();
                found.push(made(py, "Failed", (rows, of_fate(py, &lost.error)?, lost.may_have_been_written))?);
            }
        }
        PyList::new(py, found)
    }

    /// The first given row that is not known to be written, and why; `None` if there is none.
    #[getter]
    fn first_failure<'py>(&self, py: Python<'py>) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        for part in self.parts.iter() {
            if let Some((row, error)) = part.outcome.first_failure() {
                return Ok(Some((part.given.saturating_add(u64::from(row)), of_fate(py, error)?)));
            }
        }
        Ok(None)
    }

    /// For each row that was acknowledged on a log table: the row, its bucket and its offset.
    fn offsets(&self) -> Vec<(u64, u32, u64)> {
        let of = |part: &Part| {
            let produced = part.produced;
            let offsets = part.outcome.offsets();
            offsets
                .map(move |(row, bucket, offset)| (produced.saturating_add(u64::from(row)), bucket, offset))
                .collect()
        };
        self.parts.iter().flat_map(|part| -> Vec<_> { of(part) }).collect()
    }

    /// The given row that a row came from that came out of the modules.
    fn origin(&self, produced: u64) -> u64 {
        let part = self.parts.iter().rfind(|part| part.produced <= produced && part.outcome.produced > 0);
        let origin = |part: &Part| {
            let row = u32::try_from(produced - part.produced).ok()?;
            Some(part.given.saturating_add(u64::from(part.outcome.origin(row))))
        };
        part.and_then(origin).unwrap_or(produced)
    }

    /// Raises the error of the first row that is not known to be written.
    fn raise_for_failed(&self, py: Python<'_>) -> PyResult<()> {
        let Some((row, error)) = self.first_failure(py)? else { return Ok(()) };
        error.setattr("row", row)?;
        error.setattr("outcome", Py::new(py, self.clone())?)?;
        Err(PyErr::from_value(error))
    }

    fn __repr__(&self) -> String {
        let (failed, unknown) = (self.failed(), self.unknown());
        let mut text = format!("Outcome({} rows, {} acknowledged", self.rows(), self.acknowledged());
        let counts = [(failed, "failed"), (unknown, "unknown"), (self.dropped(), "dropped")];
        for (count, what) in counts.into_iter().chain([(self.dead_lettered(), "dead-lettered")]) {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        for (module, rows) in self.filtered() {
            text += &format!(", {rows} filtered by {module}");
        }
        text + ")"
    }
}
