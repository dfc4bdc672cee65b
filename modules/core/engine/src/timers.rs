//! What is to be looked at when, the earliest first.

use std::collections::BTreeSet;

use thalweg_contract::Instant;

/// Times, each with the number of what is to be looked at then. Who has an entry here keeps its time, to take it out by.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Instant, u64)>);

impl Timers {
    /// Moves the entry of this number from one time to another; `None`: it has none.
    pub(crate) fn set(&mut self, number: u64, before: Option<Instant>, at: Option<Instant>) {
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.0.remove(&(before, number));
        }
        if let Some(at) = at {
            self.0.insert((at, number));
        }
    }

    /// The first entry.
    pub(crate) fn first(&self) -> Option<(Instant, u64)> {
        self.0.first().copied()
    }

    /// Takes out the first entry whose time has come, and gives its number.
    pub(crate) fn due(&mut self, now: Instant) -> Option<u64> {
        let first = self.first().filter(|(at, _)| *at <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_nothing_before_its_time() {
        let mut timers = Timers::default();
        for (number, at) in [(1, 30), (2, 10), (3, 20)] {
            timers.set(number, None, Some(at));
        }
        timers.set(3, Some(20), Some(40));
        timers.set(1, Some(30), Some(30));
        assert_eq!((timers.due(9), timers.first()), (None, Some((10, 2))));
        assert_eq!((timers.due(35), timers.due(35), timers.due(35)), (Some(2), Some(1), None));
        timers.set(3, Some(40), None);
        assert_eq!(timers.first(), None);
    }
}
