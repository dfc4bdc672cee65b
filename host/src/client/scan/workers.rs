//! Where the messages of a scan are decoded: here, on the shared threads, or, with modules, on a thread of the scan's own.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_contract::Scanned;
use tokio::sync::{mpsc, oneshot};

use super::{batch::ScanBatch, decoder::Decoder};
use crate::{client::Error, driver::Pool};

/// Messages with bodies up to this many bytes are decoded where the stream is polled, larger ones on other threads.
const DECODE_HERE: usize = 64 << 10;

/// A message being decoded.
pub(super) enum Decoded {
    /// It is; `None` once it was taken.
    Here(Option<Box<Result<ScanBatch, Error>>>),
    /// On another thread.
    Elsewhere(oneshot::Receiver<Result<ScanBatch, Error>>),
}

/// Decodes the messages of one scan.
pub(super) struct DecodeWorkers {
    decoder: Arc<Decoder>,
    /// The scan's own thread, which modules need: they see the batches in order, and may hold it up.
    thread: Option<mpsc::UnboundedSender<Job>>,
}

struct Job {
    scanned: Scanned,
    body: Bytes,
    done: oneshot::Sender<Result<ScanBatch, Error>>,
}

impl DecodeWorkers {
    pub(super) fn start(decoder: Decoder) -> Self {
        let decoder = Arc::new(decoder);
        let thread = decoder.chain.is_some().then(|| {
            let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
            let decoder = Arc::clone(&decoder);
            tokio::task::spawn_blocking(move || {
                while let Some(Job { scanned, body, done }) = queue.blocking_recv() {
                    let _ = done.send(decoder.decode(scanned, body));
                }
            });
            jobs
        });
        Self { decoder, thread }
    }

    /// The table, for errors.
    pub(super) fn table(&self) -> &str {
        &self.decoder.table
    }

    /// Decodes a message, or has it decoded.
    pub(super) fn decode(&self, scanned: Scanned, body: Bytes) -> Decoded {
        let (done, decoded) = oneshot::channel();
        if let Some(thread) = &self.thread {
            let _ = thread.send(Job { scanned, body, done });
        } else if body.len() <= DECODE_HERE {
            return Decoded::Here(Some(Box::new(self.decoder.decode(scanned, body))));
        } else {
            let decoder = Arc::clone(&self.decoder);
            Pool::shared().run(move || drop(done.send(decoder.decode(scanned, body))));
        }
        Decoded::Elsewhere(decoded)
    }
}
