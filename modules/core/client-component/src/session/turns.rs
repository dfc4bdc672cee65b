//! Whose turn it is, among those who wait for room in the write buffer: in the order in which they came.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use super::bell::Bell;

/// A queue of waiting tasks, of which the first may go on.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    queue: RefCell<VecDeque<Rc<Bell>>>,
}

/// A place in the queue, left when it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    bell: Rc<Bell>,
}

impl Turns {
    /// Takes the last place, and waits until it is the first.
    pub(crate) async fn take(&self) -> Turn<'_> {
        let bell = Rc::new(Bell::default());
        self.queue.borrow_mut().push_back(Rc::clone(&bell));
        let turn = Turn { turns: self, bell };
        while !turn.is_first() {
            turn.bell.heard().await;
        }
        turn
    }
}

impl Turn<'_> {
    fn is_first(&self) -> bool {
        self.turns.queue.borrow().front().is_some_and(|first| Rc::ptr_eq(first, &self.bell))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.turns.queue.borrow_mut();
        queue.retain(|bell| !Rc::ptr_eq(bell, &self.bell));
        if let Some(first) = queue.front() {
            first.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;

    #[test]
    fn places_are_served_in_order_and_may_be_given_up() {
        let turns = Turns::default();
        let first = block_on(turns.take());
        let (mut second, mut third) = (Box::pin(turns.take()), Box::pin(turns.take()));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(second);
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.now_or_never().is_some());
    }
}
