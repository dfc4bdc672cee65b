//! The loop: commands, sockets, finished work and time go into the engine, and its actions are carried out.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use thalweg_contract::{Error, ErrorCode, Event, Piece, Range, Scanned, Settings, Ticket};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep},
};

use super::{
    command::{Change, Command, Delivered, LookupBy, RowCounts, Scan, Write},
    connection::{SocketEvent, SocketSettings},
    instance::{EngineInstance, Trap},
    ledger::{Ledger, Rows, Waiter},
    outside::Outside,
    reach::Reach,
    work::Done,
};
use crate::panics::caught;

/// How many frames may wait for the engine before the sockets are left unread.
const FRAMES_WAITING: usize = 16;

/// How much longer than its deadline a close may take, before the driver ends all the same.
const GRACE: Duration = Duration::from_secs(1);

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

/// What engines are told of the time: that of day when the clock was made, and how much has passed since. So it never
/// falls, whatever becomes of the time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    /// The time of day then, in microseconds since 1970-01-01T00:00:00Z.
    base: u64,
}

impl Clock {
    /// One that begins now.
    pub(crate) fn begin() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Not 0: an engine may mean "never yet" by it.
        Self { origin: Instant::now(), base: u64::try_from(since.as_micros()).unwrap_or(u64::MAX).max(1) }
    }

    /// The time now.
    pub(crate) fn now(&self) -> thalweg_contract::Instant {
        self.base.saturating_add(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// When it will be this time; `None`: never.
    fn at(&self, time: thalweg_contract::Instant) -> Option<Instant> {
        self.origin.checked_add(Duration::from_micros(time.saturating_sub(self.base)))
    }
}

/// A driver with its engine.
pub(crate) struct Driver {
    engine: Box<dyn EngineInstance>,
    clock: Clock,
    outside: Outside,
    ledger: Ledger,
    /// Commands that the engine has no room for, in their order.
    queue: VecDeque<Queued>,
    closing: Vec<oneshot::Sender<RowCounts>>,
    /// When a close is over at the latest.
    give_up: Option<Instant>,
    ended: Arc<OnceLock<Ended>>,
}

/// A command that waits for room.
enum Queued {
    Write(Write),
    /// It may not pass a write that came before it.
    Flush(oneshot::Sender<()>),
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
            ledger: Ledger::default(),
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

    fn command(&mut self, command: Command) -> Flow {
        let now = self.now();
        match command {
            Command::OpenTable { path, reply } => {
                let ticket = self.engine.open_table(now, path)?;
                self.ledger.enter(ticket, Waiter::Open(reply));
            }
            Command::Write(write) => {
                self.queue.push_back(Queued::Write(write));
                if self.queue.len() == 1 {
                    self.take_queue()?;
                }
            }
            Command::Flush { reply } => {
                self.queue.push_back(Queued::Flush(reply));
                if self.queue.len() == 1 {
                    self.take_queue()?;
                }
            }
            Command::Scan { table, what, demand, rows, reply } => {
                let started = match what {
                    Scan::Log(spec) => self.engine.scan(now, table, spec)?,
                    Scan::Limit(bucket, limit) => self.engine.limit_scan(now, table, bucket, limit)?,
                    Scan::Current(bucket) => self.engine.scan_current(now, table, bucket)?,
                };
                if let Ok(ticket) = &started {
                    self.ledger.enter(*ticket, Waiter::Scan(rows));
                    self.engine.demand(now, *ticket, demand)?;
                }
                let _ = reply.send(started);
            }
            Command::Lookup { table, keys, by, reply } => {
                let started = match by {
                    LookupBy::Key { insert } => self.engine.lookup(now, table, &keys.batch(), insert)?,
                    LookupBy::Prefix => self.engine.prefix_lookup(now, table, &keys.batch())?,
                };
                match started {
                    Ok(ticket) => self.ledger.enter(ticket, Waiter::Lookup(reply)),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
            Command::Demand { scan, bytes } => self.engine.demand(now, scan, bytes)?,
            Command::Ask { request, reply } => {
                let ticket = self.engine.ask(now, request)?;
                self.ledger.enter(ticket, Waiter::Ask(reply));
            }
            Command::Cancel { ticket } => {
                self.ledger.strike(ticket);
                self.engine.cancel(now, ticket)?;
            }
            Command::Close { within, reply } => self.close(now, within, reply)?,
            Command::Statistics { reply } => {
                let _ = reply.send(self.engine.statistics()?);
            }
        }
        self.carry_out()
    }

    fn close(
        &mut self,
        now: thalweg_contract::Instant,
        within: Duration,
        reply: oneshot::Sender<RowCounts>,
    ) -> Result<(), Trap> {
        self.closing.push(reply);
        if self.give_up.is_some() {
            return Ok(());
        }
        let micros = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
        let latest = Instant::now().checked_add(within).and_then(|at| at.checked_add(GRACE));
        self.give_up = Some(latest.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400)));
        self.engine.close(now, now.saturating_add(micros))?;
        for queued in self.queue.drain(..) {
            if let Queued::Write(write) = queued {
                let _ = write.accepted.send(Err(Error { code: ErrorCode::Closed, retriable: false }));
            }
        }
        Ok(())
    }

    /// Gives the engine what waits, in order, until it has no room.
    fn take_queue(&mut self) -> Result<(), Trap> {
        while let Some(first) = self.queue.pop_front() {
            match first {
                Queued::Write(write) => {
                    if let Some(write) = self.take(write)? {
                        self.queue.push_front(Queued::Write(write));
                        return Ok(());
                    }
                }
                Queued::Flush(reply) => {
                    let ticket = self.engine.flush(self.now())?;
                    self.ledger.enter(ticket, Waiter::Flush(reply));
                }
            }
        }
        Ok(())
    }

    /// Gives the engine rows; gives them back if it has no room.
    fn take(&mut self, write: Write) -> Result<Option<Write>, Trap> {
        if write.accepted.is_closed() {
            return Ok(None);
        }
        let (now, rows) = (self.now(), write.rows.rows() as u32);
        let taken = match &write.change {
            Change::Append => self.engine.append(now, write.table, &write.rows.batch())?,
            Change::Upsert(columns) => self.engine.upsert(now, write.table, columns.as_deref(), &write.rows.batch())?,
            Change::Delete => self.engine.delete(now, write.table, &write.rows.batch())?,
        };
        match taken {
            Ok(ticket) => {
                let (settled, told) = oneshot::channel();
                self.ledger.enter(ticket, Waiter::Write(Rows::new(rows, settled)));
                let _ = write.accepted.send(Ok(told));
            }
            Err(Error { code: ErrorCode::Full { needed }, .. }) => {
                if self.engine.statistics()?.buffered > 0 {
                    return Ok(Some(write));
                }
                let text = format!(
                    "{rows} rows need {needed} bytes more than the whole write buffer has; write fewer rows at once, or \
                     raise the buffer limit"
                );
                let _ = write.accepted.send(Err(Error { code: ErrorCode::Invalid(text), retriable: false }));
            }
            Err(error) => {
                let _ = write.accepted.send(Err(error));
            }
        }
        Ok(None)
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
            event => self.ledger.tell(event),
        }
        Ok(ON)
    }
}

impl Driver {
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
        if !self.ledger.deliver(ticket, delivered) {
            self.ledger.strike(ticket);
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
        self.ledger.abandon(&why);
        let counts = self.ledger.counts();
        for reply in self.closing.drain(..) {
            let _ = reply.send(counts);
        }
    }
}
