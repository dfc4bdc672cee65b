//! Panics turned into errors, where what is left behind is whole or known not to be.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Does work; what it says when it panics is the error. Who calls this knows what a panic may leave half done.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(&*panic))
}

/// A future that ends with what it says when it panics.
pub(crate) struct Caught<F>(pub(crate) F);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match caught(|| Pin::new(&mut self.0).poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it does not say why".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_panic_says_is_the_error() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| panic!("at {}", 1)), Err::<(), _>("at 1".to_owned()));
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        let odd = caught(|| std::panic::panic_any(1)).map(|(): ()| ());
        assert_eq!(odd, Err("it does not say why".to_owned()));
        assert_eq!(Caught(Box::pin(async { 7 })).await, Ok(7));
        let late = async {
            tokio::task::yield_now().await;
            panic!("late");
        };
        assert_eq!(Caught(Box::pin(late)).await, Err::<(), _>("late".to_owned()));
    }
}
