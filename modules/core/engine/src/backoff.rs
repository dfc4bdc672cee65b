//! How long to wait before trying again: doubling, with jitter, up to a limit.

use std::time::Duration;

use crate::chance::Chance;
use thalweg_contract::Instant;

/// The wait before the next try after some failures in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
    not_before: Instant,
}

impl Backoff {
    /// Notes a failure and gives the time before which there should be no other try: `first` doubled for each failure
    /// before this one, up to `limit`, and of that half to all.
    pub(crate) fn failed(&mut self, now: Instant, first: Duration, limit: Duration, chance: &mut Chance) -> Instant {
        let doubled = first.saturating_mul(1 << self.failures.min(20)).min(limit);
        let half = micros(doubled) / 2;
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.saturating_add(half).saturating_add(chance.below(half + 1));
        self.not_before
    }

    /// Notes a success.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// When the next try may be.
    pub(crate) fn not_before(&self) -> Instant {
        self.not_before
    }
}

/// A duration in the unit of `Instant`.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_with_jitter_up_to_the_limit_and_begins_anew() {
        let mut chance = Chance::new(1);
        let mut backoff = Backoff::default();
        for step in 0..40 {
            let full = (50_000u64 << step.min(20)).min(2_000_000);
            let next = backoff.failed(1_000, Duration::from_millis(50), Duration::from_secs(2), &mut chance) - 1_000;
            assert!((full / 2..=full).contains(&next), "step {step}: {next} of {full}");
        }
        backoff.succeeded();
        assert_eq!(backoff.not_before(), 0);
        assert!(backoff.failed(0, Duration::from_millis(50), Duration::from_secs(2), &mut chance) <= 50_000);
    }
}
