//! The embedded node, in this process.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use thalweg_node::{Durability, Node as Running, NodeOptions};

use crate::call::Call;
use crate::error::Failure;

/// A node that runs.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Node {
    running: Mutex<Option<Running>>,
    address: String,
}

/// Starts a node.
#[pyfunction]
pub(crate) fn start_node(data: PathBuf, listen: String, advertise: Option<String>, durability: &str) -> PyResult<Call> {
    let mut options = NodeOptions::new(data);
    options.listen = listen;
    options.advertise = advertise;
    options.durability = match durability {
        "fsync" => Durability::Fsync,
        "os" => Durability::Os,
        "memory" => Durability::Memory,
        other => {
            let text = format!("the durability {other:?} must be \"fsync\", \"os\" or \"memory\"");
            return Err(Failure::Invalid(text).into());
        }
    };
    Ok(Call::of(async move {
        let running = Running::start(options).await?;
        Ok(Node { address: running.address().to_string(), running: Mutex::new(Some(running)) })
    }))
}

#[pymethods]
impl Node {
    /// Where it listens, `HOST:PORT`.
    #[getter]
    fn address(&self) -> &str {
        &self.address
    }

    /// Stops it: what it has taken is written. Nothing happens if it was stopped before.
    fn stop(&self) -> Call {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        Call::of(async move {
            match running {
                Some(running) => Ok(running.shutdown().await?),
                None => Ok(()),
            }
        })
    }
}
