//! The bytes that requests and answers may take up, over all connections.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// A number of bytes to be shared. Small takers have a share of their own, so that a few large ones, who may take
/// their time, never keep everybody waiting.
#[derive(Debug)]
pub(crate) struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    largest: usize,
}

/// A part of a budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    permit: OwnedSemaphorePermit,
}

impl Share {
    /// Gives back all but `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        drop(self.permit.split(self.permit.num_permits().saturating_sub(bytes)));
    }
}

/// Bytes and the share of the memory that they take.
struct Held {
    bytes: BytesMut,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, which keep the share for as long as any slice of them lives: a batch may wait for the disk longer
/// than the request that brought it waits for the batch.
pub(crate) fn hold(bytes: BytesMut, share: &Arc<Share>) -> Bytes {
    Bytes::from_owner(Held { bytes, _share: Arc::clone(share) })
}

/// What counts as small.
const SMALL: usize = 256 << 10;

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(2 * SMALL, Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        let small = (bytes / 4).max(SMALL);
        let large = bytes - small;
        Self { small: Arc::new(Semaphore::new(small)), large: Arc::new(Semaphore::new(large)), largest: large }
    }

    /// Takes `bytes`, or as much of them as there is at all, if that is free now.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Share> {
        let (pool, permits) = self.pool(bytes)?;
        Some(Share { permit: Arc::clone(pool).try_acquire_many_owned(permits).ok()? })
    }

    /// Takes `bytes`, or as much of them as there is at all; waits `patience` for others to give back.
    pub(crate) async fn take(&self, bytes: usize, patience: Duration) -> Option<Share> {
        let (pool, permits) = self.pool(bytes)?;
        let permit = timeout(patience, Arc::clone(pool).acquire_many_owned(permits)).await.ok()?.ok()?;
        Some(Share { permit })
    }

    /// Where to take so many bytes, and how many there.
    fn pool(&self, bytes: usize) -> Option<(&Arc<Semaphore>, u32)> {
        let (pool, bytes) = if bytes <= SMALL { (&self.small, bytes) } else { (&self.large, bytes.min(self.largest)) };
        Some((pool, u32::try_from(bytes).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_lives_as_long_as_the_last_slice() {
        let budget = Budget::new(4 << 20);
        let patience = Duration::from_secs(1);
        let share = Arc::new(budget.take(100 << 20, patience).await.unwrap());
        let bytes = hold(BytesMut::from(&b"frame with a batch"[..]), &share);
        let batch = bytes.slice(13..);
        drop((bytes, share));
        assert_eq!(batch, &b"batch"[..]);
        assert!(budget.take(1 << 20, patience).await.is_none());
        drop(batch);
        assert!(budget.take(1 << 20, patience).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn small_takers_pass_large_ones() {
        let budget = Budget::new(4 << 20);
        let patience = Duration::from_secs(1);
        let all = budget.take(100 << 20, patience).await.unwrap();
        assert!(budget.take(1 << 20, patience).await.is_none());
        assert!(budget.take(100, patience).await.is_some());
        drop(all);
        assert!(budget.take(1 << 20, patience).await.is_some());
    }
}
