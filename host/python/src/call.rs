//! One call: waited for or awaited, given up by a signal, a deadline or a cancellation.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use futures::FutureExt;
use pyo3::BoundObject as _;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::asyncio::{self, Convert, Work};
use crate::error::Failure;
use crate::runtime;

/// How long a thread waits before it looks for signals.
const LOOK: Duration = Duration::from_millis(50);

/// A call that has not begun: `wait()` does it and blocks, `await` does it in an event loop. Either may be used once.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Call {
    work: Mutex<Option<Work>>,
}

impl Call {
    /// A call that does `work`, whose result `convert` makes an object of.
    pub(crate) fn new<T: Send + 'static>(
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
        convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        let work = async move {
            let result = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(result) => result,
                Err(panic) => Err(Failure::Broken(broken_down(panic.as_ref()))),
            };
            let converted: Convert = match result {
                Ok(value) => Box::new(move |py| convert(py, value)),
                Err(failure) => Box::new(move |py| Err(failure.into_exception(py))),
            };
            converted
        };
        Self { work: Mutex::new(Some(Box::pin(work))) }
    }

    /// A call whose result is the object that it becomes.
    pub(crate) fn of<T>(work: impl Future<Output = Result<T, Failure>> + Send + 'static) -> Self
    where
        T: Send + 'static + for<'py> IntoPyObject<'py>,
    {
        Self::new(work, |py, value| into_object(py, value))
    }

    fn take(&self) -> Result<Work, Failure> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.ok_or_else(|| Failure::Invalid("this call was made already; make another".into()))
    }
}

/// A value as an object.
pub(crate) fn into_object<'py, T: IntoPyObject<'py>>(py: Python<'py>, value: T) -> PyResult<Py<PyAny>> {
    Ok(value.into_pyobject(py).map_err(Into::into)?.into_any().unbind())
}

fn broken_down(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a call broke down ({}); this is an error of thalweg", text.unwrap_or("it does not say why"))
}

#[pymethods]
impl Call {
    /// Does the call and waits for what it gives, at most `timeout` seconds. Signals are looked at meanwhile.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let limit = timeout.map(seconds).transpose()?;
        let work = self.take()?;
        block(py, work, limit)?(py)
    }

    /// Does the call in the event loop that runs.
    fn __await__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        asyncio::start(py, || self.take())
    }
}

/// A number of seconds.
pub(crate) fn seconds(seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds).map_err(|_| Failure::Invalid(format!("{seconds} is no number of seconds")))
}

/// Waits for work on the thread of the caller, who does not hold the interpreter meanwhile.
pub(crate) fn block<T: Send>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send,
    limit: Option<Duration>,
) -> PyResult<T> {
    let handle = runtime::handle()?;
    py.detach(|| wait(&handle, work, limit, || Python::attach(|py| py.check_signals())))
}

/// Wakes a thread that waits.
struct Wakes {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Does work on this thread, whose tasks run on the runtime, and looks for signals now and then. It needs no timer of the
/// runtime's, so that it comes to its end also when that ends.
pub(crate) fn wait<T>(
    handle: &Handle,
    work: impl Future<Output = T>,
    limit: Option<Duration>,
    look: impl Fn() -> PyResult<()>,
) -> PyResult<T> {
    let _context = handle.enter();
    let began = Instant::now();
    let wakes = Arc::new(Wakes { thread: std::thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&wakes));
    let (mut work, mut context) = (pin!(work), Context::from_waker(&waker));
    let mut looked = began;
    loop {
        let polled = work.as_mut().poll(&mut context);
        runtime::hold_if_ending();
        if let Poll::Ready(done) = polled {
            return Ok(done);
        }
        while !wakes.woken.swap(false, Ordering::Acquire) {
            let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
            if left == Some(Duration::ZERO) {
                let limit = limit.unwrap_or_default();
                return Err(Failure::TimedOut(format!("the call did not end within {limit:?}")).into());
            }
            let until_look = LOOK.saturating_sub(looked.elapsed());
            if until_look.is_zero() {
                look()?;
                looked = Instant::now();
                continue;
            }
            std::thread::park_timeout(left.map_or(until_look, |left| left.min(until_look)));
        }
    }
}
