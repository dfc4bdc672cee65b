//! Panics as values: a task that somebody waits for gives how it ended, whatever ends it.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// The longest text of a panic that is kept, in bytes.
const LONGEST: usize = 300;

/// Waits for a task of our own; where it panics, gives the text of the panic.
pub(crate) async fn caught<T>(task: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(task).catch_unwind().await.map_err(|panic| text(panic.as_ref()))
}

/// What a panic says.
pub(crate) fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("it says no more").lines().next().unwrap_or_default();
    format!("it panicked: {}", crate::text::printable(text, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        let number = 7;
        assert_eq!(caught(async { panic!("seven is {number}") }).await, Err::<(), _>("it panicked: seven is 7".into()));
        assert_eq!(caught(async { panic!("plain") }).await, Err::<(), _>("it panicked: plain".into()));
    }
}
