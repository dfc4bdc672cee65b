//! Bad records, a full disk, a log that lost its end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use thalweg_wire::record::{KvBatchBuilder, KvContent, NO_WRITER, kv_head};

use super::{Opened, Record, encoded, put, put_of, table};
use crate::bucket::PutError;
use crate::keys::MergeError;
use crate::log::AppendError;

#[test]
fn a_batch_with_a_bad_record_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1)))]), true).unwrap();
    let (key, row) = encoded(&table, 2, Some(2));
    let bad: [(&[u8], &[u8]); 4] = [(&key, &row[..row.len() - 1]), (&[1], &row), (&[2, 0], &row), (b"", &row)];
    for (key, row) in bad {
        let mut builder = KvBatchBuilder::new();
        builder.delete(&encoded(&table, 1, None).0).unwrap();
        builder.upsert(key, row).unwrap();
        let body = builder.into_bytes();
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
        let head = kv_head(&KvContent { schema_id: 1, records: 2, body_length, body_checksum }, NO_WRITER).unwrap();
        let put = put_of(&table, [&head[..], &body].concat());
        let error = opened.put(&put, true).unwrap_err();
        assert!(matches!(error, PutError::Merge(MergeError::Record { record: 1, .. })), "{error}");
        assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1))]));
        assert_eq!(opened.log.high_watermark(), 1);
    }
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    let put = |sequence, records: &[Record]| opened.put(&put(&table, (5, sequence), records), true);
    assert_eq!(put(0, &[(1, Some(Some(1)))]).unwrap(), 1);
    opened.room.store(20, Ordering::Relaxed);
    for _ in 0..2 {
        let error = put(1, &[(1, None), (2, Some(None))]).unwrap_err();
        assert!(matches!(error, PutError::Log(AppendError::DiskFull)), "{error}");
        assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1))]));
    }
    opened.room.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(put(1, &[(1, None), (2, Some(None))]).unwrap(), 3);
    assert_eq!(opened.rows(), BTreeMap::from([(2, None)]));
}

#[test]
fn keys_ahead_of_their_log_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1))), (2, Some(None))]), true).unwrap();
    opened.log.close().unwrap();
    let log = folder.path().join("log");
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let copy = |from: &Path, to: &Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    };
    copy(&log, &kept);
    opened.put(&put(&table, NO_WRITER, &[(1, None), (3, Some(None))]), true).unwrap();
    opened.store.flush().unwrap();
    drop(opened);
    copy(&kept, &log);
    // Until the keys are sorted into files again, each start finds them ahead.
    for sorted in [false, true, true] {
        let opened = Opened::open(folder.path(), &table);
        assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1)), (2, None)]));
        assert_eq!(opened.keys.rows(), Some(2));
        if sorted {
            opened.store.flush().unwrap();
        }
    }
}

/// The keys in files are behind the log at every crash: at nothing, in the middle, at the end.
#[test]
fn the_log_is_the_journal_of_the_keys() {
    for table in [table(&[]), table(&[("table.log.format", "COMPACTED")]), table(&[("table.changelog.image", "WAL")])] {
        let folder = tempfile::tempdir().unwrap();
        let (mut expected, mut opened) = (BTreeMap::new(), Opened::open(folder.path(), &table));
        for step in 0..60 {
            let records = [(step % 7, Some(Some(i64::from(step)))), (step % 5, None), (100 + step, Some(None))];
            opened.put(&put(&table, (5, step), &records), true).unwrap();
            for (id, value) in records {
                match value {
                    Some(n) => drop(expected.insert(id, n)),
                    None => drop(expected.remove(&id)),
                }
            }
            if step % 20 == 10 {
                opened.store.flush().unwrap();
                assert_eq!(opened.keys.durable(), opened.log.high_watermark());
            }
            if step % 3 == 0 {
                assert!(opened.keys.durable() <= opened.log.high_watermark());
                drop(opened);
                opened = Opened::open(folder.path(), &table);
            }
            assert_eq!(opened.rows(), expected, "at {step}");
        }
        drop(opened);
        let files = std::fs::read_dir(folder.path().join("keys")).unwrap().map(|entry| entry.unwrap().path());
        let journals = files.filter(|path| path.extension().is_some_and(|name| name == "jnl"));
        let written = |path: &Path| std::fs::read(path).unwrap().iter().any(|byte| *byte != 0);
        assert!(journals.into_iter().all(|path| !written(&path)), "the store's own journal has something");
    }
}

/// As versions before wrote keys: into the journal of the store, with the mark in the same batch.
#[test]
fn what_an_earlier_version_left_in_the_journal_of_the_store_counts() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1))), (2, Some(None))]), false).unwrap();
    opened.log.close().unwrap();
    drop(opened);
    let database = fjall::Database::builder(folder.path().join("keys")).open().unwrap();
    let keyspace = database.keyspace("t7", fjall::KeyspaceCreateOptions::default).unwrap();
    let mut batch = database.batch();
    for (id, n) in [(1, Some(10)), (2, Some(20))] {
        let (key, row) = encoded(&table, id, n);
        batch.insert(&keyspace, [&3u32.to_be_bytes()[..], &key].concat(), [&[1, 0][..], &row].concat());
    }
    let mark = [2i64.to_le_bytes(), 2i64.to_le_bytes()].concat();
    batch.insert(&keyspace, [&[0xff; 4][..], &3u32.to_be_bytes()].concat(), mark);
    batch.commit().unwrap();
    drop((keyspace, database));
    let expected = BTreeMap::from([(1, Some(10)), (2, Some(20)), (3, None)]);
    for sorted in [false, true, false] {
        let opened = Opened::open(folder.path(), &table);
        opened.put(&put(&table, (5, 0), &[(3, Some(None))]), true).unwrap();
        assert_eq!(opened.rows(), expected);
        assert_eq!(opened.keys.rows(), Some(3));
        if sorted {
            opened.store.flush().unwrap();
        }
    }
}

/// More rows than there is memory for: they go to files, and batches wait for that.
#[test]
fn memory_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[("table.log.arrow.compression.type", "NONE")]);
    let opened = Opened::open(folder.path(), &table);
    let rows = 400_000;
    for first in (0..rows).step_by(20_000) {
        let records: Vec<Record> = (first..first + 20_000).map(|id| (id, Some(Some(i64::from(id))))).collect();
        opened.keys.wait_for_room().unwrap();
        opened.put(&put(&table, NO_WRITER, &records), true).unwrap();
    }
    assert!(opened.keys.durable() > 0, "nothing was sorted into files");
    assert_eq!(opened.keys.rows(), Some(i64::from(rows)));
    assert_eq!(opened.rows().len(), rows as usize);
    drop(opened);
    let opened = Opened::open(folder.path(), &table);
    assert_eq!(opened.keys.rows(), Some(i64::from(rows)));
    assert_eq!(opened.rows().len(), rows as usize);
}

#[test]
fn what_an_earlier_version_left_beside_the_store_goes() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1)))]), true).unwrap();
    drop(opened);
    let mark = folder.path().join("keys/sorted");
    std::fs::write(&mark, "").unwrap();
    assert_eq!(Opened::open(folder.path(), &table).rows(), BTreeMap::from([(1, Some(1))]));
    assert!(!mark.exists());
}
