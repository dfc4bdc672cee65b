//! Compression and checksums, done on a few threads that all drivers of the process share.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

use bytes::Bytes;
use thalweg_codec::{CodecError, Native};
use thalweg_contract::Codec;

use super::held::Held;

/// What a thread of the pool is to do.
type Job = Box<dyn FnOnce() + Send>;

/// Work in bytes below which handing it to another thread costs more than doing it.
const INLINE_HEAVY: usize = 4 << 10;
/// The same for bytes that are only copied or checked.
const INLINE_LIGHT: usize = 64 << 10;

/// A few threads for work that takes a processor for long.
pub(crate) struct Pool {
    jobs: mpsc::Sender<Job>,
}

impl Pool {
    /// The pool of the process, started when it is first used: a thread a processor, at most 4.
    pub(crate) fn shared() -> &'static Pool {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| Pool::start(thread::available_parallelism().map_or(1, |cores| cores.get().min(4))))
    }

    fn start(threads: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            let run = move || {
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = job else { return };
                    // Whoever waits for a job that panics sees its channel closed.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            };
            if let Err(error) = thread::Builder::new().name(format!("thalweg-work-{number}")).spawn(run) {
                tracing::warn!(%error, "a worker thread could not be started");
            }
        }
        Self { jobs }
    }

    /// Does this on one of the threads; here if there is none.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        if let Err(mpsc::SendError(job)) = self.jobs.send(Box::new(job)) {
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }
}

/// A piece of work with all bytes that it needs.
#[derive(Debug)]
pub(super) enum Task {
    /// `codec.encode`.
    Encode { codec: Codec, level: i32, buffers: Vec<Vec<u8>> },
    /// `codec.checksum` and `codec.decode`.
    Decode { checked: Option<Bytes>, codec: Codec, buffers: Vec<(Bytes, u32)> },
    /// `codec.checksum` of bytes that are kept as they are.
    Keep(Bytes),
}

/// What a piece of work gave.
#[derive(Debug)]
pub(super) enum Done {
    /// The body, the length of each buffer, the checksum.
    Encoded(Held, Vec<u32>, u32),
    /// The decompressed bytes, and the checksum.
    Decoded(Option<Bytes>, u32),
    /// Why not.
    Failed(String),
}

impl Task {
    /// Whether it is too small for another thread.
    pub(super) fn is_small(&self) -> bool {
        match self {
            Task::Encode { codec, buffers, .. } => {
                let limit = if *codec == Codec::None { INLINE_LIGHT } else { INLINE_HEAVY };
                buffers.iter().map(Vec::len).sum::<usize>() <= limit
            }
            Task::Decode { checked, buffers, .. } => {
                checked.as_ref().map_or(0, Bytes::len) <= INLINE_LIGHT
                    && buffers.iter().map(|(_, length)| *length as usize).sum::<usize>() <= INLINE_HEAVY
            }
            Task::Keep(bytes) => bytes.len() <= INLINE_LIGHT,
        }
    }

    /// Does it.
    pub(super) fn run(self) -> Done {
        match catch_unwind(AssertUnwindSafe(|| self.try_run())) {
            Ok(done) => done.unwrap_or_else(|error| Done::Failed(error.to_string())),
            Err(_) => Done::Failed("the codec broke down; the log says where".to_owned()),
        }
    }

    fn try_run(self) -> Result<Done, CodecError> {
        match self {
            Task::Encode { codec: Codec::None, buffers, .. } => {
                let plain = thalweg_codec::plain(&buffers)?;
                let padded = |buffer: Vec<u8>| {
                    let padding = Bytes::from_static(thalweg_codec::padding(buffer.len()));
                    [Bytes::from(buffer), padding]
                };
                Ok(Done::Encoded(buffers.into_iter().flat_map(padded).collect(), plain.lengths, plain.checksum))
            }
            Task::Encode { codec, level, buffers } => {
                let encoded = thalweg_codec::encode::<Native>(codec, level, &buffers)?;
                Ok(Done::Encoded(Bytes::from(encoded.body).into(), encoded.lengths, encoded.checksum))
            }
            Task::Decode { checked, codec, buffers } => {
                let checksum = checked.map_or(0, |bytes| thalweg_codec::checksum(&bytes));
                if buffers.is_empty() {
                    return Ok(Done::Decoded(None, checksum));
                }
                let body = thalweg_codec::decode::<Native>(codec, &buffers)?;
                Ok(Done::Decoded(Some(Bytes::from(body)), checksum))
            }
            Task::Keep(bytes) => {
                let checksum = thalweg_codec::checksum(&bytes);
                let length =
                    u32::try_from(bytes.len()).map_err(|_| CodecError::TooLong { bytes: bytes.len() as u64 })?;
                Ok(Done::Encoded(bytes.into(), vec![length], checksum))
            }
        }
    }
}
