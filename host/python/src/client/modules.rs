//! Modules and chains, from Python's descriptions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PyString};
use serde_json::{Map, Number, Value};
use thalweg::client::{ChainTally, ExceptionTally};
use thalweg::module::{ChainSpec, ExceptionKind, Limits, ModuleSpec, Policy, StageReport, parse_bytes, parse_duration};
use thalweg::runtime::Runtime;
use thalweg::table::Schema;

use super::catalog::made;
use crate::call::seconds;
use crate::error::Failure;

/// Modules in order, as a chain file has them.
#[pyclass(frozen, module = "thalweg")]
pub(crate) struct Chain {
    spec: ChainSpec,
}

#[pymethods]
impl Chain {
    /// The names of the modules, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.spec.modules.iter().map(|module| module.name.clone()).collect()
    }

    fn __repr__(&self) -> String {
        format!("Chain({})", self.names().join(", "))
    }
}

/// Reads a chain file.
#[pyfunction]
pub(crate) fn read_chain(path: PathBuf) -> PyResult<Chain> {
    Ok(Chain { spec: ChainSpec::read(&path).map_err(Failure::from)? })
}

/// The names of the modules that are built in.
#[pyfunction]
pub(crate) fn stock_modules() -> Vec<&'static str> {
    Runtime::stock_modules().collect()
}

/// A chain, or a list of `thalweg.Module`; `None` where there is none.
pub(super) fn chain(given: &Bound<'_, PyAny>, input: Option<&str>) -> Result<Option<ChainSpec>, Failure> {
    if given.is_none() {
        return Ok(None);
    }
    let mut spec = match given.cast::<Chain>() {
        Ok(chain) => chain.get().spec.clone(),
        Err(_) => {
            let modules =
                given.try_iter()?.map(|module| self::module(&module?)).collect::<Result<Vec<_>, Failure>>()?;
            ChainSpec { modules, input: None }
        }
    };
    if let Some(sql) = input {
        spec.input = Some(Schema::parse_sql(sql).map_err(|error| Failure::Invalid(format!("input: {error}")))?);
    }
    Ok(Some(spec))
}

/// A `thalweg.Module`.
fn module(module: &Bound<'_, PyAny>) -> Result<ModuleSpec, Failure> {
    let py = module.py();
    let path: String = module.getattr(intern!(py, "path"))?.extract()?;
    let mut spec = ModuleSpec::new(&path, Path::new(""));
    if let Some(name) = module.getattr(intern!(py, "name"))?.extract::<Option<String>>()? {
        spec.name = name;
    }
    spec.config = match json(&module.getattr(intern!(py, "config"))?, 0)? {
        Value::Object(config) => config,
        other => {
            return Err(Failure::Invalid(format!("the configuration of module {path} must be a dict, not {other}")));
        }
    };
    spec.on_error = policy(&module.getattr(intern!(py, "on_error"))?.extract::<String>()?)?;
    spec.on_failure = policy(&module.getattr(intern!(py, "on_failure"))?.extract::<String>()?)?;
    spec.limits = limits(&module.getattr(intern!(py, "limits"))?)?;
    Ok(spec)
}

fn policy(text: &str) -> Result<Policy, Failure> {
    Ok(match text {
        "fail" => Policy::Fail,
        "drop" => Policy::Drop,
        "pass" => Policy::Pass,
        other => match other.strip_prefix("dead-letter:").filter(|table| !table.is_empty()) {
            Some(table) => Policy::DeadLetter(table.to_owned()),
            None => {
                let text = format!("the policy {other:?} must be fail, drop, pass or dead-letter:TABLE");
                return Err(Failure::Invalid(text));
            }
        },
    })
}

fn limits(given: &Bound<'_, PyAny>) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    let given = given.cast::<PyDict>().map_err(|_| Failure::Invalid("the limits of a module must be a dict".into()))?;
    for (name, value) in given.iter() {
        let name: String = name.extract()?;
        let wrong = |cause: String| Failure::Invalid(format!("the limit {name:?} of a module: {cause}"));
        let bytes = || match value.extract::<String>() {
            Ok(text) => parse_bytes(&text).map_err(|error| wrong(error.to_string())),
            Err(_) => value.extract::<usize>().map_err(|error| wrong(error.to_string())),
        };
        let time = || -> Result<Duration, Failure> {
            match value.extract::<String>() {
                Ok(text) => parse_duration(&text).map_err(|error| wrong(error.to_string())),
                Err(_) => seconds(value.extract::<f64>().map_err(|error| wrong(error.to_string()))?),
            }
        };
        match name.as_str() {
            "memory" => limits.memory = bytes()?,
            "deadline" => limits.deadline = time()?,
            "output" => limits.output = bytes()?,
            "output_rows" => limits.rows = value.extract().map_err(|error: PyErr| wrong(error.to_string()))?,
            "log" => limits.log = bytes()?,
            "size" => limits.size = bytes()?,
            "compile" => limits.compile = time()?,
            _ => return Err(wrong("there is none of this name".into())),
        }
    }
    Ok(limits)
}

/// How deep a configuration may be nested.
const DEPTH: usize = 100;

/// What JSON can say, as JSON.
fn json(value: &Bound<'_, PyAny>, depth: usize) -> Result<Value, Failure> {
    if depth > DEPTH {
        return Err(Failure::Invalid("the configuration of a module is nested too deep".into()));
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if value.cast::<PyBool>().is_ok() {
        return Ok(Value::Bool(value.extract()?));
    }
    if value.cast::<PyInt>().is_ok() {
        let number = value.extract::<i64>().map(Number::from).or_else(|_| value.extract::<u64>().map(Number::from));
        return Ok(Value::Number(number?));
    }
    if value.cast::<PyFloat>().is_ok() {
        let number = Number::from_f64(value.extract()?);
        return number.map(Value::Number).ok_or_else(|| Failure::Invalid(format!("{value} is nothing that JSON has")));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Value::String(text.to_cow()?.into_owned()));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut object = Map::new();
        for item in mapping.items()?.iter() {
            let (name, value) = item.extract::<(String, Bound<'_, PyAny>)>()?;
            object.insert(name, json(&value, depth + 1)?);
        }
        return Ok(Value::Object(object));
    }
    if let Ok(list) = value.cast::<PySequence>() {
        let items = list.try_iter()?.map(|item| json(&item?, depth + 1)).collect::<Result<Vec<_>, Failure>>()?;
        return Ok(Value::Array(items));
    }
    Err(Failure::Invalid(format!("the configuration of a module is as JSON, which has nothing like {value}")))
}

pub(super) fn kind(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::Refused => "refused",
        ExceptionKind::Failed => "failed",
    }
}

/// What the modules of a scan did.
pub(super) fn tally<'py>(py: Python<'py>, tally: ChainTally) -> PyResult<Bound<'py, PyAny>> {
    let one = |exception: ExceptionTally| {
        let ExceptionTally { module, kind, policy, rows, causes } = exception;
        let causes = causes.into_iter().map(|cause| (cause.message, cause.rows, cause.first)).collect::<Vec<_>>();
        made(py, "ExceptionTally", (module, self::kind(kind), policy, rows, causes))
    };
    let exceptions = tally.exceptions.into_iter().map(one).collect::<PyResult<Vec<_>>>()?;
    made(py, "ChainTally", (tally.filtered, tally.dropped, PyList::new(py, exceptions)?))
}

/// What a module took so far.
pub(super) fn report<'py>(py: Python<'py>, stage: StageReport) -> PyResult<Bound<'py, PyAny>> {
    let StageReport { name, loading, calls, failed, running, memory } = stage;
    made(py, "StageReport", (name, loading.as_secs_f64(), calls, failed, running.as_secs_f64(), memory))
}
