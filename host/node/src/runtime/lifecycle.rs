//! Whether the node serves, stops, or has failed; and what it cannot do without.
//!
//! A panic is contained where the rest stays whole: a request's in its answer, a bucket's in that bucket. What is left are
//! the tasks and threads that everything else rests on. If one of them ends too early the node has failed: connections
//! end, whoever waits gets an error, and `Node::failed` and `Node::shutdown` say why.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::failure::Failure;
use crate::runtime::panics::{Caught, caught};

/// How far a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Serving,
    Stopping,
    /// Why.
    Failed(Arc<str>),
}

/// Whether a node serves, stops, or has failed.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    stage: watch::Sender<Stage>,
    #[cfg(test)]
    fail_points: FailPoints,
}

impl Lifecycle {
    /// That of a node that begins to serve.
    pub(crate) fn begin() -> Arc<Self> {
        Arc::new(Self {
            stage: watch::Sender::new(Stage::Serving),
            #[cfg(test)]
            fail_points: FailPoints::default(),
        })
    }

    /// The node is to stop.
    pub(crate) fn stop(&self) {
        self.stage.send_if_modified(|stage| {
            let serving = *stage == Stage::Serving;
            if serving {
                *stage = Stage::Stopping;
            }
            serving
        });
    }

    /// The node has failed; the first cause stays.
    pub(crate) fn fail(&self, cause: String) {
        tracing::error!(cause, "the node has failed and stops");
        self.stage.send_if_modified(|stage| {
            let first = !matches!(stage, Stage::Failed(_));
            if first {
                *stage = Stage::Failed(cause.into());
            }
            first
        });
    }

    /// Why the node has failed, if it has.
    pub(crate) fn cause(&self) -> Option<Arc<str>> {
        match &*self.stage.borrow() {
            Stage::Failed(cause) => Some(Arc::clone(cause)),
            Stage::Serving | Stage::Stopping => None,
        }
    }

    /// Waits until the node serves no more.
    pub(crate) async fn over(&self) {
        // The sender is here, so that nothing else ends the wait.
        let _ = self.stage.subscribe().wait_for(|stage| *stage != Stage::Serving).await;
    }

    /// Waits until the node has served no more for so long.
    pub(crate) async fn over_for(&self, grace: Duration) {
        self.over().await;
        tokio::time::sleep(grace).await;
    }

    /// Waits until the node has failed, and says why.
    pub(crate) async fn failed(&self) -> Arc<str> {
        let mut stages = self.stage.subscribe();
        loop {
            let _ = stages.wait_for(|stage| matches!(stage, Stage::Failed(_))).await;
            if let Some(cause) = self.cause() {
                return cause;
            }
        }
    }

    /// What is told to whoever waits for work that was given up.
    pub(crate) fn given_up(&self) -> Failure {
        match &*self.stage.borrow() {
            Stage::Stopping => Failure::stopping(),
            Stage::Serving | Stage::Failed(_) => Failure::broken(),
        }
    }

    /// Runs a task that the node cannot do without: if it ends before the node does, the node has failed.
    pub(crate) async fn vital(self: Arc<Self>, what: &'static str, task: impl Future<Output = ()>) {
        let ended = Caught(std::pin::pin!(task)).await;
        self.ended(what, ended);
    }

    /// Does the work of a thread that the node cannot do without.
    pub(crate) fn vital_thread(&self, what: &str, work: impl FnOnce()) {
        self.ended(what, caught(work));
    }

    fn ended(&self, what: &str, ended: Result<(), String>) {
        match ended {
            Err(panic) => self.fail(format!("{what} panicked ({panic})")),
            Ok(()) if *self.stage.borrow() == Stage::Serving => self.fail(format!("{what} ended")),
            Ok(()) => {}
        }
    }
}

/// Stops the node when it is dropped.
#[derive(Debug)]
pub(crate) struct Owner(pub(crate) Arc<Lifecycle>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The places at which a test has the node panic.
#[cfg(test)]
#[derive(Debug, Default)]
struct FailPoints(std::sync::Mutex<Vec<&'static str>>);

#[cfg(test)]
impl Lifecycle {
    /// Has the node panic the next time that it comes to this place.
    pub(crate) fn arm(&self, place: &'static str) {
        crate::runtime::sync::lock(&self.fail_points.0).push(place);
    }

    /// Whether it has still to come to such a place.
    pub(crate) fn is_armed(&self) -> bool {
        !crate::runtime::sync::lock(&self.fail_points.0).is_empty()
    }

    /// Panics if a test wants that here.
    pub(crate) fn fail_point(&self, place: &str) {
        let mut armed = crate::runtime::sync::lock(&self.fail_points.0);
        if let Some(at) = armed.iter().position(|armed| *armed == place) {
            armed.remove(at);
            drop(armed);
            panic!("a test wants it at {place}");
        }
    }
}

#[cfg(not(test))]
impl Lifecycle {
    /// A place at which tests of the node have it panic; nothing else happens here.
    #[inline]
    pub(crate) fn fail_point(&self, _: &str) {}
}
