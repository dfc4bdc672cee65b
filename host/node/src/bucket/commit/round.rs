//! One round of writing: what is appended to logs and merged into keys, until all of it is committed or taken back.

use std::collections::HashMap;
use std::sync::Arc;

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

impl Pending {
    /// Commits what was written to a log; then, and only then, the keys follow.
    pub(super) fn settle(self) -> Result<(), AppendError> {
        let Self { bucket, replies } = self;
        let committed = bucket.log.commit();
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
