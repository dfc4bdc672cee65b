//! Scans of the rows as they were at one moment: opened once, read batch by batch (`fluss.md` 3.7).

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use thalweg_wire::record::ValueBatchBuilder;

use super::bucket_keys::BucketKeys;
use super::error::StoreError;
use super::view::View;
use crate::ids::BucketId;
use crate::runtime::sync::lock;

/// A scan that nobody has asked for more of for this long is closed.
const IDLE: Duration = Duration::from_secs(600);
/// Scans of one bucket at once.
const PER_BUCKET: usize = 8;
/// Scans of the node at once.
const IN_ALL: usize = 200;
/// Bytes of one batch, whatever is asked for.
const BATCH: usize = 10 << 20;

/// The name of a scan.
pub(crate) type ScanId = [u8; 32];

/// Why a scan does not go on.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ScanError {
    /// It was closed because nobody asked for more of it.
    #[error("Scanner session has expired due to inactivity. Please start a new scan.")]
    Expired,
    /// There is no such scan.
    #[error("Unknown scanner ID. The session may have expired or never existed.")]
    Unknown,
    /// Another request reads it.
    #[error("Another request reads this scanner; send one after the other.")]
    Busy,
    /// Requests came in another order than they were sent.
    #[error("Out-of-order scan request: expected callSeqId={expected} but got {found}.")]
    OutOfOrder {
        /// The number that is next.
        expected: i32,
        /// What came.
        found: i32,
    },
    /// There are as many as there may be.
    #[error("Cannot create scanner for {bucket}: the limit of {limit} {scope} is reached. Close some first.")]
    TooMany {
        /// The bucket.
        bucket: String,
        /// How many there may be.
        limit: usize,
        /// Of what.
        scope: &'static str,
    },
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] StoreError),
}

/// A batch of rows.
#[derive(Debug)]
pub(crate) struct ScanBatch {
    /// Which scan.
    pub(crate) id: ScanId,
    /// The rows as a value batch; `None`: there are none.
    pub(crate) rows: Option<Vec<u8>>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// The scans of a node.
#[derive(Debug, Default)]
pub(crate) struct Scanners {
    open: Mutex<Open>,
    names: RandomState,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Open {
    scans: HashMap<ScanId, Place>,
    /// When scans were closed that nobody asked for.
    expired: HashMap<ScanId, Instant>,
}

#[derive(Debug)]
struct Place {
    bucket: BucketId,
    used: Instant,
    /// `None` while a request reads it.
    scan: Option<Scan>,
}

/// A scan.
struct Scan {
    rows: std::iter::Peekable<View>,
    /// Rows that may still be given.
    left: u64,
    /// The number of the next request.
    call: i32,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("left", &self.left).field("call", &self.call).finish_non_exhaustive()
    }
}

impl Scanners {
    /// Begins a scan of at most `limit` rows, and reads its first batch. Also returns the offset from which the log has
    /// what changes after it.
    pub(crate) fn begin(
        &self,
        bucket: BucketId,
        keys: &BucketKeys,
        limit: Option<u64>,
        bytes: usize,
    ) -> Result<(Option<ScanBatch>, i64), ScanError> {
        keys.check()?;
        self.check_limits(bucket)?;
        keys.prepare_scan()?;
        let Some(rows) = keys.view(&[], usize::MAX)? else { return Ok((None, keys.mark().applied)) };
        let mark = rows.mark;
        let mut scan = Scan { rows: rows.peekable(), left: limit.unwrap_or(u64::MAX), call: 0 };
        if !scan.has_more() {
            return Ok((None, mark.applied));
        }
        let id = self.new_id();
        let (rows, more) = scan.read(bytes)?;
        if more {
            let mut open = lock(&self.open);
            open.check_limits(bucket)?;
            open.scans.insert(id, Place { bucket, used: Instant::now(), scan: Some(scan) });
        }
        Ok((Some(ScanBatch { id, rows: Some(rows), more }), mark.applied))
    }

    /// Reads the next batch.
    pub(crate) fn next(&self, id: &ScanId, call: i32, bytes: usize) -> Result<ScanBatch, ScanError> {
        let mut scan = {
            let mut open = lock(&self.open);
            open.expire();
            let expired = open.expired.contains_key(id);
            let unknown = if expired { ScanError::Expired } else { ScanError::Unknown };
            let place = open.scans.get_mut(id).ok_or(unknown)?;
            let next = place.scan.as_ref().ok_or(ScanError::Busy)?.call;
            if call != next {
                return Err(ScanError::OutOfOrder { expected: next, found: call });
            }
            place.used = Instant::now();
            place.scan.take().ok_or(ScanError::Busy)?
        };
        let read = scan.read(bytes);
        let mut open = lock(&self.open);
        match read {
            Ok((rows, more)) => {
                match open.scans.get_mut(id) {
                    Some(place) if more => place.scan = Some(scan),
                    _ => drop(open.scans.remove(id)),
                }
                Ok(ScanBatch { id: *id, rows: Some(rows), more })
            }
            Err(error) => {
                open.scans.remove(id);
                Err(error)
            }
        }
    }

    /// Ends a scan, if there is such a one.
    pub(crate) fn close(&self, id: &ScanId) {
        lock(&self.open).scans.remove(id);
    }

    /// Ends the scans of dropped buckets.
    pub(crate) fn close_buckets(&self, gone: impl Fn(BucketId) -> bool) {
        lock(&self.open).scans.retain(|_, place| !gone(place.bucket));
    }

    fn check_limits(&self, bucket: BucketId) -> Result<(), ScanError> {
        let mut open = lock(&self.open);
        open.expire();
        open.check_limits(bucket)
    }

    /// A name that cannot be guessed from others.
    fn new_id(&self) -> ScanId {
        let mut id = [0; 32];
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        for (part, place) in id.chunks_mut(16).enumerate() {
            let mut hasher = self.names.build_hasher();
            hasher.write_u64(number);
            hasher.write_usize(part);
            place.copy_from_slice(format!("{:016x}", hasher.finish()).as_bytes());
        }
        id
    }
}

impl Open {
    fn expire(&mut self) {
        let now = Instant::now();
        self.expired.retain(|_, closed| now.duration_since(*closed) < 2 * IDLE);
        let expired = &mut self.expired;
        self.scans.retain(|id, place| {
            let live = place.scan.is_none() || now.duration_since(place.used) < IDLE;
            if !live {
                expired.insert(*id, now);
            }
            live
        });
    }

    fn check_limits(&self, bucket: BucketId) -> Result<(), ScanError> {
        let too_many = |limit, scope| Err(ScanError::TooMany { bucket: format!("{bucket:?}"), limit, scope });
        if self.scans.len() >= IN_ALL {
            return too_many(IN_ALL, "scanners of the node");
        }
        if self.scans.values().filter(|place| place.bucket == bucket).count() >= PER_BUCKET {
            return too_many(PER_BUCKET, "scanners of the bucket");
        }
        Ok(())
    }
}

impl Scan {
    fn has_more(&mut self) -> bool {
        self.left > 0 && self.rows.peek().is_some()
    }

    /// At least one row, if there is one, and whether more follow.
    fn read(&mut self, bytes: usize) -> Result<(Vec<u8>, bool), ScanError> {
        let mut builder = ValueBatchBuilder::new();
        while self.left > 0 && (builder.records() == 0 || builder.byte_length() < bytes.min(BATCH)) {
            let Some(row) = self.rows.next() else { break };
            builder.push(&row?).map_err(|error| StoreError(error.to_string()))?;
            self.left -= 1;
        }
        self.call = self.call.wrapping_add(1);
        Ok((builder.finish(), self.has_more()))
    }
}

/// The first `limit` rows of a bucket as a value batch of at most `bytes`, as far as whole rows fit.
pub(crate) fn first_rows(keys: &BucketKeys, limit: u64, bytes: usize) -> Result<Vec<u8>, ScanError> {
    keys.check()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match keys.view(&[], limit)? {
        Some(rows) => {
            let mut builder = ValueBatchBuilder::new();
            for value in rows.take(limit) {
                let value = value?;
                if builder.records() > 0 && builder.byte_length() + value.len() > bytes {
                    break;
                }
                builder.push(&value).map_err(|error| StoreError(error.to_string()))?;
            }
            Ok(builder.finish())
        }
        None => Ok(ValueBatchBuilder::new().finish()),
    }
}
