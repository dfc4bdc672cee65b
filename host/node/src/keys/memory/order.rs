//! Rows in memory in the order of their keys, as far as somebody asks for it: a few sorted runs, each of which is at least
//! twice as long as the next, so that a row is sorted into another run only now and then.

use std::cmp::Ordering;

/// Where a row stands among the bytes.
pub(super) type Position = u32;

/// Sorted runs of the rows before some position.
#[derive(Debug, Default)]
pub(super) struct Order {
    runs: Vec<Vec<Position>>,
    covered: usize,
}

impl Order {
    /// How many positions there is room for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.runs.iter().map(Vec::capacity).sum()
    }

    /// Up to where in the bytes the rows are in the runs.
    pub(super) fn covered(&self) -> usize {
        self.covered
    }

    /// Takes the rows before `covered` that it has not yet, sorted.
    pub(super) fn take(
        &mut self,
        sorted: Vec<Position>,
        covered: usize,
        compare: impl Fn(&Position, &Position) -> Ordering,
    ) {
        self.covered = covered;
        if !sorted.is_empty() {
            self.runs.push(sorted);
        }
        while let [.., before, last] = self.runs.as_slice()
            && before.len() < 2 * last.len()
            && let (Some(last), Some(before)) = (self.runs.pop(), self.runs.last_mut())
        {
            before.reserve_exact(last.len());
            before.extend(last);
            // Two sorted runs are merged, not sorted anew.
            before.sort_by(&compare);
        }
    }

    /// The rows in order, from the first on that is not `before` what is looked for.
    pub(super) fn from<'a, K: Ord>(
        &'a self,
        before: impl Fn(Position) -> bool,
        key: impl Fn(Position) -> K + 'a,
    ) -> impl Iterator<Item = Position> + 'a {
        let rest = |run: &'a Vec<Position>| {
            let at = run.partition_point(|position| before(*position));
            run.get(at..).unwrap_or_default()
        };
        let mut runs: Vec<&[Position]> = self.runs.iter().map(rest).collect();
        std::iter::from_fn(move || {
            let heads = runs.iter_mut().filter(|run| !run.is_empty());
            let least = heads.min_by_key(|run| run.first().map(|position| key(*position)))?;
            let (first, rest) = least.split_first()?;
            *least = rest;
            Some(*first)
        })
    }
}
