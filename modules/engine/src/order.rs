//! What a stage wants done.

use thalweg_wire::table::TablePath;

use crate::{
    api::{BufferId, Event, TableHandle, Work},
    call::Call,
};

/// What a stage wants done, in order.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Requests to be sent.
    pub(crate) calls: Vec<Call>,
    /// Work under the stage's own number, buffers and events.
    pub(crate) steps: Vec<Step>,
    /// Tables whose leaders must be asked for again.
    pub(crate) stale: Vec<TableHandle>,
    /// Tables that this engine made or dropped: what is known under these names is old.
    pub(crate) changed: Vec<TablePath>,
}

/// One thing for the host to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Heavy work.
    Work(u64, Work),
    /// A buffer is of no use any more.
    Release(BufferId),
    /// For the user.
    Event(Event),
}

impl Orders {
    /// Tells the user.
    pub(crate) fn event(&mut self, event: Event) {
        self.steps.push(Step::Event(event));
    }
}
