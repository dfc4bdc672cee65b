//! How what ends on the runtime comes into an event loop: gathered, so that one wake-up brings all that has ended meanwhile,
//! by a thread of its own, so that none of the runtime's waits for the interpreter.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::error::Failure;
use crate::runtime;

/// Makes what a call gives, once it has ended.
pub(crate) type Convert = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
/// What a call does. Dropping it gives the call up.
pub(crate) type Work = Pin<Box<dyn Future<Output = Convert> + Send>>;

/// A call that has ended, and the future of the event loop that waits for it.
struct Ended {
    future: Py<PyAny>,
    convert: Convert,
}

/// What has ended for one event loop.
struct Arrivals {
    event_loop: Py<PyAny>,
    ended: Mutex<Vec<Ended>>,
}

impl Arrivals {
    /// Takes a call that has ended, and has the loop woken if it is the first.
    fn add(self: &Arc<Self>, future: Py<PyAny>, convert: Convert) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(Ended { future, convert });
        if ended.len() == 1 {
            drop(ended);
            wake(Arc::clone(self));
        }
    }

    fn take(&self) -> Vec<Ended> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Has a thread ask a loop to take what has arrived.
fn wake(arrivals: Arc<Arrivals>) {
    static WAKER: OnceLock<Option<Sender<Arc<Arrivals>>>> = OnceLock::new();
    let waker = WAKER.get_or_init(|| {
        let (sender, receiver) = channel::<Arc<Arrivals>>();
        let run = move || {
            for arrivals in receiver {
                // Nothing is to be had of an interpreter that ends.
                if Python::try_attach(|py| schedule(py, &arrivals)).is_none() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("thalweg-asyncio".into()).spawn(run).ok().map(|_| sender)
    });
    if let Some(waker) = waker {
        let _ = waker.send(arrivals);
    }
}

fn schedule(py: Python<'_>, arrivals: &Arc<Arrivals>) {
    let deliver = Deliver { arrivals: Arc::clone(arrivals) };
    let asked = arrivals.event_loop.bind(py).call_method1(intern!(py, "call_soon_threadsafe"), (deliver,));
    if asked.is_err() {
        // The loop is closed: nobody waits any more.
        drop(arrivals.take());
    }
}

/// Called in the event loop: hands over what has arrived.
#[pyclass(frozen)]
struct Deliver {
    arrivals: Arc<Arrivals>,
}

#[pymethods]
impl Deliver {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        for Ended { future, convert } in self.arrivals.take() {
            let future = future.bind(py);
            if future.call_method0(intern!(py, "done"))?.is_truthy()? {
                continue;
            }
            match convert(py) {
                Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
                Err(error) => future.call_method1(intern!(py, "set_exception"), (error.into_value(py),))?,
            };
        }
        Ok(())
    }
}

/// Called when a future of the loop is done: gives the work up if it was cancelled.
#[pyclass(frozen)]
struct GiveUp {
    task: AbortHandle,
}

#[pymethods]
impl GiveUp {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0(intern!(future.py(), "cancelled"))?.is_truthy()? {
            self.task.abort();
        }
        Ok(())
    }
}

thread_local! {
    /// Of the loop that this thread runs.
    static ARRIVALS: RefCell<Option<Arc<Arrivals>>> = const { RefCell::new(None) };
}

fn arrivals_of(event_loop: &Bound<'_, PyAny>) -> Arc<Arrivals> {
    ARRIVALS.with_borrow_mut(|known| match known {
        Some(arrivals) if arrivals.event_loop.is(event_loop) => Arc::clone(arrivals),
        _ => {
            let event_loop = event_loop.clone().unbind();
            Arc::clone(known.insert(Arc::new(Arrivals { event_loop, ended: Mutex::default() })))
        }
    })
}

/// Starts work, and gives what `await` iterates over.
pub(crate) fn start<'py>(py: Python<'py>, work: impl FnOnce() -> Result<Work, Failure>) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING.import(py, "asyncio", "get_running_loop")?.call0()?;
    let handle = runtime::handle()?;
    let work = work()?;
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let (arrivals, waiting) = (arrivals_of(&event_loop), future.clone().unbind());
    let task = handle.spawn(async move {
        let convert = work.await;
        arrivals.add(waiting, convert);
    });
    future.call_method1(intern!(py, "add_done_callback"), (GiveUp { task: task.abort_handle() },))?;
    future.call_method0(intern!(py, "__await__"))
}
