//! A socket: connecting, cutting frames, writing pieces.

use std::{
    io::{self, ErrorKind, IoSlice},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes};
use futures::StreamExt;
use thalweg_contract::ConnectionId;
use tokio::{
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Handle,
    sync::mpsc,
    task::AbortHandle,
};
use tokio_util::codec::LengthDelimitedCodec;

use super::task::DriverAccess;
use crate::panics::caught;

/// What a socket did.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// The connection stands; frames go out here.
    Connected(ConnectionId, Writer),
    /// A whole frame came in.
    Frame(ConnectionId, Bytes),
    /// The connection could not be made, or ended: why.
    Ended(ConnectionId, String),
    /// The server is not on this machine, and a password would go there in clear text: its address.
    Exposed(String),
}

/// One of the events that wait, for as long as it is there.
#[derive(Debug)]
pub(super) struct Waiting(Arc<AtomicUsize>);

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
pub(super) struct Events {
    driver: Weak<DriverAccess>,
    task: mpsc::Sender<(SocketEvent, Waiting)>,
    /// Events that the task has not taken yet. What comes meanwhile may not overtake them.
    waiting: Arc<AtomicUsize>,
}

impl Events {
    pub(super) fn new(task: mpsc::Sender<(SocketEvent, Waiting)>, driver: Weak<DriverAccess>) -> Self {
        Self { driver, task, waiting: Arc::default() }
    }

    /// Tells an event; waits while the driver does not keep up. False if it is gone.
    async fn tell(&self, event: SocketEvent) -> bool {
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

/// How a socket is made and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketSettings {
    /// How long connecting may take, with the look-up of the name.
    pub(super) connect_timeout: Duration,
    /// The longest frame that is taken, in bytes.
    pub(super) frame_limit: usize,
    /// Whether only servers on this machine may be talked to, as a password goes to them in clear text.
    pub(super) only_loopback: bool,
}

/// A connection as the driver holds it. Its task ends with it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: String,
    /// `None` until it stands.
    pub(super) writer: Option<Writer>,
    /// Whether a frame came in.
    pub(super) answered: bool,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Starts to connect, on this runtime; what comes of it goes to `events`.
    pub(super) fn open(
        runtime: &Handle,
        id: ConnectionId,
        address: String,
        settings: SocketSettings,
        events: Events,
    ) -> Self {
        let target = address.clone();
        let task = runtime.spawn(async move {
            let reason = match caught(serve(id, &target, settings, &events)).await {
                Ok(Err(error)) => error.to_string(),
                Err(cause) => cause,
            };
            events.tell(SocketEvent::Ended(id, reason)).await;
        });
        Self { address, writer: None, answered: false, task: task.abort_handle() }
    }
}

/// Never to be had.
enum Never {}

/// Connects, reads and writes until one of them fails.
async fn serve(id: ConnectionId, address: &str, settings: SocketSettings, events: &Events) -> io::Result<Never> {
    let connecting = tokio::time::timeout(settings.connect_timeout, TcpStream::connect(address)).await;
    let stream = connecting.unwrap_or_else(|_| {
        let text = format!("no connection within {:?}", settings.connect_timeout);
        Err(io::Error::new(ErrorKind::TimedOut, text))
    })?;
    if settings.only_loopback && !stream.peer_addr()?.ip().to_canonical().is_loopback() {
        events.tell(SocketEvent::Exposed(address.to_owned())).await;
        // The driver ends, and this task with it.
        std::future::pending::<()>().await;
    }
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let (queue, queued) = mpsc::unbounded_channel();
    let writer = Writer { half: Arc::new(write), queue, waiting: Arc::default() };
    let (half, waiting) = (Arc::clone(&writer.half), Arc::clone(&writer.waiting));
    if !events.tell(SocketEvent::Connected(id, writer)).await {
        return Err(io::Error::other("the client is gone"));
    }
    tokio::select! {
        ended = read_frames(id, read, settings.frame_limit, events) => ended,
        ended = write_queue(&half, queued, &waiting) => ended,
    }
}

async fn read_frames(id: ConnectionId, read: OwnedReadHalf, limit: usize, events: &Events) -> io::Result<Never> {
    let mut frames = LengthDelimitedCodec::builder().max_frame_length(limit).new_read(read);
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => io::Error::new(
                ErrorKind::InvalidData,
                format!("the server sent a frame longer than the limit of {limit} bytes (the setting `frame_limit`)"),
            ),
            _ => error,
        })?;
        if !events.tell(SocketEvent::Frame(id, frame.freeze())).await {
            return Err(io::Error::other("the client is gone"));
        }
    }
    Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"))
}

/// Writes of up to this many bytes are tried at once, without going through the connection's task.
const DIRECT: usize = 64 << 10;
/// The most pieces that one call of the operating system takes.
const SLICES: usize = 64;

/// Where frames go out.
#[derive(Debug)]
pub(super) struct Writer {
    half: Arc<OwnedWriteHalf>,
    queue: mpsc::UnboundedSender<Pieces>,
    /// How many writes are in the queue or being written.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Writes these bytes after all that came before. A failure is reported by the connection's task.
    pub(super) fn send(&self, pieces: Vec<Bytes>) {
        let mut pieces = Pieces { pieces, first: 0 };
        let small = pieces.remaining() <= DIRECT;
        // Only the driver sends, so what is zero here stays so until it has sent.
        if small && self.waiting.load(Ordering::Acquire) == 0 && matches!(pieces.write_once(&self.half), Ok(true)) {
            return;
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _ = self.queue.send(pieces);
    }
}

async fn write_queue(
    half: &OwnedWriteHalf,
    mut queue: mpsc::UnboundedReceiver<Pieces>,
    waiting: &AtomicUsize,
) -> io::Result<Never> {
    while let Some(mut pieces) = queue.recv().await {
        while pieces.remaining() > 0 {
            half.writable().await?;
            match pieces.write_once(half) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
    Err(io::Error::other("the client is gone"))
}

/// Bytes on their way out, held where they are.
#[derive(Debug)]
struct Pieces {
    pieces: Vec<Bytes>,
    /// The first that is not written out.
    first: usize,
}

impl Pieces {
    fn remaining(&self) -> usize {
        self.pieces[self.first..].iter().map(Bytes::len).sum()
    }

    /// Writes what the socket takes now; true if that was all.
    fn write_once(&mut self, half: &OwnedWriteHalf) -> io::Result<bool> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut used = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces[self.first..]) {
            *slice = IoSlice::new(piece);
            used += 1;
        }
        let mut written = half.try_write_vectored(&slices[..used])?;
        if written == 0 && self.remaining() > 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        while let Some(piece) = self.pieces.get_mut(self.first) {
            let part = written.min(piece.len());
            piece.advance(part);
            written -= part;
            if !piece.is_empty() {
                return Ok(false);
            }
            self.first += 1;
        }
        Ok(true)
    }
}
