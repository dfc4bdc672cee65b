//! The loop: commands, sockets, finished work and time go into the engine, and its actions are carried out.
//!
//! ```text
//! commands  what the client asks of the engine, and what waits for room
//! clock     the time that the engine is told
//! ```

mod clock;
mod commands;

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use thalweg_contract::{Event, Piece, Range, Scanned, Settings, Ticket};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep},
};

pub(crate) use self::clock::Clock;
use self::commands::Queued;
use super::{
    command::{Command, Delivered, RowCounts},
    connection::{SocketEvent, SocketSettings},
    engine::{EngineInstance, Trap},
    outside::Outside,
    reach::Reach,
    tickets::Tickets,
    work::Done,
};
use crate::panics::caught;

/// How many frames may wait for the engine before the sockets are left unread.
const FRAMES_WAITING: usize = 16;

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
    /// Commands that the engine has no room for, in their order.
    queue: VecDeque<Queued>,
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
        let mut flow = self.carry_out()?;
        while flow.is_continue() {
            let armed = self.arm(alarm.as_mut());
            flow = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command)?,
                    None => END,
                },
                Some(event) = sockets.recv() => self.socket(event)?,
                Some((id, done)) = finished.recv() => self.finished(id, done)?,
                () = alarm.as_mut(), if armed => self.alarm()?,
            };
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

    fn alarm(&mut self) -> Flow {
        if self.give_up.is_some_and(|at| at <= Instant::now()) {
            tracing::warn!("not everything had a fate when the client was closed");
            return Ok(END);
        }
        self.outside.wake = None;
        self.engine.tick(self.now())?;
        self.carry_out()
    }

    fn socket(&mut self, event: SocketEvent) -> Flow {
        let now = self.now();
        match event {
            SocketEvent::Connected(id, writer) => {
                if self.outside.connected(id, writer) {
                    self.engine.connected(now, id)?;
                }
            }
            SocketEvent::Frame(id, frame) => {
                if let Some(buffer) = self.outside.hold_frame(id, &frame) {
                    self.engine.received(now, id, buffer, frame)?;
                }
            }
            SocketEvent::Ended(id, reason) => {
                if self.outside.disconnected(id, &reason) {
                    self.engine.disconnected(now, id, &reason)?;
                }
            }
        }
        self.carry_out()
    }

    fn finished(&mut self, id: thalweg_contract::WorkId, done: Done) -> Flow {
        let output = self.outside.hold_output(done);
        self.engine.done(self.now(), id, output)?;
        self.carry_out()
    }

    /// Carries out what the engine says until it has nothing more to say.
    fn carry_out(&mut self) -> Flow {
        loop {
            let actions = self.engine.poll()?;
            if actions.is_empty() {
                return Ok(ON);
            }
            for action in actions {
                let Some(event) = self.outside.carry_out(action)? else { continue };
                if self.event(event)?.is_break() {
                    return Ok(END);
                }
            }
            for (id, done) in self.outside.done_here() {
                let output = self.outside.hold_output(done);
                self.engine.done(self.now(), id, output)?;
            }
        }
    }

    fn event(&mut self, event: Event) -> Flow {
        match event {
            Event::Writable => self.take_queue()?,
            Event::Rows { ticket, scanned } => self.rows(ticket, scanned)?,
            Event::Snapshot { ticket, offset } => self.deliver(ticket, Delivered::Snapshot(offset))?,
            Event::Closed => return Ok(END),
            event => self.tickets.answer(event),
        }
        Ok(ON)
    }

    fn rows(&mut self, ticket: Ticket, mut scanned: Scanned) -> Result<(), Trap> {
        let body = match &mut scanned.body {
            Piece::Held(range) => {
                let body = self.outside.held(range)?;
                // The bytes stay for as long as somebody reads them; the engine need not know.
                self.engine.consumed(range.buffer)?;
                body
            }
            Piece::Inline(body) => {
                let body = Bytes::from(std::mem::take(body));
                // What it takes of the demand stays what it was.
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                scanned.body = Piece::Held(Range { buffer: 0, offset: 0, length });
                body
            }
        };
        self.deliver(ticket, Delivered::Rows(Box::new(scanned), body))
    }

    /// Passes on what a scan gives; ends the scan if nobody reads it any more.
    fn deliver(&mut self, ticket: Ticket, delivered: Delivered) -> Result<(), Trap> {
        if !self.tickets.deliver(ticket, delivered) {
            self.tickets.forget(ticket);
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
