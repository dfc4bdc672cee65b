//! The loop: commands, sockets, finished work and time go into the engine, and its actions are carried out. What waits
//! when a turn begins goes in together.
//!
//! ```text
//! access    the task, and what others carry out in its place
//! commands  what the client asks of the engine, and what waits for room
//! lookups   what is looked up: the keys of many callers in one call
//! clock     the time that the engine is told
//! ```

mod access;
mod clock;
mod commands;
mod lookups;

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use thalweg_contract::{Event, Input, Piece, Scanned, Ticket, WorkId};
use tokio::{sync::oneshot, time::Instant};

use self::commands::Queued;
pub(crate) use self::{access::DriverAccess, clock::Clock};
use super::{
    command::{Delivered, Lookup, RowCounts},
    connection::{SocketEvent, SocketSettings},
    engine::{EngineInstance, Trap},
    outside::Outside,
    reach::Reach,
    tickets::Tickets,
    work::Done,
};

/// How many frames may wait for the engine before the sockets are left unread; so many go into one turn.
const FRAMES_WAITING: usize = 16;

/// The most commands, and the most finished work, that go into one turn.
const TOGETHER: usize = 256;

/// Why a driver is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was closed.
    Closed,
    /// Its task was dropped, with the runtime that it ran on, or it broke.
    Dropped,
    /// The engine trapped: how.
    Trapped(String),
    /// A password would have gone in clear text to this server.
    Exposed(String),
}

/// A driver with its engine.
pub(crate) struct Driver {
    engine: Box<dyn EngineInstance>,
    clock: Clock,
    outside: Outside,
    tickets: Tickets,
    /// Writes and flushes that the engine does not have yet, in their order.
    queue: VecDeque<Queued>,
    /// A write was refused for want of room: the queue waits for `Writable`.
    full: bool,
    /// Lookups that the engine does not have yet.
    lookups: Vec<Lookup>,
    /// What happened since the engine's last step.
    inputs: Vec<Input>,
    /// The engine was called otherwise since its last step.
    called: bool,
    closing: Vec<oneshot::Sender<RowCounts>>,
    /// When a close is over at the latest.
    give_up: Option<Instant>,
    /// When the task looks again by itself.
    armed: Option<Instant>,
    /// How it ended in other hands than those of its task.
    over: Option<Result<(), Trap>>,
    ended: Arc<OnceLock<Ended>>,
}

/// Whether the loop goes on.
type Flow = Result<std::ops::ControlFlow<()>, Trap>;
const ON: std::ops::ControlFlow<()> = std::ops::ControlFlow::Continue(());
const END: std::ops::ControlFlow<()> = std::ops::ControlFlow::Break(());

impl Driver {
    /// Makes a driver of an engine that was opened by this clock. `ended` is set when the driver ends.
    pub(crate) fn new(
        engine: Box<dyn EngineInstance>,
        clock: Clock,
        sockets: SocketSettings,
        reach: Arc<Reach>,
        ended: Arc<OnceLock<Ended>>,
    ) -> Self {
        Self {
            engine,
            clock,
            outside: Outside::new(sockets, reach),
            tickets: Tickets::default(),
            queue: VecDeque::new(),
            full: false,
            lookups: Vec::new(),
            inputs: Vec::new(),
            called: false,
            closing: Vec::new(),
            give_up: None,
            armed: None,
            over: None,
            ended,
        }
    }

    fn now(&self) -> thalweg_contract::Instant {
        self.clock.now()
    }

    fn socket(&mut self, event: SocketEvent) {
        let input = match event {
            SocketEvent::Reached(id) => return self.outside.reached(id),
            SocketEvent::Connected(id, writer) => self.outside.connected(id, writer).then_some(Input::Connected(id)),
            SocketEvent::Frame(id, frame) => self.outside.hold_frame(id, frame).map(Input::Received),
            SocketEvent::Ended(connection, failed) => {
                let known = self.outside.disconnected(connection, &failed);
                known.then_some(Input::Disconnected { connection, reason: failed.reason })
            }
            SocketEvent::Exposed(address) => {
                // Trying again does not help, and other servers of the cluster will not be nearer.
                let _ = self.ended.set(Ended::Exposed(address));
                None
            }
        };
        self.inputs.extend(input);
    }

    fn finished(&mut self, work: WorkId, done: Done) {
        let output = self.outside.hold_output(done);
        self.inputs.push(Input::Done { work, output });
    }

    /// Tells the engine what there is to tell, and carries out what it says, until neither is left.
    fn turn(&mut self) -> Flow {
        if self.ended.get().is_some() {
            return Ok(END);
        }
        if self.give_up.is_some_and(|at| at <= Instant::now()) {
            tracing::warn!("not everything had a fate when the client was closed");
            return Ok(END);
        }
        loop {
            self.submit()?;
            self.called = false;
            let now = self.now();
            self.outside.wake = self.outside.wake.filter(|at| *at > now);
            for action in self.engine.step(now, mem::take(&mut self.inputs))? {
                let Some(event) = self.outside.carry_out(action)? else { continue };
                if self.event(event)?.is_break() {
                    return Ok(END);
                }
            }
            for (id, done) in self.outside.done_here() {
                self.finished(id, done);
            }
            self.submit()?;
            if self.inputs.is_empty() && !self.called {
                return Ok(ON);
            }
        }
    }

    fn event(&mut self, event: Event) -> Flow {
        match event {
            Event::Writable => self.full = false,
            Event::Rows { ticket, scanned } => self.rows(ticket, scanned)?,
            Event::Found { tickets, result } => self.tickets.found(&tickets, result)?,
            Event::Snapshot { ticket, offset } => self.deliver(ticket, Delivered::Snapshot(offset))?,
            Event::Closed => return Ok(END),
            event => self.tickets.answer(event),
        }
        Ok(ON)
    }

    fn rows(&mut self, ticket: Ticket, mut scanned: Scanned) -> Result<(), Trap> {
        let body = match mem::replace(&mut scanned.body, Piece::Inline(Vec::new())) {
            Piece::Held(range) => {
                // The bytes stay for as long as somebody reads them; the engine need not know.
                self.inputs.push(Input::Consumed(range.buffer));
                self.outside.held(&range)?
            }
            Piece::Inline(body) => Bytes::from(body),
        };
        self.deliver(ticket, Delivered::Rows(Box::new(scanned), body))
    }

    /// Passes on what a scan gives; ends the scan if nobody reads it any more.
    fn deliver(&mut self, ticket: Ticket, delivered: Delivered) -> Result<(), Trap> {
        if !self.tickets.deliver(ticket, delivered) {
            self.tickets.forget(ticket);
            self.called = true;
            self.engine.cancel(self.now(), ticket)?;
        }
        Ok(())
    }
}

impl Drop for Driver {
    /// However the driver ends, everybody who waits is told.
    fn drop(&mut self) {
        let ended = self.ended.get_or_init(|| Ended::Dropped);
        let why = match ended {
            Ended::Closed => "the client was closed before these rows had a fate".to_owned(),
            Ended::Dropped => "the client was dropped before these rows had a fate; close it first".to_owned(),
            Ended::Exposed(address) => format!("the password would have gone to {address} in clear text"),
            Ended::Trapped(cause) => format!("the engine broke down ({cause}); connect anew"),
        };
        self.tickets.abandon(&why);
        let counts = self.tickets.counts();
        for reply in self.closing.drain(..) {
            let _ = reply.send(counts);
        }
    }
}
