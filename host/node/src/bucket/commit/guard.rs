//! A panic while a bucket is written: contained in that bucket.

use crate::bucket::Bucket;
use crate::runtime::panics::caught;

/// Does a part of the work on a bucket; `None` if it panicked. Then nobody knows what the bucket has, so that it takes
/// nothing more until the node is started again, and recovery has looked at it. Who waits for the work is told by its
/// reply, which is dropped.
pub(super) fn guarded<T>(bucket: &Bucket, work: impl FnOnce() -> T) -> Option<T> {
    match caught(work) {
        Ok(done) => Some(done),
        Err(panic) => {
            tracing::error!(folder = %bucket.log.folder().display(), panic, "the bucket takes no more batches");
            bucket.break_down();
            None
        }
    }
}
