//! What a log need not keep.

use std::time::Duration;

use tempfile::TempDir;

use super::{anonymous, open, read, read_all, settings, write};
use crate::log::{LogSettings, Policy, ReadError};

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
