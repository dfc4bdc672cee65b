//! Repeated batches and gaps.

use std::time::Duration;

use tempfile::TempDir;

use super::{batches, open, raw, settings, write};
use crate::log::{AppendError, LogSettings};

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
    assert_eq!(crate::log::writers::Writers::default().check(&many), Ok(crate::log::writers::Verdict::New));
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
