//! Time, as the engine has it: microseconds since 1970, that never fall.

use wasip3::clocks::{monotonic_clock, system_clock};

/// The time of day when the session began, and what has passed since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Microseconds since 1970-01-01T00:00:00Z.
    began: u64,
    /// What the monotonic clock said then, in nanoseconds.
    mark: u64,
}

impl Clock {
    /// Reads the clocks.
    pub(crate) fn start() -> Clock {
        let now = system_clock::now();
        let seconds = u64::try_from(now.seconds).unwrap_or(0);
        let began = seconds.saturating_mul(1_000_000).saturating_add(u64::from(now.nanoseconds) / 1000);
        Clock { began, mark: monotonic_clock::now() }
    }

    /// The time now.
    pub(crate) fn now(&self) -> u64 {
        self.began.saturating_add(monotonic_clock::now().saturating_sub(self.mark) / 1000)
    }

    /// Waits for a time.
    pub(crate) async fn wait_until(&self, time: u64) {
        let nanoseconds = time.saturating_sub(self.began).saturating_add(1).saturating_mul(1000);
        monotonic_clock::wait_until(self.mark.saturating_add(nanoseconds)).await;
    }
}
