//! Frames into a connection. Small ones are written by whoever sends them where nothing stands before them.

use std::{
    io::{self, ErrorKind, IoSlice},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::tcp::OwnedWriteHalf,
    sync::mpsc,
};

/// Writes that wait for the connection's task.
pub(super) type Queue = mpsc::UnboundedReceiver<Pieces>;

/// Writes of up to this many bytes are tried at once, without going through the connection's task.
const DIRECT: usize = 64 << 10;
/// The most pieces that one call of the operating system takes.
const SLICES: usize = 64;

/// Where frames go out.
#[derive(Debug)]
pub(in crate::driver) struct Writer {
    /// The socket, where what is written to it needs no work before.
    direct: Option<Arc<OwnedWriteHalf>>,
    queue: mpsc::UnboundedSender<Pieces>,
    /// How many writes are in the queue or being written.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// One that writes to the socket itself where it can; and what its queue and the count of what waits are for.
    pub(super) fn direct(socket: Arc<OwnedWriteHalf>) -> (Self, Queue, Arc<AtomicUsize>) {
        let (queue, queued) = mpsc::unbounded_channel();
        let waiting = Arc::<AtomicUsize>::default();
        (Self { direct: Some(socket), queue, waiting: Arc::clone(&waiting) }, queued, waiting)
    }

    /// One that leaves all to the connection's task.
    pub(super) fn queued() -> (Self, Queue) {
        let (queue, queued) = mpsc::unbounded_channel();
        (Self { direct: None, queue, waiting: Arc::default() }, queued)
    }

    /// Writes these bytes after all that came before. A failure is reported by the connection's task.
    pub(in crate::driver) fn send(&self, pieces: Vec<Bytes>) {
        let mut pieces = Pieces { pieces, first: 0 };
        if let Some(direct) = &self.direct {
            let small = pieces.remaining() <= DIRECT;
            // Only the driver sends, so what is zero here stays so until it has sent.
            if small && self.waiting.load(Ordering::Acquire) == 0 && matches!(pieces.write_once(direct), Ok(true)) {
                return;
            }
            self.waiting.fetch_add(1, Ordering::AcqRel);
        }
        let _ = self.queue.send(pieces);
    }
}

/// Writes what waits, until that fails: why.
pub(super) async fn write_queue(socket: &OwnedWriteHalf, mut queue: Queue, waiting: &AtomicUsize) -> io::Error {
    while let Some(mut pieces) = queue.recv().await {
        while pieces.remaining() > 0 {
            let written = match socket.writable().await {
                Ok(()) => pieces.write_once(socket),
                Err(error) => return error,
            };
            match written {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return error,
                _ => {}
            }
        }
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
    io::Error::other("the client is gone")
}

/// Encrypts and writes what waits, a little at a time, until that fails: why.
pub(super) async fn write_secure(mut stream: impl AsyncWrite + Unpin, mut queue: Queue) -> io::Error {
    while let Some(mut pieces) = queue.recv().await {
        while pieces.remaining() > 0 {
            let written = stream.write_vectored(pieces.slices(&mut [IoSlice::new(&[]); SLICES])).await;
            match written.and_then(|written| pieces.advance(written)) {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
        if let Err(error) = stream.flush().await {
            return error;
        }
    }
    io::Error::other("the client is gone")
}

/// Bytes on their way out, held where they are.
#[derive(Debug)]
pub(super) struct Pieces {
    pieces: Vec<Bytes>,
    /// The first that is not written out.
    first: usize,
}

impl Pieces {
    fn remaining(&self) -> usize {
        self.pieces[self.first..].iter().map(Bytes::len).sum()
    }

    /// The next of them, as one call takes them.
    fn slices<'a>(&'a self, slices: &'a mut [IoSlice<'a>; SLICES]) -> &'a [IoSlice<'a>] {
        let mut used = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces[self.first..]) {
            *slice = IoSlice::new(piece);
            used += 1;
        }
        &slices[..used]
    }

    /// Writes what the socket takes now; true if that was all.
    fn write_once(&mut self, socket: &OwnedWriteHalf) -> io::Result<bool> {
        let written = socket.try_write_vectored(self.slices(&mut [IoSlice::new(&[]); SLICES]))?;
        self.advance(written)
    }

    /// Notes that so many bytes were written; true if that was all.
    fn advance(&mut self, mut written: usize) -> io::Result<bool> {
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
