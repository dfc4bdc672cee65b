//! Group commit: a few threads write all logs. Each takes whatever has arrived, writes it, flushes once a bucket, and
//! only then answers; what arrives meanwhile is the next round.
//!
//! A bucket always belongs to the same thread, so its batches are written in the order in which they were handed over.

mod round;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

use self::round::Round;
use crate::clock;
use crate::error::NodeError;
use crate::kv::{Keyed, Put, PutError};
use crate::log::batch::Batch;
use crate::log::{AppendError, Bucket, BucketId, Policy};
use crate::sync::lock;

/// Bytes written in one round at most, so that the first of them do not wait for ever.
const ROUND_BYTES: usize = 64 << 20;

/// Buckets whose files a thread keeps open.
const OPEN_FILES: usize = 64;

/// The offset of the first row of an append, or why it was not taken.
pub(crate) type Fate = Result<i64, AppendError>;

/// The offset behind the changes of a key batch, or why it was not taken.
pub(crate) type PutFate = Result<i64, PutError>;

enum Work {
    Append { bucket: Arc<Bucket>, batches: Vec<Batch>, reply: oneshot::Sender<Fate> },
    Put { bucket: Arc<Bucket>, keyed: Arc<Keyed>, put: Put, reply: oneshot::Sender<PutFate> },
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
    /// Starts the threads: as many as the machine has processors, 4 at most.
    pub(crate) fn start() -> Result<Self, NodeError> {
        let count = std::thread::available_parallelism().map_or(1, |count| count.get()).min(4);
        let start = |number: usize| {
            let (work, waiting) = channel();
            let builder = Builder::new().name(format!("thalweg-log-{number}"));
            let thread = builder.spawn(move || run(&waiting)).map_err(|source| NodeError::Thread { source })?;
            Ok(CommitThread { work, thread: Mutex::new(Some(thread)) })
        };
        Ok(Self { threads: (0..count).map(start).collect::<Result<_, NodeError>>()? })
    }

    fn hand_over(&self, id: BucketId, work: Work) {
        let spread = id.table.unsigned_abs().wrapping_mul(31).wrapping_add(u64::from(id.bucket.unsigned_abs()));
        let at = usize::try_from(spread % self.threads.len().max(1) as u64).unwrap_or(0);
        if let Some(thread) = self.threads.get(at) {
            // A thread that is gone drops the work and with it the reply, which the caller sees.
            let _ = thread.work.send(work);
        }
    }

    /// Appends batches to a bucket, behind everything handed over before. The fate comes when they are committed; if
    /// the node stops before that, the sender is dropped.
    pub(crate) fn append(&self, bucket: Arc<Bucket>, batches: Vec<Batch>) -> oneshot::Receiver<Fate> {
        let (reply, fate) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Append { bucket, batches, reply });
        fate
    }

    /// Merges a key batch into a bucket's keys and appends the changes to its log, behind everything handed over before.
    /// The fate comes when they are committed, as for `append`.
    pub(crate) fn put(&self, bucket: Arc<Bucket>, keyed: Arc<Keyed>, put: Put) -> oneshot::Receiver<PutFate> {
        let (reply, fate) = oneshot::channel();
        self.hand_over(bucket.id(), Work::Put { bucket, keyed, put, reply });
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

/// The buckets whose files are open, the last written one at the end.
#[derive(Default)]
struct Open(VecDeque<Arc<Bucket>>);

impl Open {
    /// Commits what is written, and takes note of every bucket that was.
    fn settle_all(&mut self, round: &mut Round) {
        for (_, pending) in round.drain() {
            let bucket = Arc::clone(&pending.bucket);
            // Whoever waits is told of a failure.
            let _ = pending.settle();
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
            oldest.rest();
        }
    }
}

fn run(waiting: &Receiver<Work>) {
    let mut open = Open::default();
    while let Ok(work) = waiting.recv() {
        let mut round = Round::new();
        let mut bytes = 0;
        let mut next = Some(work);
        while let Some(work) = next {
            match work {
                Work::Append { bucket, batches, reply } => {
                    bytes += batches.iter().map(|batch| batch.bytes.len()).sum::<usize>();
                    round::append(&mut round, bucket, &batches, reply);
                }
                Work::Put { bucket, keyed, put, reply } => {
                    bytes += put.records.len();
                    round::merge(&mut round, bucket, &keyed, &put, reply);
                }
                Work::Stop => {
                    open.settle_all(&mut round);
                    return;
                }
                other => {
                    open.settle_all(&mut round);
                    maintain(other);
                }
            }
            next = if bytes < ROUND_BYTES { waiting.try_recv().ok() } else { None };
        }
        open.settle_all(&mut round);
    }
}

fn maintain(work: Work) {
    match work {
        Work::Retain { bucket, policy } => {
            if let Err(error) = bucket.retain(&policy, clock::now()) {
                tracing::warn!(folder = %bucket.folder().display(), %error, "retention has to wait");
            }
        }
        Work::Retire { bucket, reply } => {
            bucket.retire();
            let _ = reply.send(());
        }
        Work::Close { bucket, reply } => {
            let _ = reply.send(bucket.close());
        }
        Work::Append { .. } | Work::Put { .. } | Work::Stop => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use thalweg_wire::record::{BatchContent, BatchHead, NO_WRITER};

    use super::*;
    use crate::log::LogSettings;
    use crate::log::batch::split;
    use crate::options::Durability;

    #[test]
    fn no_more_files_stay_open_than_allowed_whatever_comes_between_appends() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Arc::new(LogSettings {
            durability: Durability::Os,
            segment_bytes: 1 << 20,
            writers: 100,
            writer_age: Duration::from_secs(1000),
            room: Arc::new(u64::MAX.into()),
        });
        let (message, changes) = (&[][..], None);
        let content = BatchContent {
            schema_id: 1,
            writer: NO_WRITER,
            records: 1,
            changes,
            message,
            body_length: 0,
            body_checksum: 0,
        };
        let bytes = BatchHead::encode(&content).unwrap().into_bytes().into();
        let bucket = |bucket| {
            let id = BucketId { table: 1, partition: None, bucket };
            Arc::new(Bucket::empty(id, folder.path().join(bucket.to_string()), Arc::clone(&settings)))
        };
        let buckets: Vec<Arc<Bucket>> = (0..100).map(bucket).collect();
        let (work, waiting) = channel();
        let mut fates = Vec::new();
        for bucket in &buckets {
            let (reply, fate) = oneshot::channel();
            let batches = split(&bytes).unwrap();
            work.send(Work::Append { bucket: Arc::clone(bucket), batches, reply }).unwrap();
            let policy = Policy { age: None, bytes: None };
            work.send(Work::Retain { bucket: Arc::clone(bucket), policy }).unwrap();
            fates.push(fate);
        }
        work.send(Work::Stop).unwrap();
        run(&waiting);
        assert!(fates.into_iter().all(|fate| fate.blocking_recv().unwrap().is_ok()));
        assert_eq!(buckets.iter().filter(|bucket| bucket.is_open()).count(), OPEN_FILES);
    }
}
