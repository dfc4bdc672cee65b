//! How a batch is cut into calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::ArrayRef;

use crate::column::{Flattened, LayoutError, flatten_arrays};

/// The most rows of a call: `apply` in `wit/module/transform.wit`.
pub const CALL_ROWS: usize = 8192;

/// The most bytes of a call: `apply` in `wit/module/transform.wit`.
pub const CALL_BYTES: usize = 4 << 20;

/// The rows from `begin` on, at most so many and no more than a call may carry; one row at least.
pub(crate) fn cut(columns: &[ArrayRef], begin: usize, most: usize) -> Result<Flattened, LayoutError> {
    let mut rows = most.max(1);
    loop {
        let slices: Vec<ArrayRef> = columns.iter().map(|column| column.slice(begin, rows)).collect();
        let slice = flatten_arrays(rows, &slices)?;
        if slice.bytes() <= CALL_BYTES || rows == 1 {
            return Ok(slice);
        }
        rows /= 2;
    }
}

/// How many rows the next call to a module has: fewer than `CALL_ROWS` after answers that were too large.
#[derive(Debug)]
pub(crate) struct CallSize(AtomicUsize);

impl CallSize {
    pub(crate) fn new() -> CallSize {
        CallSize(AtomicUsize::new(CALL_ROWS))
    }

    pub(crate) fn rows(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// An answer was too large: the calls that follow have this many rows at most.
    pub(crate) fn shrink(&self, rows: usize) {
        self.0.store(rows.max(1), Ordering::Relaxed);
    }

    /// A call of this size passed: the next ones may be a little larger again.
    pub(crate) fn grow(&self, rows: usize) {
        if rows < CALL_ROWS && rows == self.rows() {
            self.0.store((rows + rows / 8 + 1).min(CALL_ROWS), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::StringArray;

    use super::*;

    #[test]
    fn calls_become_smaller_at_once_and_larger_little_by_little() {
        let size = CallSize::new();
        assert_eq!(size.rows(), CALL_ROWS);
        size.shrink(0);
        assert_eq!(size.rows(), 1);
        size.grow(2);
        assert_eq!(size.rows(), 1, "a call of another size says nothing");
        let mut calls = 0;
        while size.rows() < CALL_ROWS {
            size.grow(size.rows());
            calls += 1;
        }
        assert!(size.rows() == CALL_ROWS && (20..100).contains(&calls), "{calls}");
    }

    #[test]
    fn a_call_carries_no_more_than_it_may_but_one_row_at_least() {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values([
            "a".repeat(CALL_BYTES / 2),
            "b".repeat(CALL_BYTES / 3),
            "c".repeat(CALL_BYTES / 3),
            "d".repeat(CALL_BYTES + 1),
        ]));
        let rows = |begin, most| cut(&[Arc::clone(&texts)], begin, most).expect("texts").rows();
        assert_eq!([rows(0, 4), rows(1, 2), rows(3, 1)], [2, 2, 1]);
    }
}
