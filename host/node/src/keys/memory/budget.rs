//! The memory for rows of primary-key tables that are not in the store's files yet, or were put there not long ago: one
//! bound for the node, however many tables and partitions it has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::filter::FilterMemory;
use crate::keys::error::StoreError;
use crate::runtime::sync::lock;

/// How long a batch waits until rows before it are sorted into files.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nobody waits without looking again.
const LOOK: Duration = Duration::from_millis(100);

/// The share of it for filters of the keys in files.
const FILTERS: usize = 6;

/// What rows in memory take, and may take.
#[derive(Debug)]
pub(crate) struct Memory {
    /// In bytes; half of it is when sorting begins.
    limit: usize,
    all: Held,
    filters: Arc<FilterMemory>,
    state: Mutex<State>,
    changed: Condvar,
}

/// Bytes of rows in memory.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Of rows that are not in files yet.
    pub(crate) dirty: AtomicUsize,
    /// Of rows that are in files too.
    pub(crate) clean: AtomicUsize,
}

/// What who sorts and who waits for it tell each other.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Why rows could not be sorted into files the last time.
    pub(crate) failure: Option<StoreError>,
    /// How many times it has failed, one after the other.
    pub(crate) failures: u32,
    /// Nothing is to be sorted any more.
    pub(crate) stopped: bool,
}

impl Held {
    pub(crate) fn dirty(&self) -> usize {
        self.dirty.load(Ordering::Relaxed)
    }

    pub(crate) fn clean(&self) -> usize {
        self.clean.load(Ordering::Relaxed)
    }
}

impl Memory {
    /// At most about `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        let filters = limit / FILTERS;
        Self {
            limit: limit - filters,
            all: Held::default(),
            filters: Arc::new(FilterMemory::new(filters)),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The memory for filters.
    pub(crate) fn filters(&self) -> &Arc<FilterMemory> {
        &self.filters
    }

    /// Notes in the books of the node and in those of a table what was in `before` and is in `now`, in bytes.
    pub(crate) fn note(&self, held: &Held, kind: fn(&Held) -> &AtomicUsize, before: usize, now: usize) {
        for held in [held, &self.all] {
            if now >= before {
                kind(held).fetch_add(now - before, Ordering::Relaxed);
            } else {
                kind(held).fetch_sub(before - now, Ordering::Relaxed);
            }
        }
        if now < before || self.is_tight() {
            self.changed.notify_all();
        }
    }

    /// How much rows may take, in bytes.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What the rows of the node take.
    #[cfg(test)]
    pub(crate) fn all(&self) -> &Held {
        &self.all
    }

    /// Whether rows must be sorted into files, to make room before somebody has to wait for it.
    pub(crate) fn is_tight(&self) -> bool {
        self.all.dirty() > self.limit / 2 || self.is_crowded()
    }

    /// Whether rows that are in files take room that others need.
    pub(crate) fn is_crowded(&self) -> bool {
        self.all.clean() > 0 && self.all.dirty() + self.all.clean() > self.limit
    }

    /// Whether rows that are in files may stay.
    pub(crate) fn has_room(&self) -> bool {
        self.all.dirty() + self.all.clean() <= self.limit
    }

    /// Waits until there is room for more rows.
    pub(crate) fn wait_for_room(&self) -> Result<(), StoreError> {
        if self.all.dirty() <= self.limit {
            return Ok(());
        }
        let begun = Instant::now();
        let mut state = lock(&self.state);
        while self.all.dirty() > self.limit {
            if let Some(failure) = &state.failure {
                return Err(failure.clone());
            }
            if state.stopped || begun.elapsed() > PATIENCE {
                return Err(StoreError("rows before these are not sorted into files in time".to_owned()));
            }
            state = self.wait(state);
        }
        Ok(())
    }

    /// What who sorts and who waits tell each other.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Waits until something may have changed.
    pub(crate) fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Has everybody look who waits.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }
}
