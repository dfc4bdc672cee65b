//! The loop: commands, sockets, finished work and time go into the engine, and its actions are carried out. What waits
//! when a turn begins goes in together.
//!
//! ```text
//! commands  what the client asks of the engine, and what waits for room
//! lookups   what is looked up: the keys of many callers in one call
//! clock     the time that the engine is told
//! ```

mod clock;
mod commands;
mod lookups;

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use thalweg_contract::{Event, Input, Piece, Scanned, Settings, Ticket, WorkId};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep},
};

pub(crate) use self::clock::Clock;
use self::commands::Queued;
use super::{
    command::{Command, Delivered, Lookup, RowCounts},
    connection::{SocketEvent, SocketSettings},
    engine::{EngineInstance, Trap},
    outside::Outside,
    reach::Reach,
    tickets::Tickets,
    work::Done,
};
use crate::panics::caught;

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
        settings: &Settings,
        reach: Arc<Reach>,
        ended: Arc<OnceLock<Ended>>,
    ) -> Self {
        let sockets = SocketSettings {
            connect_timeout: settings.connection.connect_timeout,
            frame_limit: settings.connection.frame_limit as usize,
        };
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
            ended,
        }
    }

    /// Runs until it is closed, the engine traps, or nobody is left who could command.
    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let ended = match caught(self.drive(&mut commands)).await {
            Ok(Ok(())) => Ended::Closed,
            Ok(Err(Trap(cause))) | Err(cause) => {
                tracing::error!(%cause, "the engine broke down");
                Ended::Trapped(cause)
            }
        };
        // Before the commands are dropped, so that whoever gave one finds why.
        let _ = self.ended.set(ended);
    }

    async fn drive(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Result<(), Trap> {
        let (socket_sender, mut sockets) = mpsc::channel::<SocketEvent>(FRAMES_WAITING);
        let (done_sender, mut finished) = mpsc::unbounded_channel();
        self.outside.listen(socket_sender, done_sender);
        let alarm = tokio::time::sleep_until(self.clock.origin);
        tokio::pin!(alarm);
        while self.turn()?.is_continue() {
            let armed = self.arm(alarm.as_mut());
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command)?,
                    None => return Ok(()),
                },
                Some(event) = sockets.recv() => self.socket(event),
                Some((id, done)) = finished.recv() => self.finished(id, done),
                () = alarm.as_mut(), if armed => {}
            }
            for _ in 0..TOGETHER {
                let Ok(command) = commands.try_recv() else { break };
                self.command(command)?;
            }
            for _ in 0..FRAMES_WAITING {
                let Ok(event) = sockets.try_recv() else { break };
                self.socket(event);
            }
            for _ in 0..TOGETHER {
                let Ok((id, done)) = finished.try_recv() else { break };
                self.finished(id, done);
            }
        }
        Ok(())
    }

    /// Sets the alarm to what comes first: the engine's wish or the end of a close. False if there is neither.
    fn arm(&self, alarm: std::pin::Pin<&mut Sleep>) -> bool {
        let wake = self.outside.wake.and_then(|at| self.clock.at(at));
        let Some(at) = [wake, self.give_up].into_iter().flatten().min() else { return false };
        if alarm.deadline() != at {
            alarm.reset(at);
        }
        true
    }

    fn now(&self) -> thalweg_contract::Instant {
        self.clock.now()
    }

    fn socket(&mut self, event: SocketEvent) {
        let input = match event {
            SocketEvent::Connected(id, writer) => self.outside.connected(id, writer).then_some(Input::Connected(id)),
            SocketEvent::Frame(id, frame) => self.outside.hold_frame(id, frame).map(Input::Received),
            SocketEvent::Ended(connection, reason) => {
                let known = self.outside.disconnected(connection, &reason);
                known.then_some(Input::Disconnected { connection, reason })
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
            Ended::Trapped(cause) => format!("the engine broke down ({cause}); connect anew"),
        };
        self.tickets.abandon(&why);
        let counts = self.tickets.counts();
        for reply in self.closing.drain(..) {
            let _ = reply.send(counts);
        }
    }
}
