//! Batches one behind the other, as a fetch answer and a produce request have them.

use crate::record::{LogBatch, RecordError};

/// Goes through the batches in `bytes`: gives each with the position at which it begins.
///
/// A server reads a range of a file, so the last batch of a fetch answer may be cut short: it is not given, and `cut`
/// says what there is of it. After an error nothing more is given.
#[derive(Debug, Clone)]
pub struct LogBatches<'a> {
    bytes: &'a [u8],
    position: usize,
    failed: bool,
}

impl<'a> LogBatches<'a> {
    /// The batches in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, failed: false }
    }

    /// How many bytes follow the last batch given; at the end of iteration, the length of a batch that is cut short.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// At the end of iteration, the batch that is cut short; `None` if none is, and after an error.
    pub fn cut(&self) -> Option<CutBatch> {
        let rest = self.bytes.get(self.position..).filter(|rest| !rest.is_empty() && !self.failed)?;
        Some(CutBatch { there: rest.len(), length: LogBatch::length_of(rest).ok().flatten() })
    }
}

/// The beginning of a batch whose end is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutBatch {
    /// How many bytes there are.
    pub there: usize,
    /// How many the whole batch has, as its header says; `None` if not even that is there. Only a claim: nothing is to be
    /// allocated by it.
    pub length: Option<usize>,
}

impl<'a> Iterator for LogBatches<'a> {
    type Item = Result<(usize, LogBatch<'a>), RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let rest = self.bytes.get(self.position..)?;
        let parsed = match LogBatch::length_of(rest) {
            Ok(Some(total)) if total <= rest.len() => LogBatch::parse(rest),
            Ok(_) => return None,
            Err(error) => Err(error),
        };
        Some(match parsed {
            Ok(batch) => {
                let position = self.position;
                self.position += batch.bytes().len();
                Ok((position, batch))
            }
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchContent, BatchHead, NO_WRITER, stamp};
    use proptest::prelude::*;

    fn batch(rows: u32, body: &[u8]) -> Vec<u8> {
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(body));
        let content = BatchContent {
            schema_id: 1,
            writer: NO_WRITER,
            records: rows,
            changes: None,
            message: &[],
            body_length,
            body_checksum,
        };
        let mut bytes = BatchHead::encode(&content).expect("it is short").into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_batch_that_is_cut_short_ends_the_iteration() {
        let bytes = [batch(3, b"abc"), batch(2, b"defgh")].concat();
        for cut in 0..=bytes.len() {
            let mut batches = LogBatches::new(&bytes[..cut]);
            let positions: Vec<usize> = batches.by_ref().map(|batch| batch.expect("whole batches").0).collect();
            let (expected, remaining): (&[usize], usize) = match cut {
                104.. => (&[0, 51], 0),
                51.. => (&[0], cut - 51),
                _ => (&[], cut),
            };
            assert_eq!((&positions[..], batches.remaining()), (expected, remaining), "cut at {cut}");
            let length = if cut < 51 { 51 } else { 53 };
            let cut_batch = CutBatch { there: remaining, length: (remaining >= 13).then_some(length) };
            assert_eq!(batches.cut(), (remaining > 0).then_some(cut_batch), "cut at {cut}");
        }
    }

    #[test]
    fn nothing_comes_after_an_error() {
        let mut bytes = [batch(1, b""), batch(1, b"")].concat();
        bytes[48 + 12] = 9;
        let mut batches = LogBatches::new(&bytes);
        assert!(batches.next().is_some_and(|batch| batch.is_ok()));
        assert_eq!(batches.next(), Some(Err(RecordError::UnknownMagic { magic: 9 })));
        assert_eq!(batches.next(), None);
        assert_eq!((batches.remaining(), batches.cut()), (48, None), "corrupt bytes are no batch that is cut short");
    }

    #[test]
    fn version_2_has_a_leader_epoch_and_version_1_statistics() {
        let v0 = batch(2, b"body");
        let mut v2 = [&v0[..21], &7i32.to_le_bytes(), &v0[21..48], &3i32.to_le_bytes(), b"sta", &v0[48..]].concat();
        v2[12] = 2;
        let length = (v2.len() - 12) as i32;
        v2[8..12].copy_from_slice(&length.to_le_bytes());
        let read = LogBatch::parse(&v2).expect("a whole batch");
        assert_eq!(
            (read.leader_epoch, &v2[read.statistics_range()], &v2[read.rows_range()]),
            (7, &b"sta"[..], &b"body"[..])
        );
        let crc = crc32c::crc32c(&v2[29..]);
        v2[25..29].copy_from_slice(&crc.to_le_bytes());
        stamp(&mut v2, 10, 20, 30).expect("a whole batch");
        let read = LogBatch::parse(&v2).expect("a whole batch");
        assert_eq!((read.base_offset, read.commit_timestamp, read.leader_epoch), (10, 20, 30));
        assert!(read.checksum_is_right());
    }

    #[test]
    fn contradictions_are_refused() {
        let good = batch(2, b"body");
        let edits: [(&str, usize, &[u8]); 7] = [
            ("negative length", 8, &(-1i32).to_le_bytes()),
            ("length shorter than the header", 8, &35i32.to_le_bytes()),
            ("negative base offset", 0, &(-1i64).to_le_bytes()),
            ("offsets past the last", 0, &i64::MAX.to_le_bytes()),
            ("negative row count", 44, &(-2i32).to_le_bytes()),
            ("rows and offsets differ", 28, &7i32.to_le_bytes()),
            ("more changes than bytes", 27, &[0; 1]),
        ];
        for (what, at, with) in edits {
            let mut bytes = good.clone();
            bytes[at..at + with.len()].copy_from_slice(with);
            if what == "more changes than bytes" {
                bytes[28..32].copy_from_slice(&99i32.to_le_bytes());
                bytes[44..48].copy_from_slice(&100i32.to_le_bytes());
            }
            assert!(matches!(LogBatch::parse(&bytes), Err(RecordError::CorruptBatch { .. })), "{what}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_batches_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), magic in 0u8..3, length in 0u8..200,
        ) {
            let mut likely = bytes.clone();
            if likely.len() > 13 {
                likely[8..13].copy_from_slice(&[length, 0, 0, 0, magic]);
            }
            for bytes in [bytes, likely] {
                for (at, batch) in LogBatches::new(&bytes).flatten() {
                    prop_assert!(bytes.get(at..at + batch.bytes().len()).is_some());
                    prop_assert!(batch.bytes().get(batch.rows_range()).is_some());
                    batch.checksum_is_right();
                }
            }
        }
    }
}
