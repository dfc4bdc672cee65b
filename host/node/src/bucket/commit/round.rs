//! One round of writing: what is appended to logs and merged into keys, until all of it is committed or taken back.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use tokio::sync::oneshot;

use super::{AppendResult, PutResult};
use crate::bucket::{Bucket, PutError};
use crate::ids::BucketId;
use crate::keys::{BucketKeys, MergeError, Put};
use crate::log::AppendError;
use crate::log::batch::Batch;
use crate::runtime::clock;
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::panics::caught;

/// Threads of a round that flush logs at once.
const FLUSHERS: usize = 8;

/// Appends of one bucket that are written and not yet committed.
pub(super) struct Pending {
    pub(super) bucket: Arc<Bucket>,
    replies: Vec<Reply>,
}

/// Who waits for a commit, and the offset to be told then.
enum Reply {
    Append(oneshot::Sender<AppendResult>, i64),
    Put(oneshot::Sender<PutResult>, i64),
}

/// What was written to each bucket since the last commit.
pub(super) type Round = HashMap<BucketId, Pending>;

/// Flushes the logs of a round, several at once: the disk does them together. Returns what came of each.
pub(super) fn flush(round: Round) -> Vec<(Pending, io::Result<()>)> {
    let pending: Vec<Pending> = round.into_values().collect();
    let share = pending.len().div_ceil(FLUSHERS).max(1);
    let flush_all = |some: &[Pending]| some.iter().map(|one| flush_one(&one.bucket)).collect::<Vec<_>>();
    let flushed: Vec<_> = std::thread::scope(|scope| {
        let (first, others) = pending.split_at(share.min(pending.len()));
        let others: Vec<_> = others.chunks(share).map(|some| (some, start(scope, move || flush_all(some)))).collect();
        let mut flushed = flush_all(first);
        for (some, thread) in others {
            // Where there is no thread to be had, it is done here.
            flushed.extend(thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| flush_all(some)));
        }
        flushed
    });
    pending.into_iter().zip(flushed).collect()
}

fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    Builder::new().name("thalweg-flush".to_owned()).spawn_scoped(scope, work).ok()
}

/// Flushes one log; a panic over it is a failure of the disk.
fn flush_one(bucket: &Bucket) -> io::Result<()> {
    caught(|| bucket.log.flush()).unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

impl Pending {
    /// Commits what was written to a log.
    pub(super) fn settle(self) -> Result<(), AppendError> {
        let flushed = self.bucket.log.flush();
        self.settle_flushed(flushed)
    }

    /// Has what was flushed count; then, and only then, the keys follow.
    pub(super) fn settle_flushed(self, flushed: io::Result<()>) -> Result<(), AppendError> {
        let Self { bucket, replies } = self;
        let committed = bucket.log.commit_flushed(flushed);
        let applied = match (&committed, bucket.keys()) {
            (Ok(()), Some(keys)) => keys.apply(bucket.log.high_watermark()).map_err(PutError::from),
            (Err(error), keys) => {
                tracing::error!(folder = %bucket.log.folder().display(), %error, "a round of appends is taken back");
                if let Some(keys) = keys {
                    keys.discard();
                }
                Err(error.clone().into())
            }
            (Ok(()), None) => Ok(()),
        };
        for reply in replies {
            match reply {
                Reply::Append(reply, offset) => drop(reply.send(committed.clone().map(|()| offset))),
                Reply::Put(reply, end) => drop(reply.send(applied.clone().map(|()| end))),
            }
        }
        committed
    }
}

/// Appends batches to a bucket.
pub(super) fn append(
    round: &mut Round,
    bucket: Arc<Bucket>,
    batches: &[Batch],
    reply: oneshot::Sender<AppendResult>,
    lifecycle: &Lifecycle,
) {
    lifecycle.fail_point("append");
    let written = make_room(round, &bucket, batches).and_then(|()| bucket.log.append(batches, clock::now()));
    match written {
        // A repeated batch may be one of this very round: it too is answered when the round is committed.
        Ok(offset) => wait(round, bucket, Reply::Append(reply, offset)),
        Err(error) => {
            let _ = reply.send(Err(error));
        }
    }
}

/// Merges a key batch into the keys of a bucket, and appends the changes.
pub(super) fn merge(
    round: &mut Round,
    bucket: Arc<Bucket>,
    keys: &BucketKeys,
    put: &Put,
    reply: oneshot::Sender<PutResult>,
    lifecycle: &Lifecycle,
) {
    match merged(round, &bucket, keys, put, lifecycle) {
        Ok(end) => wait(round, bucket, Reply::Put(reply, end)),
        Err(error) => {
            let _ = reply.send(Err(error));
        }
    }
}

/// Writes the changes of a key batch to the log and stages them. A batch that was taken before is not merged again.
fn merged(round: &mut Round, bucket: &Arc<Bucket>, keys: &BucketKeys, put: &Put, lifecycle: &Lifecycle) -> PutResult {
    let (writer, sequence) = put.writer();
    if let Some(end) = bucket.log.judge(writer, sequence)? {
        return Ok(end);
    }
    keys.wait_for_room()?;
    // Nothing is changed yet, so that a panic is of no consequence to others.
    let prepare = || {
        lifecycle.fail_point("prepare");
        keys.prepare(put)
    };
    let prepared = caught(prepare).map_err(|panic| {
        tracing::error!(folder = %bucket.log.folder().display(), panic, "a key batch cannot be merged");
        PutError::Unmerged
    })??;
    let batch = Batch::made(prepared.batch).map_err(MergeError::Changes)?;
    make_room(round, bucket, std::slice::from_ref(&batch))?;
    let first = bucket.log.append(std::slice::from_ref(&batch), clock::now())?;
    lifecycle.fail_point("stage");
    keys.stage(prepared.changes, prepared.rows);
    Ok(batch.header.placed(first, 0).next_offset())
}

/// Begins a new segment where batches do not fit into the last one.
fn make_room(round: &mut Round, bucket: &Arc<Bucket>, batches: &[Batch]) -> Result<(), AppendError> {
    if !bucket.log.is_full(batches.iter().map(|batch| batch.bytes.len()).sum()) {
        return Ok(());
    }
    if let Some(pending) = round.remove(&bucket.id()) {
        // What is to be written now may rest on what is taken back if this fails.
        pending.settle()?;
    }
    bucket.log.roll()
}

fn wait(round: &mut Round, bucket: Arc<Bucket>, reply: Reply) {
    let pending = round.entry(bucket.id()).or_insert_with(|| Pending { bucket, replies: Vec::new() });
    pending.replies.push(reply);
}
