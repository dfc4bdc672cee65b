//! Where connections tell what they did.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::mpsc;

use super::SocketEvent;

/// A driver that takes what a connection did where that comes in.
pub(in crate::driver) trait Taker: Send + Sync {
    /// Takes a small frame if the engine is idle; gives the event back otherwise.
    fn take(&self, event: SocketEvent) -> Result<(), SocketEvent>;
}

/// One of the events that wait, for as long as it is there.
#[derive(Debug)]
pub(in crate::driver) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Where connections tell what they did: the driver itself where it is idle, else its task.
#[derive(Clone)]
pub(in crate::driver) struct Events {
    driver: Weak<dyn Taker>,
    task: mpsc::Sender<(SocketEvent, Waiting)>,
    /// Events that the task has not taken yet. What comes meanwhile may not overtake them.
    waiting: Arc<AtomicUsize>,
}

impl Events {
    pub(in crate::driver) fn new(task: mpsc::Sender<(SocketEvent, Waiting)>, driver: Weak<dyn Taker>) -> Self {
        Self { driver, task, waiting: Arc::default() }
    }

    /// Tells an event; waits while the driver does not keep up. False if it is gone.
    pub(super) async fn tell(&self, event: SocketEvent) -> bool {
        let mut event = event;
        if self.waiting.load(Ordering::Acquire) == 0
            && let Some(driver) = self.driver.upgrade()
        {
            match driver.take(event) {
                Ok(()) => return true,
                Err(left) => event = left,
            }
        }
        self.task.send((event, Waiting::new(&self.waiting))).await.is_ok()
    }
}
