//! What an engine does not have: sockets, buffers, an alarm and threads for work.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use thalweg_contract::{Action, BufferId, ConnectionId, Event, Frame, Instant, Piece, Range, Work, WorkId, WorkOutput};
use thalweg_tls::Failed;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    connection::{Connection, Events, SocketSettings, Writer},
    engine::Trap,
    held::Held,
    reach::Reach,
    work::{Done, Pool, Task},
};

/// Where connections run, where they tell what they did, and where finished work goes.
type Reports = (Handle, Events, mpsc::UnboundedSender<(WorkId, Done)>);

/// What an engine's actions are carried out on.
pub(super) struct Outside {
    sockets: SocketSettings,
    reach: Arc<Reach>,
    connections: HashMap<ConnectionId, Connection>,
    buffers: HashMap<BufferId, Held>,
    next_buffer: BufferId,
    /// When the engine wants a step.
    pub(super) wake: Option<Instant>,
    /// Where sockets and finished work are reported.
    reports: Option<Reports>,
    /// Work that was too small for another thread, done.
    done_here: Vec<(WorkId, Done)>,
}

impl Outside {
    pub(super) fn new(sockets: SocketSettings, reach: Arc<Reach>) -> Self {
        Self {
            sockets,
            reach,
            connections: HashMap::new(),
            buffers: HashMap::new(),
            next_buffer: 1,
            wake: None,
            reports: None,
            done_here: Vec::new(),
        }
    }

    /// Says where sockets and finished work are reported. Connections run on the tokio runtime of the caller.
    pub(super) fn listen(&mut self, sockets: Events, work: mpsc::UnboundedSender<(WorkId, Done)>) {
        self.reports = Some((Handle::current(), sockets, work));
    }

    /// Whether it was said where to report.
    pub(super) fn listens(&self) -> bool {
        self.reports.is_some()
    }

    /// Carries one action out; an event is handed back.
    pub(super) fn carry_out(&mut self, action: Action) -> Result<Option<Event>, Trap> {
        match action {
            Action::Connect { connection, address } => self.connect(connection, address),
            Action::Send { connection, pieces } => self.send(connection, pieces)?,
            Action::Close { connection } => self.close(connection),
            Action::WakeAt(at) => self.wake = Some(at),
            Action::Work { id, work } => self.work(id, work)?,
            Action::Release(buffer) => drop(self.buffers.remove(&buffer)),
            Action::Event(event) => return Ok(Some(event)),
        }
        Ok(None)
    }

    fn connect(&mut self, id: ConnectionId, address: String) {
        let Some((runtime, events, _)) = &self.reports else { return };
        tracing::debug!(id, address, "connecting");
        self.reach.connecting(&address);
        self.connections.insert(id, Connection::open(runtime, id, address, self.sockets.clone(), events.clone()));
    }

    fn close(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.remove(&id) {
            tracing::debug!(id, address = connection.address, "closed");
        }
    }

    fn send(&mut self, id: ConnectionId, pieces: Vec<Piece>) -> Result<(), Trap> {
        // A connection that ended meanwhile: the engine hears of it soon.
        let Some(Connection { writer: Some(writer), .. }) = self.connections.get(&id) else { return Ok(()) };
        let mut bytes = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Inline(inline) => bytes.push(Bytes::from(inline)),
                Piece::Held(range) => self.give(&range, &mut bytes)?,
            }
        }
        writer.send(bytes);
        Ok(())
    }

    fn work(&mut self, id: WorkId, work: Work) -> Result<(), Trap> {
        let task = match work {
            Work::Encode { codec, level, buffers } => Task::Encode { codec, level, buffers },
            Work::Decode { checked, codec, buffers } => Task::Decode {
                checked: checked.map(|range| self.held(&range)).transpose()?,
                codec,
                buffers: buffers
                    .into_iter()
                    .map(|(range, length)| Ok((self.held(&range)?, length)))
                    .collect::<Result<_, Trap>>()?,
            },
            Work::Keep(bytes) => Task::Keep(Bytes::from(bytes)),
        };
        if task.is_small() {
            self.done_here.push((id, task.run()));
        } else if let Some((_, _, finished)) = &self.reports {
            let finished = finished.clone();
            Pool::shared().run(move || drop(finished.send((id, task.run()))));
        }
        Ok(())
    }

    /// Small work that was done since the last call.
    pub(super) fn done_here(&mut self) -> Vec<(WorkId, Done)> {
        std::mem::take(&mut self.done_here)
    }

    /// Bytes that the engine names.
    pub(super) fn held(&self, range: &Range) -> Result<Bytes, Trap> {
        let buffer = self.buffers.get(&range.buffer);
        let bytes = buffer.and_then(|buffer| buffer.slice(range.offset as usize, range.length as usize));
        bytes.ok_or_else(|| beyond(range, buffer))
    }

    /// Puts bytes that the engine names behind others that are to be sent.
    fn give(&self, range: &Range, out: &mut Vec<Bytes>) -> Result<(), Trap> {
        let buffer = self.buffers.get(&range.buffer);
        let given = buffer.is_some_and(|buffer| buffer.give(range.offset as usize, range.length as usize, out));
        given.then_some(()).ok_or_else(|| beyond(range, buffer))
    }

    fn hold(&mut self, bytes: Held) -> BufferId {
        let id = self.next_buffer;
        self.next_buffer += 1;
        self.buffers.insert(id, bytes);
        id
    }

    /// Keeps a frame until the engine lets it go; `None` if its connection was closed meanwhile.
    pub(super) fn hold_frame(&mut self, id: ConnectionId, bytes: Bytes) -> Option<Frame> {
        let connection = self.connections.get_mut(&id)?;
        if !std::mem::replace(&mut connection.answered, true) {
            self.reach.answered(&connection.address);
        }
        // A frame is no longer than `frame_limit`, which has 32 bits.
        let (length, buffer) = (bytes.len() as u32, self.hold(bytes.clone().into()));
        Some(Frame { connection: id, buffer, length, head: bytes })
    }

    /// Keeps what work gave until the engine lets it go.
    pub(super) fn hold_output(&mut self, done: Done) -> WorkOutput {
        match done {
            Done::Encoded(body, lengths, checksum) => {
                WorkOutput::Encoded { buffer: self.hold(body), lengths, checksum }
            }
            Done::Decoded(body, checksum) => {
                WorkOutput::Decoded { buffer: body.map(|body| self.hold(body.into())), checksum }
            }
            Done::Failed(why) => WorkOutput::Failed(why),
        }
    }

    /// Notes that a server was reached, whose connection does not stand yet.
    pub(super) fn reached(&self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id) {
            self.reach.reached(&connection.address);
        }
    }

    /// Notes a connection that stands; false if it was closed meanwhile.
    pub(super) fn connected(&mut self, id: ConnectionId, writer: Writer) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        self.reach.connected(&connection.address);
        connection.writer = Some(writer);
        true
    }

    /// Notes a connection that ended; false if it was closed before.
    pub(super) fn disconnected(&mut self, id: ConnectionId, failed: &Failed) -> bool {
        let Some(connection) = self.connections.remove(&id) else { return false };
        tracing::debug!(id, address = connection.address, reason = failed.reason, "disconnected");
        self.reach.failed(&connection.address, failed);
        true
    }
}

/// The engine names bytes that are not there.
fn beyond(range: &Range, buffer: Option<&Held>) -> Trap {
    let (from, to) = (range.offset, u64::from(range.offset) + u64::from(range.length));
    let held = buffer.map_or(0, Held::len);
    Trap(format!("it names bytes {from} to {to} of buffer {} which has {held}", range.buffer))
}
