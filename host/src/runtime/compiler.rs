//! Compiles components: each once in a process, on few threads, and nobody waits for longer than he wants to.
//!
//! Compiling takes time in proportion to what a stranger wrote, and cannot be broken off. So it is done on threads of
//! its own, at most as many as there are processors. Who has waited long enough goes away; what is being compiled then
//! is finished for whoever asks later, what is still in the queue is dropped with the last who waited for it.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::CodeCache;
use super::{RuntimeError, Sha};
use crate::text::printable;

/// The stack of a thread that compiles: a stranger's code may nest deep.
const STACK: usize = 8 << 20;

/// The longest text of the validator's that an error carries, in bytes.
const REASON: usize = 512;

/// What compiles for a runtime.
#[derive(Clone)]
pub(super) struct Compiler(Arc<Shared>);

struct Shared {
    engine: Engine,
    cache: Option<CodeCache>,
    slots: Mutex<HashMap<Sha, Arc<Slot>>>,
    queue: Mutex<Queue>,
    compiled: AtomicU64,
}

/// Components that nobody compiles yet, and how many threads there are.
#[derive(Default)]
struct Queue {
    slots: VecDeque<Arc<Slot>>,
    workers: usize,
}

/// One component.
struct Slot {
    sha256: Sha,
    job: Mutex<Job>,
    done: Condvar,
}

struct Job {
    state: State,
    waiting: usize,
}

enum State {
    /// Nobody has asked for it, or whoever did went away.
    Idle,
    /// Its bytes, for the thread that takes it from the queue.
    Queued(Cow<'static, [u8]>),
    Compiling,
    /// It, or what is wrong with it.
    Done(Result<Component, String>),
}

impl Compiler {
    pub(super) fn new(engine: Engine, cache: Option<CodeCache>) -> Compiler {
        Compiler(Arc::new(Shared {
            engine,
            cache,
            slots: Mutex::default(),
            queue: Mutex::default(),
            compiled: AtomicU64::new(0),
        }))
    }

    /// How many components were compiled so far; those whose code was on disk are not counted.
    pub(super) fn compiled(&self) -> u64 {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// A component that strangers wrote. Waits at most so long.
    pub(super) fn load(
        &self,
        name: &str,
        wasm: Cow<'static, [u8]>,
        sha256: Sha,
        time: Duration,
    ) -> Result<Component, RuntimeError> {
        let slot = self.slot(sha256);
        let mut job = lock(&slot.job);
        if matches!(job.state, State::Idle) {
            job.state = State::Queued(wasm);
            if let Err(error) = self.enqueue(&slot) {
                job.state = State::Idle;
                return Err(RuntimeError::Engine(format!("no thread to compile {name}: {error}")));
            }
        }
        job.waiting += 1;
        let pending = |job: &mut Job| !matches!(job.state, State::Done(_));
        let waited = slot.done.wait_timeout_while(job, time, pending);
        let (mut job, _) = waited.unwrap_or_else(PoisonError::into_inner);
        job.waiting -= 1;
        match &job.state {
            State::Done(result) => answer(name, result),
            state => {
                let queued = matches!(state, State::Queued(_));
                if queued && job.waiting == 0 {
                    job.state = State::Idle;
                }
                Err(RuntimeError::Slow { name: name.to_owned(), time, queued })
            }
        }
    }

    /// A component that the binary carries: compiled here and now, behind nobody's queue.
    pub(super) fn load_own(&self, name: &str, wasm: &'static [u8], sha256: Sha) -> Result<Component, RuntimeError> {
        let slot = self.slot(sha256);
        let mut job = lock(&slot.job);
        if matches!(job.state, State::Idle | State::Queued(_)) {
            job.state = State::Compiling;
            drop(job);
            slot.finish(self.0.make(wasm, &sha256));
            job = lock(&slot.job);
        }
        while !matches!(job.state, State::Done(_)) {
            job = slot.done.wait(job).unwrap_or_else(PoisonError::into_inner);
        }
        match &job.state {
            State::Done(result) => answer(name, result),
            // The loop above ends with `Done` only.
            _ => Err(RuntimeError::Engine(format!("{name} was not compiled"))),
        }
    }

    fn slot(&self, sha256: Sha) -> Arc<Slot> {
        let mut slots = lock(&self.0.slots);
        Arc::clone(slots.entry(sha256).or_insert_with(|| {
            let job = Mutex::new(Job { state: State::Idle, waiting: 0 });
            Arc::new(Slot { sha256, job, done: Condvar::new() })
        }))
    }

    /// Leaves it to a thread: one that is there, or a new one while there are fewer than processors.
    fn enqueue(&self, slot: &Arc<Slot>) -> std::io::Result<()> {
        let mut queue = lock(&self.0.queue);
        if queue.workers < available_parallelism().map_or(1, usize::from) {
            let shared = Arc::clone(&self.0);
            let worker = thread::Builder::new().name("thalweg-compile".to_owned()).stack_size(STACK);
            match worker.spawn(move || shared.work()) {
                Ok(_) => queue.workers += 1,
                Err(error) if queue.workers == 0 => return Err(error),
                Err(_) => {}
            }
        }
        queue.slots.push_back(Arc::clone(slot));
        Ok(())
    }
}

impl Shared {
    /// Compiles what is queued, until there is nothing.
    fn work(&self) {
        loop {
            let mut queue = lock(&self.queue);
            let Some(slot) = queue.slots.pop_front() else {
                queue.workers -= 1;
                return;
            };
            drop(queue);
            let mut job = lock(&slot.job);
            let State::Queued(wasm) = &mut job.state else { continue };
            let wasm = std::mem::take(wasm);
            job.state = State::Compiling;
            drop(job);
            slot.finish(self.make(&wasm, &slot.sha256));
        }
    }

    /// From the disk, or compiled. The error says what is wrong with it.
    fn make(&self, wasm: &[u8], sha256: &Sha) -> Result<Component, String> {
        // The compiler is not ours; should it panic, only this component has no code.
        let made = catch_unwind(AssertUnwindSafe(|| self.read_or_compile(wasm, sha256)));
        made.unwrap_or_else(|_| Err("the compiler failed".to_owned()))
    }

    fn read_or_compile(&self, wasm: &[u8], sha256: &Sha) -> Result<Component, String> {
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, sha256)) {
            return Ok(component);
        }
        let started = Instant::now();
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let component = Component::from_binary(&self.engine, wasm)
            // The first line; the rest is a trail through the validator.
            .map_err(|error| printable(format!("{error:#}").lines().next().unwrap_or_default(), REASON))?;
        tracing::debug!(bytes = wasm.len(), milliseconds = started.elapsed().as_millis(), "compiled");
        if let Some(cache) = &self.cache {
            cache.store(&component, sha256);
        }
        Ok(component)
    }
}

impl Slot {
    fn finish(&self, result: Result<Component, String>) {
        lock(&self.job).state = State::Done(result);
        self.done.notify_all();
    }
}

fn answer(name: &str, result: &Result<Component, String>) -> Result<Component, RuntimeError> {
    result.clone().map_err(|reason| RuntimeError::Invalid { name: name.to_owned(), reason })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
