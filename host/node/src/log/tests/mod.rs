//! Logs of logs, without a network: what is written is read, also after a crash, and nothing else.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use thalweg_wire::record::{BatchContent, BatchHead, LogBatches};

use super::batch::{Batch, split};
use super::{AppendError, Log, LogSettings, Policy, ReadError, recovery};
use crate::ids::BucketId;
use crate::options::Durability;

const ID: BucketId = BucketId { table: 7, partition: None, bucket: 0 };
const HEADER: usize = 48;

fn settings() -> LogSettings {
    LogSettings {
        durability: Durability::Os,
        segment_bytes: 1 << 20,
        writers: 100,
        writer_age: Duration::from_secs(1000),
        room: Arc::new(AtomicU64::new(u64::MAX)),
    }
}

fn open(folder: &Path, settings: &LogSettings) -> Log {
    recovery::open(ID, &folder.join("7/0"), &Arc::new(settings.clone())).unwrap()
}

/// A batch of so many rows, with a body of so many bytes.
fn raw(writer: (i64, i32), rows: u32, body: usize) -> Vec<u8> {
    let body = vec![b'x'; body];
    let content = BatchContent {
        schema_id: 1,
        writer,
        records: rows,
        changes: None,
        message: &[],
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    let mut bytes = BatchHead::encode(&content).unwrap().into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

fn batches(parts: &[Vec<u8>]) -> Vec<Batch> {
    split(&Bytes::from(parts.concat())).unwrap()
}

fn anonymous(rows: u32, body: usize) -> Vec<Batch> {
    batches(&[raw((-1, -1), rows, body)])
}

fn write(log: &Log, batches: &[Batch], now: i64) -> Result<i64, AppendError> {
    if log.is_full(batches.iter().map(|batch| batch.bytes.len()).sum()) {
        log.roll()?;
    }
    let offset = log.append(batches, now)?;
    log.commit().map(|()| offset)
}

/// Base offset, rows and time of the batches that are read from an offset on.
fn read(log: &Log, offset: i64, most: usize, one: bool) -> Vec<(i64, u32, i64)> {
    let bytes = log.read(offset, most, one).unwrap();
    LogBatches::new(&bytes)
        .map(|batch| {
            let (_, batch) = batch.unwrap();
            assert!(batch.checksum_is_right());
            (batch.base_offset, batch.records, batch.commit_timestamp)
        })
        .collect()
}

fn read_all(log: &Log) -> Vec<(i64, u32, i64)> {
    let mut all = Vec::new();
    let mut offset = log.start();
    while offset < log.high_watermark() {
        let some = read(log, offset, 1 << 16, true);
        let (base, rows, _) = *some.last().unwrap();
        offset = base + i64::from(rows.max(1));
        all.extend(some);
    }
    all
}

#[test]
fn what_is_written_is_read_back_with_offsets_and_times() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    assert_eq!(write(&log, &anonymous(3, 10), 100).unwrap(), 0);
    assert_eq!(write(&log, &batches(&[raw((-1, -1), 2, 5), raw((-1, -1), 0, 0)]), 90).unwrap(), 3);
    assert_eq!((log.start(), log.high_watermark()), (0, 6));
    // A clock that goes back does not take the log back, and an empty batch takes up an offset.
    let expected = [(0, 3, 100), (3, 2, 100), (5, 0, 100)];
    assert_eq!(read(&log, 0, 1000, false), expected);
    assert_eq!(read(&log, 2, 1000, false), expected);
    assert_eq!(read(&log, 3, 1000, false), expected[1..]);
    assert_eq!(read(&log, 0, HEADER + 10, false), expected[..1]);
    assert_eq!(read(&log, 0, 20, false), []);
    assert_eq!(read(&log, 0, 20, true), expected[..1]);
    assert_eq!(read(&log, 6, 1000, true), []);
    assert!(matches!(log.read(7, 10, true), Err(ReadError::OutOfRange { offset: 7, start: 0, end: 6 })));
    assert!(matches!(log.read(-1, 10, true), Err(ReadError::OutOfRange { .. })));
}

#[test]
fn what_is_not_committed_cannot_be_read() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    log.append(&anonymous(3, 10), 1).unwrap();
    assert_eq!(log.high_watermark(), 0);
    assert_eq!(read(&log, 0, 1000, true), []);
    log.commit().unwrap();
    assert_eq!(log.high_watermark(), 3);
}

#[test]
fn segments_are_closed_and_read_across() {
    let folder = TempDir::new().unwrap();
    let settings = LogSettings { segment_bytes: 10_000, ..settings() };
    let log = open(folder.path(), &settings);
    for at in 0..200 {
        write(&log, &anonymous(2, 400), at).unwrap();
    }
    let all: Vec<_> = (0..200).map(|at| (at * 2, 2, at)).collect();
    assert_eq!(read_all(&log), all);
    for at in [0, 1, 37, 199, 255, 399] {
        assert_eq!(read(&log, at, 448, true), all[at as usize / 2..=at as usize / 2]);
        assert_eq!(log.offset_of_time(at / 2).unwrap(), at / 2 * 2);
    }
    assert_eq!(log.offset_of_time(200).unwrap(), 400);
    let logs = fs::read_dir(log.folder())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "log"));
    assert_eq!(logs.count(), 10);
    drop(log);
    let log = open(folder.path(), &settings);
    assert_eq!(read_all(&log), all);
    assert_eq!(log.offset_of_time(77).unwrap(), 154);
}

/// Every position at which a crash can have cut a small log.
#[test]
fn a_torn_end_is_cut_off_at_every_position() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    let mut ends = vec![0];
    for (rows, body) in [(1, 3), (0, 0), (5, 40), (2, 1)] {
        write(&log, &anonymous(rows, body), 5).unwrap();
        ends.push(ends.last().unwrap() + HEADER + body);
    }
    let file = log.folder().join(format!("{:020}.log", 0));
    let whole = fs::read(&file).unwrap();
    let all = read_all(&log);
    drop(log);
    for cut in 0..=whole.len() {
        for tail in [&b""[..], &[0; 70], b"garbage that is longer than a header, garbage that is no batch at all"] {
            let torn = [&whole[..cut], tail].concat();
            fs::write(&file, &torn).unwrap();
            let log = open(folder.path(), &settings());
            // Zeros may happen to be what was cut off.
            let kept = ends.iter().filter(|end| torn.get(..**end) == Some(&whole[..**end])).count() - 1;
            assert_eq!(read_all(&log), all[..kept], "cut at {cut}");
            assert_eq!(fs::metadata(&file).unwrap().len() as usize, ends[kept]);
            let next = log.high_watermark();
            assert_eq!(write(&log, &anonymous(1, 9), 9).unwrap(), next);
            assert_eq!(read_all(&log).len(), kept + 1);
            drop(log);
        }
    }
}

#[test]
fn logs_of_any_size_of_batch_are_recovered() {
    for body in [0, 1000, (1 << 20) - 49, (1 << 20) - 48, (1 << 20) - 47, 3 << 20] {
        let folder = TempDir::new().unwrap();
        let settings = LogSettings { segment_bytes: 64 << 20, ..settings() };
        let log = open(folder.path(), &settings);
        for at in 0..if body < 2000 { 3000 } else { 4 } {
            write(&log, &anonymous(1, if at % 2 == 0 { body } else { 30 }), 1).unwrap();
        }
        let end = log.high_watermark();
        let file = log.folder().join(format!("{:020}.log", 0));
        drop(log);
        assert_eq!(open(folder.path(), &settings).high_watermark(), end, "{body}");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(open(folder.path(), &settings).high_watermark(), end - 1, "{body}");
    }
}

#[test]
fn a_damaged_batch_behind_the_checkpoint_ends_the_log() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    write(&log, &anonymous(1, 30), 5).unwrap();
    write(&log, &anonymous(1, 30), 5).unwrap();
    let file = log.folder().join(format!("{:020}.log", 0));
    drop(log);
    let mut bytes = fs::read(&file).unwrap();
    bytes[HEADER + 30 + HEADER + 3] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(open(folder.path(), &settings()).high_watermark(), 1);
}

#[test]
fn a_closed_log_opens_where_it_ended() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    write(&log, &batches(&[raw((4, 0), 2, 20_000)]), 5).unwrap();
    log.close().unwrap();
    drop(log);
    let log = open(folder.path(), &settings());
    assert_eq!(log.high_watermark(), 2);
    assert_eq!(write(&log, &batches(&[raw((4, 0), 2, 20_000)]), 6).unwrap(), 0);
    assert_eq!(write(&log, &batches(&[raw((4, 1), 2, 20_000)]), 6).unwrap(), 2);
    drop(log);
    // Without its checkpoint, and without its index, a log is read from its beginning.
    let files = folder.path().join("7/0");
    fs::remove_file(files.join("checkpoint")).unwrap();
    fs::remove_file(files.join(format!("{:020}.index", 0))).unwrap();
    let log = open(folder.path(), &settings());
    assert_eq!(log.high_watermark(), 4);
    assert_eq!(write(&log, &batches(&[raw((4, 1), 2, 20_000)]), 6).unwrap(), 2);
    assert_eq!(read_all(&log), [(0, 2, 5), (2, 2, 6)]);
}

#[test]
fn a_repeated_batch_is_answered_with_its_first_offset() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &settings());
    let batch = |sequence| batches(&[raw((9, sequence), 1, 4)]);
    let gap = |sequence| matches!(write(&log, &batch(sequence), 1), Err(AppendError::OutOfOrder(_)));
    assert!(gap(1));
    for sequence in 0..7 {
        assert_eq!(write(&log, &batch(sequence), 1).unwrap(), i64::from(sequence));
    }
    for sequence in 2..7 {
        assert_eq!(write(&log, &batch(sequence), 1).unwrap(), i64::from(sequence));
    }
    assert!(gap(1), "older than the last five");
    assert!(gap(8));
    assert!(gap(-1));
    assert_eq!(log.high_watermark(), 7);
    // One repeated batch makes the whole append a repeated one.
    let mixed = batches(&[raw((9, 6), 1, 4), raw((9, 7), 1, 4)]);
    assert_eq!(write(&log, &mixed, 1).unwrap(), 6);
    assert_eq!(log.high_watermark(), 7);
    // Batches of one append are judged one after the other.
    let two = batches(&[raw((9, 7), 1, 4), raw((9, 8), 1, 4)]);
    assert_eq!(write(&log, &two, 1).unwrap(), 7);
    let torn = batches(&[raw((9, 9), 1, 4), raw((9, 11), 1, 4)]);
    assert!(matches!(write(&log, &torn, 1), Err(AppendError::OutOfOrder(_))));
    assert_eq!(log.high_watermark(), 9);
}

#[test]
fn an_append_of_many_writers_is_judged_in_one_go() {
    let one = |writer| raw((writer, 0), 0, 0);
    let parts: Vec<Vec<u8>> = (0..100_000).map(one).collect();
    let many = batches(&parts);
    let began = std::time::Instant::now();
    assert_eq!(super::writers::Writers::default().check(&many), Ok(super::writers::Verdict::New));
    assert!(began.elapsed() < Duration::from_secs(5), "it takes the square of its batches");
}

#[test]
fn writers_are_known_again_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let settings = LogSettings { segment_bytes: 300, ..settings() };
    let log = open(folder.path(), &settings);
    for sequence in 0..9 {
        write(&log, &batches(&[raw((3, sequence), 1, 50)]), 1).unwrap();
    }
    drop(log);
    let log = open(folder.path(), &settings);
    for sequence in 4..9 {
        assert_eq!(write(&log, &batches(&[raw((3, sequence), 1, 50)]), 1).unwrap(), i64::from(sequence));
    }
    assert!(write(&log, &batches(&[raw((3, 3), 1, 50)]), 1).is_err());
    assert_eq!(write(&log, &batches(&[raw((3, 9), 1, 50)]), 1).unwrap(), 9);
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    let folder = TempDir::new().unwrap();
    let settings = settings();
    let log = open(folder.path(), &settings);
    write(&log, &batches(&[raw((1, 0), 1, 100)]), 1).unwrap();
    let file = log.folder().join(format!("{:020}.log", 0));
    let size = fs::metadata(&file).unwrap().len();
    settings.room.store(70, Ordering::Relaxed);
    assert!(matches!(write(&log, &batches(&[raw((1, 1), 1, 100)]), 1), Err(AppendError::DiskFull)));
    assert_eq!(fs::metadata(&file).unwrap().len(), size);
    assert_eq!(log.high_watermark(), 1);
    settings.room.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(write(&log, &batches(&[raw((1, 1), 1, 100)]), 1).unwrap(), 1);
    drop(log);
    assert_eq!(read_all(&open(folder.path(), &settings)), [(0, 1, 1), (1, 1, 1)]);
}

#[test]
fn retention_lets_old_and_superfluous_segments_go() {
    let folder = TempDir::new().unwrap();
    let settings = LogSettings { segment_bytes: 500, ..settings() };
    let log = open(folder.path(), &settings);
    for at in 0..10 {
        write(&log, &anonymous(1, 352), at * 1000).unwrap();
    }
    let nothing = Policy { age: None, bytes: None };
    assert_eq!(log.retain(&nothing, i64::MAX, 1_000_000).unwrap(), 0);
    // Segments of one batch and 400 bytes each.
    let by_age = Policy { age: Some(Duration::from_secs(5)), bytes: None };
    assert_eq!(log.retain(&by_age, i64::MAX, 8000).unwrap(), 3);
    assert_eq!(log.start(), 3);
    let by_size = Policy { age: None, bytes: Some(1000) };
    assert_eq!(log.retain(&by_size, i64::MAX, 8000).unwrap(), 4);
    assert_eq!((log.start(), log.high_watermark()), (7, 10));
    assert!(matches!(log.read(6, 10, true), Err(ReadError::OutOfRange { .. })));
    assert_eq!(read(&log, 7, 10, true).len(), 1);
    // When even the last row is too old, nothing is left, and the offsets go on.
    assert_eq!(log.retain(&by_age, i64::MAX, 100_000).unwrap(), 3);
    assert_eq!((log.start(), log.high_watermark()), (10, 10));
    drop(log);
    let log = open(folder.path(), &settings);
    assert_eq!((log.start(), log.high_watermark()), (10, 10));
    assert_eq!(write(&log, &anonymous(1, 10), 100_001).unwrap(), 10);
}

#[test]
fn closed_segments_do_not_keep_their_indexes_in_memory() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path(), &LogSettings { segment_bytes: 500, ..settings() });
    for at in 0..10 {
        write(&log, &anonymous(1, 352), at).unwrap();
    }
    let held = || crate::runtime::sync::read(&log.segments).iter().filter(|segment| segment.holds_index()).count();
    let keep = Policy { age: None, bytes: None };
    for _ in 0..2 {
        assert_eq!(held(), 10);
        assert_eq!(log.retain(&keep, i64::MAX, 10).unwrap(), 0);
        assert_eq!(held(), 1);
        assert_eq!(read_all(&log).len(), 10);
    }
}

#[test]
fn a_missing_segment_is_not_passed_over() {
    let folder = TempDir::new().unwrap();
    let settings = LogSettings { segment_bytes: 100, ..settings() };
    let log = open(folder.path(), &settings);
    for _ in 0..4 {
        write(&log, &anonymous(1, 60), 1).unwrap();
    }
    let files = log.folder().to_path_buf();
    drop(log);
    fs::remove_file(files.join("checkpoint")).unwrap();
    fs::remove_file(files.join(format!("{:020}.log", 1))).unwrap();
    let error = recovery::open(ID, &files, &Arc::new(settings)).unwrap_err();
    assert!(error.to_string().contains("ends at offset 1"), "{error}");
}

#[test]
fn what_is_no_batch_is_refused() {
    let good = raw((-1, -1), 1, 10);
    for cut in 1..good.len() {
        assert!(split(&Bytes::copy_from_slice(&good[..cut])).is_err(), "{cut}");
    }
    for at in 21..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(split(&Bytes::from(bad)).is_err(), "{at}");
    }
    assert_eq!(split(&Bytes::new()).unwrap().len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is written, in whatever rounds, is what is read, before and after opening it again.
    #[test]
    fn the_log_is_what_was_written(
        parts in proptest::collection::vec((0u32..5, 0usize..3000, any::<bool>()), 1..60), segment in 1000u64..20_000,
    ) {
        let folder = TempDir::new().unwrap();
        let settings = LogSettings { segment_bytes: segment, ..settings() };
        let log = open(folder.path(), &settings);
        let mut expected = Vec::new();
        let mut next = 0;
        for (at, (rows, body, reopen)) in parts.iter().enumerate() {
            if *reopen && at % 7 == 0 {
                log.close().unwrap();
            }
            prop_assert_eq!(write(&log, &anonymous(*rows, *body), at as i64).unwrap(), next);
            expected.push((next, *rows, at as i64));
            next += i64::from((*rows).max(1));
        }
        prop_assert_eq!(read_all(&log), expected.clone());
        drop(log);
        let log = open(folder.path(), &settings);
        prop_assert_eq!(read_all(&log), expected);
    }

    #[test]
    fn any_header_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80), magic in 0u8..3) {
        let mut likely = bytes.clone();
        if let Some(place) = likely.get_mut(12) {
            *place = magic;
        }
        for bytes in [bytes, likely] {
            if let Ok(header) = super::batch::Header::read(&bytes) {
                prop_assert!(header.size >= HEADER);
                header.check(&bytes);
            }
        }
    }
}
