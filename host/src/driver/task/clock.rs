//! The time that engines are told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// What engines are told of the time: that of day when the clock was made, and how much has passed since. So it never
/// falls, whatever becomes of the time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(super) origin: Instant,
    /// The time of day then, in microseconds since 1970-01-01T00:00:00Z.
    base: u64,
}

impl Clock {
    /// One that begins now.
    pub(crate) fn begin() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Not 0: an engine may mean "never yet" by it.
        Self { origin: Instant::now(), base: u64::try_from(since.as_micros()).unwrap_or(u64::MAX).max(1) }
    }

    /// The time now.
    pub(crate) fn now(&self) -> thalweg_contract::Instant {
        self.base.saturating_add(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// When it will be this time; `None`: never.
    pub(super) fn at(&self, time: thalweg_contract::Instant) -> Option<Instant> {
        self.origin.checked_add(Duration::from_micros(time.saturating_sub(self.base)))
    }
}
