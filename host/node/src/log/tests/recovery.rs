//! Logs opened again, also after a crash.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::{HEADER, ID, anonymous, batches, open, raw, read_all, settings, write};
use crate::log::{LogSettings, recovery};

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
