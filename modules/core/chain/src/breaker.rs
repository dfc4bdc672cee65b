//! A circuit breaker: a module that fails again and again is left alone for a while, and then tried with one call.

use std::time::Duration;

use crate::error::Cause;

/// How many calls must fail one after the other.
const FAILURES: u32 = 5;

/// How long it stays open at first. Each trial that fails doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest that it stays open.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Counts the failures of one module. Time is an argument, counted from any moment that stays the same.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Calls that failed since the last that did not.
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// When the next trial may be made.
    until: Duration,
    wait: Duration,
    last: String,
}

/// What a call changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// The module is left alone for so long.
    Opened(Duration),
    /// It works again.
    Closed,
}

impl Breaker {
    /// Whether a call may be made now. While it is open one call in each waiting time may.
    ///
    /// # Errors
    /// `Cause::Open`, while the module is left alone.
    pub fn admit(&mut self, now: Duration) -> Result<(), Cause> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let left = open.until.saturating_sub(now);
        if !left.is_zero() {
            return Err(Cause::Open { failures: self.failures, left, last: open.last.clone() });
        }
        // This call is the trial; the others wait for it.
        open.until = now.saturating_add(open.wait);
        Ok(())
    }

    /// Takes note of how a call ended.
    pub fn record(&mut self, failure: Option<&Cause>, now: Duration) -> Option<Change> {
        let Some(failure) = failure else {
            self.failures = 0;
            return self.open.take().map(|_| Change::Closed);
        };
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return None;
        }
        let wait = self.open.as_ref().map_or(FIRST_WAIT, |open| (open.wait * 2).min(LONGEST_WAIT));
        self.open = Some(Open { until: now.saturating_add(wait), wait, last: failure.to_string() });
        Some(Change::Opened(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Cause {
        Cause::Deadline(Duration::from_secs(1))
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_with_a_trial_that_passes() {
        let (mut breaker, start) = (Breaker::default(), Duration::from_secs(7));
        for _ in 1..FAILURES {
            assert_eq!(breaker.record(Some(&failure()), start), None);
        }
        assert_eq!(breaker.record(None, start), None);
        for _ in 1..FAILURES {
            assert_eq!(breaker.record(Some(&failure()), start), None);
            assert!(breaker.admit(start).is_ok());
        }
        assert_eq!(breaker.record(Some(&failure()), start), Some(Change::Opened(FIRST_WAIT)));
        let half = start + FIRST_WAIT / 2;
        assert!(
            matches!(breaker.admit(half), Err(Cause::Open { failures: FAILURES, left, .. }) if left == FIRST_WAIT / 2)
        );
        // One trial; a second call at the same time still waits.
        assert!(breaker.admit(start + FIRST_WAIT).is_ok());
        assert!(breaker.admit(start + FIRST_WAIT).is_err());
        assert_eq!(breaker.record(None, start + FIRST_WAIT), Some(Change::Closed));
        assert!(breaker.admit(start + FIRST_WAIT).is_ok());
    }

    #[test]
    fn each_failed_trial_doubles_the_wait_up_to_a_bound() {
        let (mut breaker, mut now) = (Breaker::default(), Duration::from_secs(7));
        let mut wait = Duration::ZERO;
        for _ in 0..FAILURES + 10 {
            now += wait;
            assert!(breaker.admit(now).is_ok());
            if let Some(Change::Opened(next)) = breaker.record(Some(&failure()), now) {
                assert!(next == FIRST_WAIT || next == (wait * 2).min(LONGEST_WAIT));
                wait = next;
            }
        }
        assert_eq!(wait, LONGEST_WAIT);
    }
}
