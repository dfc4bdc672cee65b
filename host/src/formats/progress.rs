//! What a reader reports beside the rows: how far it is, and notices for people.

use std::fmt;
use std::io::{Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::rows::RowsIn;

/// Says a sentence to a person.
type Say = dyn Fn(&str) + Send + Sync;

/// How far reading is, shared with whoever wants to know.
#[derive(Clone, Default)]
pub struct Progress {
    bytes: Arc<AtomicU64>,
    say: Option<Arc<Say>>,
}

impl Progress {
    /// Progress whose notices go to `say`.
    pub fn new(say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { bytes: Arc::default(), say: Some(Arc::new(say)) }
    }

    /// How many bytes of the inputs were read, as they lie there.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn say(&self, notice: &str) {
        if let Some(say) = &self.say {
            say(notice);
        }
    }

    /// Counts what is read of an input.
    pub(super) fn count<R: Read>(&self, input: R) -> Counted<R> {
        Counted { input, bytes: Arc::clone(&self.bytes) }
    }

    /// Counts the bytes of a file by its rows: of so many rows, and bytes, as many as were given.
    pub(super) fn count_by_rows(&self, rows: RowsIn, total: u64, size: u64) -> RowsIn {
        let bytes = Arc::clone(&self.bytes);
        let (mut given, mut counted) = (0, 0);
        Box::new(rows.inspect(move |read| {
            let Ok(rows) = read else { return };
            given = total.min(given + rows.batch.num_rows() as u64);
            let share = u128::from(size) * u128::from(given) / u128::from(total.max(1));
            let now = u64::try_from(share).unwrap_or(size);
            bytes.fetch_add(now - counted, Ordering::Relaxed);
            counted = now;
        }))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Bytes that are counted as they are read.
pub(super) struct Counted<R> {
    input: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.input.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
