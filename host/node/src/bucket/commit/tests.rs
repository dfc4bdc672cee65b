//! What a thread that writes logs does with its files.

use std::time::Duration;

use thalweg_wire::record::{BatchContent, BatchHead, NO_WRITER};

use super::*;
use crate::log::batch::split;
use crate::log::{Log, LogSettings};
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
        let log = Log::empty(id, folder.path().join(bucket.to_string()), Arc::clone(&settings));
        Arc::new(Bucket::new(Arc::new(log), None))
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
    run(&waiting, &Lifecycle::begin(), 1);
    assert!(fates.into_iter().all(|fate| fate.blocking_recv().unwrap().is_ok()));
    assert_eq!(buckets.iter().filter(|bucket| bucket.log.is_open()).count(), OPEN_FILES);
}

#[test]
fn buckets_and_partitions_are_spread_over_the_threads() {
    let written_by = |partition, bucket| thread_of(BucketId { table: 3, partition, bucket }, 4);
    let turns: std::collections::BTreeSet<usize> = (4..8).map(|bucket| written_by(Some(9), bucket)).collect();
    assert_eq!(turns.len(), 4, "the buckets of a partition take turns");
    for step in [1, 2, 4] {
        let mut partitions = [0; 4];
        (0..400).for_each(|number| partitions[written_by(Some(number * step), 0)] += 1);
        assert!(partitions.iter().all(|count| *count > 50), "{partitions:?}");
    }
}
