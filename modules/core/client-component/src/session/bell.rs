//! Wakes one waiting task, from any other of the instance.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    task::{Poll, Waker},
};

/// Wakes one waiting task. A ring that nobody waits for is heard by the next who does.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Bell {
    /// Wakes whoever waits.
    pub(crate) fn ring(&self) {
        self.rung.set(true);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for the next ring.
    pub(crate) fn heard(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|context| {
            if self.rung.replace(false) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;

    #[test]
    fn a_ring_is_heard_once() {
        let bell = Bell::default();
        assert_eq!(bell.heard().now_or_never(), None);
        bell.ring();
        bell.ring();
        block_on(bell.heard());
        assert_eq!(bell.heard().now_or_never(), None);
    }
}
