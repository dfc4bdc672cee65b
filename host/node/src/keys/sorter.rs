//! The thread that sorts rows in memory into files before memory is full: always those of the table or partition that has
//! most of them.

use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::error::StoreError;
use super::memory::Memory;
use super::space::Spaces;
use crate::error::NodeError;
use crate::runtime::sync::lock;

/// Failures one after the other until there is no hope.
const FAILURES: u32 = 3;
/// How long it waits after sorting has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The thread.
#[derive(Debug)]
pub(super) struct Sorter {
    memory: Arc<Memory>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Sorter {
    /// Starts the thread.
    pub(super) fn start(spaces: &Arc<Spaces>, memory: &Arc<Memory>) -> Result<Self, NodeError> {
        let (spaces, at_work) = (Arc::clone(spaces), Arc::clone(memory));
        let work = move || run(&spaces, &at_work);
        let thread = Builder::new().name("thalweg-keys".to_owned()).spawn(work);
        let thread = thread.map_err(|source| NodeError::Thread { source })?;
        Ok(Self { memory: Arc::clone(memory), thread: Mutex::new(Some(thread)) })
    }

    /// Fails if the thread has ended, or fails again and again.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let state = self.memory.state();
        if let Some(failure) = state.failure.clone().filter(|_| state.failures >= FAILURES) {
            return Err(failure);
        }
        drop(state);
        match &*lock(&self.thread) {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(StoreError("the thread that sorts them into files has ended".to_owned())),
        }
    }

    /// Ends the thread when it has done what it is at. Blocks.
    pub(super) fn stop(&self) {
        self.memory.state().stopped = true;
        self.memory.wake();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(spaces: &Spaces, memory: &Memory) {
    loop {
        let mut state = memory.state();
        while !state.stopped && !memory.is_tight() {
            state = memory.wait(state);
        }
        if state.stopped {
            return;
        }
        drop(state);
        if memory.is_crowded() {
            spaces.forget_clean();
            continue;
        }
        let spaces = spaces.all();
        let sorted = spaces.iter().max_by_key(|space| space.held().dirty()).map_or(Ok(()), |space| space.sort());
        let failed = sorted.is_err();
        if let Err(error) = &sorted {
            tracing::error!(%error, "rows cannot be sorted into files");
        }
        let mut state = memory.state();
        state.failures = if failed { state.failures + 1 } else { 0 };
        state.failure = sorted.err();
        drop(state);
        memory.wake();
        if failed {
            std::thread::sleep(AFTER_FAILURE);
        }
    }
}
