//! A guard around libraries that read files: where one panics over a broken file, that is an error as any other.
//!
//! What the libraries are known not to check is checked before them; the guard is for what nobody knows of yet. While it
//! stands, the text that Rust prints of a panic goes to the log instead of the screen. Panics elsewhere are printed as ever.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};

use crate::formats::{FormatError, RowsIn};

thread_local! {
    /// Whether a guard stands on this thread.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Does this; where it panics, gives an error that names the file.
pub(in crate::formats) fn guarded<T>(
    name: &str,
    read: impl FnOnce() -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    quiet_panics();
    let before = GUARDED.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(before);
    read.unwrap_or_else(|_| Err(broken(name)))
}

/// Rows that are read under a guard: a panic is the last item, an error.
pub(super) fn guarded_rows(name: Arc<str>, mut rows: RowsIn) -> RowsIn {
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let next = guarded(&name, || rows.next().transpose()).transpose();
        ended = !matches!(next, Some(Ok(_)));
        next
    }))
}

/// What is said of a file whose reader did not end in order.
pub(crate) fn broken(name: &str) -> FormatError {
    let problem = "its reader broke down; the file is damaged, or has what thalweg cannot read".into();
    FormatError::Malformed { place: name.to_owned(), problem }
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Puts a hook before the one that prints panics.
fn quiet_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| panic::set_hook(quiet(panic::take_hook())));
}

/// A hook that logs the panics that a guard catches, and passes all others on.
fn quiet(others: Hook) -> Hook {
    Box::new(move |info| match GUARDED.get() {
        true => tracing::debug!("a reader of files broke down: {info}"),
        false => others(info),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow_array::RecordBatch;
    use arrow_schema::Schema;

    use super::*;
    use crate::formats::{Place, Rows, Unit};

    #[test]
    fn a_panic_is_an_error_and_the_end() {
        let error = guarded("a.arrow", || -> Result<(), _> { panic!("index out of bounds") }).expect_err("it panics");
        assert_eq!(
            error.to_string(),
            "a.arrow: its reader broke down; the file is damaged, or has what thalweg cannot read"
        );
        let mut left = 2;
        let rows = std::iter::from_fn(move || {
            left -= 1;
            assert!(left >= 0, "no more can be read");
            let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
            Some(Ok(Rows { batch, place: Place::consecutive("b.arrow".into(), Unit::Row, 1) }))
        });
        let read: Vec<_> = guarded_rows("b.arrow".into(), Box::new(rows)).collect();
        assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn only_panics_outside_a_guard_are_printed() {
        let printed = Arc::new(AtomicUsize::new(0));
        let (counter, here) = (Arc::clone(&printed), std::thread::current().id());
        // Tests beside this one may panic too.
        let count = move |_: &PanicHookInfo<'_>| {
            counter.fetch_add(usize::from(std::thread::current().id() == here), Ordering::SeqCst);
        };
        quiet_panics();
        let before = panic::take_hook();
        panic::set_hook(quiet(Box::new(count)));
        let within = guarded("a.arrow", || -> Result<(), _> { panic!("caught on purpose") });
        let printed_within = printed.load(Ordering::SeqCst);
        let outside = catch_unwind(|| panic!("of a test"));
        panic::set_hook(before);
        assert!(within.is_err() && outside.is_err());
        assert_eq!((printed_within, printed.load(Ordering::SeqCst)), (0, 1));
    }
}
