//! What a bucket's log forgets: whole segments that are too old or too many, and writers that are long silent.

use std::fs;
use std::io;
use std::time::Duration;

use super::Log;
use super::error::AppendError;
use super::tail::State;
use crate::runtime::sync::{lock, read, write};

/// How long and how much a bucket keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Batches taken longer ago than this may go; `None`: never.
    pub(crate) age: Option<Duration>,
    /// The oldest segments may go while at least this many bytes stay; `None`: never.
    pub(crate) bytes: Option<u64>,
}

impl Log {
    /// Deletes the segments that the policy lets go, and forgets silent writers and the indexes of closed segments.
    /// What lies at `needed` and behind it stays in any case. Returns how many segments went. Everything must be
    /// committed.
    pub(crate) fn retain(&self, policy: &Policy, needed: i64, now: i64) -> Result<usize, AppendError> {
        let horizon = |age: Duration| now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        {
            let mut tail = lock(&self.tail);
            tail.writers.expire(horizon(self.settings.writer_age), self.settings.writers);
            if tail.state != State::Open {
                return Ok(0);
            }
        }
        let expired_before = policy.age.map_or(i64::MIN, horizon);
        let (size, last) = {
            let tail = lock(&self.tail);
            (tail.size, tail.last_timestamp)
        };
        if size > 0 && last < expired_before {
            self.roll()?;
        }
        let mut gone = 0;
        while self.drop_first(expired_before, policy.bytes, needed)? {
            gone += 1;
        }
        // Those of all segments that were ever written or read would grow with the log.
        if let Some((_, closed)) = read(&self.segments).split_last() {
            closed.iter().for_each(|segment| segment.release_index());
        }
        Ok(gone)
    }

    fn drop_first(&self, expired_before: i64, bytes: Option<u64>, needed: i64) -> io::Result<bool> {
        let segments = read(&self.segments).clone();
        let [first, second, ..] = segments.as_slice() else { return Ok(false) };
        if needed < second.base() {
            return Ok(false);
        }
        let all: u64 = segments.iter().map(|segment| segment.visible()).sum();
        let spare = bytes.is_some_and(|bytes| all - first.visible() >= bytes);
        if !spare && first.last_timestamp()?.is_some_and(|last| last >= expired_before) {
            return Ok(false);
        }
        self.set_start(second.base());
        write(&self.segments).remove(0);
        let _ = fs::remove_file(first.index_path());
        fs::remove_file(first.path())?;
        tracing::info!(file = %first.path().display(), "retention deleted a segment");
        Ok(true)
    }

    /// Takes no more batches: the table is gone. Wakes who waits, so that they see it.
    pub(crate) fn retire(&self) {
        let mut tail = lock(&self.tail);
        tail.state = State::Dropped;
        tail.file = None;
        if let Some(segment) = self.last_segment() {
            segment.keep_open(None);
        }
        drop(tail);
        self.wake();
    }
}
