//! A socket: connecting, cutting frames, writing pieces.

use std::{
    io::{self, ErrorKind, IoSlice},
    sync::{
        Arc,
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
    sync::mpsc,
    task::AbortHandle,
};
use tokio_util::codec::LengthDelimitedCodec;

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
}

/// How a socket is made and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketSettings {
    /// How long connecting may take, with the look-up of the name.
    pub(super) connect_timeout: Duration,
    /// The longest frame that is taken, in bytes.
    pub(super) frame_limit: usize,
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
    /// Starts to connect; what comes of it goes to `events`, and waits there when the driver does not keep up.
    pub(super) fn open(
        id: ConnectionId,
        address: String,
        settings: SocketSettings,
        events: mpsc::Sender<SocketEvent>,
    ) -> Self {
        let target = address.clone();
        let task = tokio::spawn(async move {
            let reason = match caught(serve(id, &target, settings, &events)).await {
                Ok(Err(error)) => error.to_string(),
                Err(cause) => cause,
            };
            let _ = events.send(SocketEvent::Ended(id, reason)).await;
        });
        Self { address, writer: None, answered: false, task: task.abort_handle() }
    }
}

/// Never to be had.
enum Never {}

/// Connects, reads and writes until one of them fails.
async fn serve(
    id: ConnectionId,
    address: &str,
    settings: SocketSettings,
    events: &mpsc::Sender<SocketEvent>,
) -> io::Result<Never> {
    let connecting = tokio::time::timeout(settings.connect_timeout, TcpStream::connect(address)).await;
    let stream = connecting.unwrap_or_else(|_| {
        let text = format!("no connection within {:?}", settings.connect_timeout);
        Err(io::Error::new(ErrorKind::TimedOut, text))
    })?;
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let (queue, queued) = mpsc::unbounded_channel();
    let writer = Writer { half: Arc::new(write), queue, waiting: Arc::default() };
    let (half, waiting) = (Arc::clone(&writer.half), Arc::clone(&writer.waiting));
    if events.send(SocketEvent::Connected(id, writer)).await.is_err() {
        return Err(io::Error::other("the client is gone"));
    }
    tokio::select! {
        ended = read_frames(id, read, settings.frame_limit, events) => ended,
        ended = write_queue(&half, queued, &waiting) => ended,
    }
}

async fn read_frames(
    id: ConnectionId,
    read: OwnedReadHalf,
    limit: usize,
    events: &mpsc::Sender<SocketEvent>,
) -> io::Result<Never> {
    let mut frames = LengthDelimitedCodec::builder().max_frame_length(limit).new_read(read);
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => io::Error::new(
                ErrorKind::InvalidData,
                format!("the server sent a frame longer than the limit of {limit} bytes (the setting `frame_limit`)"),
            ),
            _ => error,
        })?;
        if events.send(SocketEvent::Frame(id, frame.freeze())).await.is_err() {
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
