//! What is written is what is read, and nothing else.

use std::fs;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{HEADER, anonymous, batches, open, raw, read, read_all, settings, write};
use crate::log::batch::split;
use crate::log::{AppendError, LogSettings, ReadError};

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
            if let Ok(header) = crate::log::batch::Header::read(&bytes) {
                prop_assert!(header.size >= HEADER);
                header.check(&bytes);
            }
        }
    }
}
