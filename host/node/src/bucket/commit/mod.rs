//! Group commit: a few threads write all logs. Each takes whatever has arrived, writes it, flushes once a bucket, and
//! only then answers; what arrives meanwhile is the next round.
//!
//! A bucket always belongs to the same thread, so its batches are written in the order in which they were handed over.

mod guard;
mod round;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use self::guard::guarded;
use self::round::Round;
use super::{Bucket, PutError};
use crate::error::NodeError;
use crate::ids::BucketId;
use crate::keys::{BucketKeys, Put};
use crate::log::batch::Batch;
use crate::log::{AppendError, Policy};
use crate::runtime::clock;
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::sync::lock;

/// Bytes written in one round at most, so that the first of them do not wait for ever.
const ROUND_BYTES: usize = 64 << 20;
/// The share of the memory for rows by key that the key batches of one round may have: their changes are in memory twice, until
/// it is committed.
const ROUND_SHARE: usize = 8;

/// Buckets whose files a thread keeps open.
const OPEN_FILES: usize = 64;

/// The offset of the first row of an append, or why it was not taken.
pub(crate) type AppendResult = Result<i64, AppendError>;

/// The offset behind the changes of a key batch, or why it was not taken.
pub(crate) type PutResult = Result<i64, PutError>;

enum Work {
    Append { bucket: Arc<Bucket>, batches: Vec<Batch>, reply: oneshot::Sender<AppendResult> },
    Put { bucket: Arc<Bucket>, keys: Arc<BucketKeys>, put: Put, reply: oneshot::Sender<PutResult> },
    Retain { bucket: Arc<Bucket>, policy: Policy },
    Retire { bucket: Arc<Bucket>, reply: oneshot::Sender<()> },
    Close { bucket: Arc<Bucket>, reply: oneshot::Sender<Result<(), AppendError>> },
    Stop,
}

/// The threads that write the logs.
#[derive(Debug)]
pub(crate) struct Committer {
    threads: Vec<CommitThread>,
}

#[derive(Debug)]
struct CommitThread {
    work: Sender<Work>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Committer {
    /// Starts the threads: as many as the machine has processors, 4 at most. `memory` is that for rows by key, in bytes.
    pub(crate) fn start(lifecycle: &Arc<Lifecycle>, memory: usize) -> Result<Self, NodeError> {
        let weight = (ROUND_BYTES * ROUND_SHARE).div_ceil(memory.max(1));
        let count = std::thread::available_parallelism().map_or(1, |count| count.get()).min(4);
        let start = |number: usize| {
            let (work, waiting) = channel();
            let name = format!("thalweg-log-{number}");
            let (lifecycle, what) = (Arc::clone(lifecycle), format!("the thread {name}"));
            let work_off = move || lifecycle.vital_thread(&what, || run(&waiting, &lifecycle, weight));
            let thread = Builder::new().name(name).spawn(work_off).map_err(|source| NodeError::Thread { source })?;
            Ok(CommitThread { work, thread: Mutex::new(Some(thread)) })
        };
        Ok(Self { threads: (0..count).map(start).collect::<Result<_, NodeError>>()? })
    }

    fn hand_over(&self, id: BucketId, work: Work) {
        if let Some(thread) = self.threads.get(thread_of(id, self.threads.len())) {
            // A thread that is gone drops the work and with it the reply, which the caller sees.
            let _ = thread.work.send(work);
        }
    }

    /// Appends batches to a bucket, behind everything handed over before. The fate comes when they are committed; if
    /// the node stops before that, or breaks down in the midst of it, the sender is dropped.
    pub(crate) fn append(&self, bucket: Arc<Bucket>, batches: Vec<Batch>) -> oneshot::Receiver<AppendResult> {
        let (reply, fate) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Append { bucket, batches, reply });
        fate
    }

    /// Merges a key batch into a bucket's keys and appends the changes to its log, behind everything handed over before.
    /// The fate comes when they are committed, as for `append`.
    pub(crate) fn put(&self, bucket: Arc<Bucket>, keys: Arc<BucketKeys>, put: Put) -> oneshot::Receiver<PutResult> {
        let (reply, fate) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Put { bucket, keys, put, reply });
        fate
    }

    /// Has a bucket's policy carried out.
    pub(crate) fn retain(&self, bucket: Arc<Bucket>, policy: Policy) {
        self.hand_over(bucket.id(), Work::Retain { bucket, policy });
    }

    /// Has a bucket take no more batches; done when the reply comes.
    pub(crate) fn retire(&self, bucket: Arc<Bucket>) -> oneshot::Receiver<()> {
        let (reply, done) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Retire { bucket, reply });
        done
    }

    /// Has a bucket flushed and its checkpoint written.
    pub(crate) fn close(&self, bucket: Arc<Bucket>) -> oneshot::Receiver<Result<(), AppendError>> {
        let (reply, done) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Close { bucket, reply });
        done
    }

    /// Ends the threads when they have done what was handed over. Blocks.
    pub(crate) fn stop(&self) {
        for thread in &self.threads {
            let _ = thread.work.send(Work::Stop);
        }
        for thread in &self.threads {
            if let Some(thread) = lock(&thread.thread).take() {
                let _ = thread.join();
            }
        }
    }
}

/// Without it the threads would go on for a moment after the node is gone, and another one may open its folder.
impl Drop for Committer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Which of so many threads writes a bucket. The buckets of a table or partition take turns; with which thread they
/// begin is spread over all of them, so that partitions of one bucket do not share one.
fn thread_of(id: BucketId, threads: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    id.physical().hash(&mut hasher);
    let place = hasher.finish().wrapping_add(u64::from(id.bucket.unsigned_abs()));
    usize::try_from(place % threads.max(1) as u64).unwrap_or(0)
}

/// The buckets whose files are open, the last written one at the end.
#[derive(Default)]
struct Open(VecDeque<Arc<Bucket>>);

impl Open {
    /// Commits what is written, and takes note of every bucket that was.
    fn settle_all(&mut self, round: &mut Round) {
        for (pending, flushed) in round::flush(std::mem::take(round)) {
            let bucket = Arc::clone(&pending.bucket);
            // Whoever waits is told of a failure.
            let _ = guarded(&bucket, || pending.settle_flushed(flushed));
            self.note(bucket);
        }
    }

    /// Takes note that a bucket was written, and closes the files of the one that has not been for the longest time.
    fn note(&mut self, bucket: Arc<Bucket>) {
        self.0.retain(|open| open.id() != bucket.id());
        self.0.push_back(bucket);
        if self.0.len() > OPEN_FILES
            && let Some(oldest) = self.0.pop_front()
        {
            guarded(&oldest, || oldest.log.rest());
        }
    }
}

/// Works off what is handed over; a byte of a key batch counts `weight` times.
fn run(waiting: &Receiver<Work>, lifecycle: &Lifecycle, weight: usize) {
    let mut open = Open::default();
    while let Ok(work) = waiting.recv() {
        lifecycle.fail_point("commit thread");
        let mut round = Round::new();
        let mut bytes = 0;
        let mut next = Some(work);
        while let Some(work) = next {
            match work {
                Work::Append { bucket, batches, reply } => {
                    bytes += batches.iter().map(|batch| batch.bytes.len()).sum::<usize>();
                    let at = Arc::clone(&bucket);
                    let append = || round::append(&mut round, bucket, &batches, reply, lifecycle);
                    if guarded(&at, append).is_none() {
                        round.remove(&at.id());
                    }
                }
                Work::Put { bucket, keys, put, reply } => {
                    bytes = put.size().saturating_mul(weight).saturating_add(bytes);
                    let at = Arc::clone(&bucket);
                    let merge = || round::merge(&mut round, bucket, &keys, &put, reply, lifecycle);
                    if guarded(&at, merge).is_none() {
                        round.remove(&at.id());
                    }
                }
                Work::Stop => {
                    open.settle_all(&mut round);
                    return;
                }
                other => {
                    open.settle_all(&mut round);
                    maintain(other, lifecycle);
                }
            }
            next = if bytes < ROUND_BYTES { waiting.try_recv().ok() } else { None };
        }
        open.settle_all(&mut round);
    }
}

fn maintain(work: Work, lifecycle: &Lifecycle) {
    match work {
        Work::Retain { bucket, policy } => {
            let retain = || {
                lifecycle.fail_point("retain a bucket");
                bucket.retain(&policy, clock::now())
            };
            if let Some(Err(error)) = guarded(&bucket, retain) {
                tracing::warn!(folder = %bucket.log.folder().display(), %error, "retention has to wait");
            }
        }
        Work::Retire { bucket, reply } => {
            guarded(&bucket, || bucket.log.retire());
            let _ = reply.send(());
        }
        Work::Close { bucket, reply } => {
            if let Some(closed) = guarded(&bucket, || bucket.log.close()) {
                let _ = reply.send(closed);
            }
        }
        Work::Append { .. } | Work::Put { .. } | Work::Stop => {}
    }
}
