//! The tokio runtime of the process: started when first used, refused after a fork, ended with the interpreter.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Failure;

/// How long tasks get to end when the interpreter does.
const LAST_WORK: Duration = Duration::from_secs(2);

struct Started {
    process: u32,
    /// `None` once it has ended.
    runtime: Option<Runtime>,
}

static STARTED: Mutex<Option<Started>> = Mutex::new(None);

/// The runtime, which is started if it is not yet.
///
/// # Errors
/// In a process that was forked from one where it runs: its threads did not come along. Also once the interpreter ends.
pub(crate) fn handle() -> Result<Handle, Failure> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    match &*started {
        Some(Started { process: other, .. }) if *other != process => Err(Failure::Invalid(
            "thalweg was used before this process was forked, and its threads did not come along; start processes by \
             multiprocessing's methods \"spawn\" or \"forkserver\", or use thalweg only after the fork"
                .into(),
        )),
        Some(Started { runtime: Some(runtime), .. }) => Ok(runtime.handle().clone()),
        Some(Started { runtime: None, .. }) => Err(Failure::Closed("the interpreter is ending".into())),
        None => {
            let runtime = Builder::new_multi_thread().enable_all().thread_name("thalweg").build();
            let runtime = runtime.map_err(|error| Failure::Broken(format!("no thread can be started: {error}")))?;
            let handle = runtime.handle().clone();
            *started = Some(Started { process, runtime: Some(runtime) });
            Ok(handle)
        }
    }
}

/// The thread on which the interpreter ends, once it does.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// Says that the interpreter ends, on this thread. Called before anything is closed.
#[pyfunction]
pub(crate) fn begin_end() {
    let _ = ENDING.set(std::thread::current().id());
}

/// Holds a thread for ever that would go back into an interpreter that ends, for that may end the thread in the midst of
/// what it does, and the process with an abort. Only threads that nobody waits for are there then.
pub(crate) fn hold_if_ending() {
    if ENDING.get().is_some_and(|ending| *ending != std::thread::current().id()) {
        loop {
            std::thread::park();
        }
    }
}

/// Ends the runtime, while the interpreter is still there for buffers that its objects own. Called as the interpreter ends.
#[pyfunction]
pub(crate) fn shut_down(py: Python<'_>) {
    py.detach(|| {
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Started { process, runtime }) = &mut *started else { return };
        let Some(runtime) = runtime.take() else { return };
        if *process == std::process::id() {
            drop(started);
            runtime.shutdown_timeout(LAST_WORK);
        } else {
            // There is nothing to join in a fork.
            std::mem::forget(runtime);
        }
    });
}

/// Runs the command line with these arguments, the program's name first, and gives its exit status.
#[pyfunction]
pub(crate) fn command_line(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| thalweg::cli::run_with(arguments))
}

/// The version of the package.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
