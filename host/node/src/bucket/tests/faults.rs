//! Bad records, a full disk, a log that lost its end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use thalweg_wire::record::{KvBatchBuilder, KvContent, NO_WRITER, kv_head};

use super::{Opened, Record, encoded, put, table};
use crate::bucket::PutError;
use crate::keys::{MergeError, Put};
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
        let merger = table.merger(&[], false).unwrap();
        let put = Put { records: [&head[..], &body].concat().into(), merger, overwrite: false };
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
    drop(opened);
    copy(&kept, &log);
    let opened = Opened::open(folder.path(), &table);
    assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1)), (2, None)]));
    assert_eq!(opened.keys.rows(), Some(2));
}

/// Wherever a crash has cut what the store has written last, the log has it too.
#[test]
fn a_torn_journal_of_the_store_costs_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    for id in 0..20 {
        opened.put(&put(&table, NO_WRITER, &[(id, Some(Some(1)))]), true).unwrap();
    }
    let rows = opened.rows();
    drop(opened);
    let files = std::fs::read_dir(folder.path().join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let journal = files.into_iter().find(|path| path.extension().is_some_and(|name| name == "jnl")).unwrap();
    let whole = std::fs::read(&journal).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    // A file that was made longer ahead ends with zeros; the store's debug build takes half a length for a fault of its own.
    let tails: &[&[u8]] = if cfg!(debug_assertions) { &[b""] } else { &[b"", &[0; 100]] };
    for cut in (end - 250..=end).step_by(25) {
        for tail in tails {
            std::fs::write(&journal, [&whole[..cut], *tail].concat()).unwrap();
            assert_eq!(Opened::open(folder.path(), &table).rows(), rows, "cut at {cut} of {end}");
        }
    }
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
