//! Turns: work that begins in an order, is done side by side, and goes on in the order in which it began.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// Gives turns out, one after the other.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    /// A turn is over.
    over: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the next turn.
    next: u64,
    /// The turns that are not over.
    open: BTreeSet<u64>,
}

/// A turn. It is over when it is dropped, whether it ever came or not, so that nobody waits for work that was given up.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    number: u64,
}

impl Turns {
    /// Takes the next turn.
    pub(super) fn take(self: &Arc<Self>) -> Turn {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.open.insert(number);
        Turn { turns: Arc::clone(self), number }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// How many turns were taken before it.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Waits until every turn that was taken before is over.
    pub(super) async fn wait(&self) {
        loop {
            let over = self.turns.over.notified();
            tokio::pin!(over);
            over.as_mut().enable();
            if self.turns.state().open.first() == Some(&self.number) {
                return;
            }
            over.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().open.remove(&self.number);
        self.turns.over.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_the_order_in_which_they_were_taken() {
        let (turns, order) = (Arc::new(Turns::default()), Arc::new(Mutex::new(Vec::new())));
        let taken: Vec<Turn> = (0..50).map(|_| turns.take()).collect();
        let work = taken.into_iter().map(|turn| {
            let order = Arc::clone(&order);
            tokio::spawn(async move {
                // The first takes longest.
                tokio::time::sleep(Duration::from_micros((50 - turn.number()) * 100)).await;
                turn.wait().await;
                tokio::task::yield_now().await;
                order.lock().unwrap().push(turn.number());
            })
        });
        for work in work.collect::<Vec<_>>() {
            work.await.unwrap();
        }
        assert!(order.lock().unwrap().iter().copied().eq(0..50));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_given_up_holds_nobody_up() {
        let turns = Arc::new(Turns::default());
        let [first, second, third] = [(); 3].map(|()| turns.take());
        let waiting = tokio::spawn(async move { third.wait().await });
        // One that waits for its turn, given up while it waits.
        let gone = tokio::spawn(async move { second.wait().await });
        tokio::task::yield_now().await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(!waiting.is_finished(), "the first turn is not over");
        drop(first);
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }
}
