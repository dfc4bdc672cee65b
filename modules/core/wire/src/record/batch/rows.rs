//! Log batches of rows one by one, in tables whose log format is INDEXED or COMPACTED (`fluss.md` 2.5).

use crate::record::place::put;
use crate::record::read::{Reader, Records, corrupt};
use crate::record::{ChangeType, LogBatch, RecordError};

const WHAT: &str = "batch of rows";

/// A row of a log batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow<'a> {
    /// What happened to it.
    pub change: ChangeType,
    /// The row, in the table's log format.
    pub row: &'a [u8],
}

impl<'a> LogRow<'a> {
    fn parse(record: &'a [u8]) -> Result<Self, RecordError> {
        let mut record = Reader::new("record of a batch of rows", record);
        let change = ChangeType::try_from(record.u8()?).map_err(|unknown| corrupt(WHAT, unknown.to_string()))?;
        Ok(Self { change, row: record.rest() })
    }
}

impl<'a> LogBatch<'a> {
    /// The rows of a batch whose table has the log format INDEXED or COMPACTED, in order.
    pub fn log_rows(&self) -> Records<'a, LogRow<'a>> {
        let records = self.bytes().get(self.statistics_range().end..).unwrap_or_default();
        Records::new(WHAT, records, self.records, LogRow::parse)
    }
}

/// The records of a batch of rows, one behind the other, without the header: see `BatchHead::of_rows`.
#[derive(Debug, Clone, Default)]
pub struct LogRowsBuilder {
    bytes: Vec<u8>,
    records: u32,
    changed: bool,
}

impl LogRowsBuilder {
    /// No rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row that is already encoded, with its change.
    ///
    /// Fails, and adds nothing, where the rows would pass 2 GiB.
    pub fn push(&mut self, change: ChangeType, row: &[u8]) -> Result<(), RecordError> {
        self.push_with(change, |out| {
            out.extend_from_slice(row);
            Ok(())
        })
    }

    /// Adds the row that `write` adds to the bytes it is given, behind what is in there.
    ///
    /// Fails, and adds nothing, where `write` fails and where the rows would pass 2 GiB.
    pub fn push_with<E: From<RecordError>>(
        &mut self,
        change: ChangeType,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0, 0, 0, change.into()]);
        let added = write(&mut self.bytes).and_then(|()| {
            let full = |_| corrupt(WHAT, "it would pass 2 GiB; seal batches earlier".into());
            i32::try_from(self.bytes.len()).map_err(full)?;
            let length = (self.bytes.len() - begin - 4) as i32;
            put(&mut self.bytes, begin, length.to_le_bytes());
            Ok(())
        });
        match added {
            Ok(()) => {
                self.records += 1;
                self.changed |= change != ChangeType::Append;
            }
            Err(_) => self.bytes.truncate(begin),
        }
        added
    }

    /// How many rows there are.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Whether every row is an append.
    pub fn is_append_only(&self) -> bool {
        !self.changed
    }

    /// How many bytes the rows have: the batch has `HEAD_LENGTH` more.
    pub fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    /// The records: the body that follows the header.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchHead, NO_WRITER, RowsContent};
    use proptest::prelude::*;

    fn batch(rows: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut builder = LogRowsBuilder::new();
        let change = |byte: u8| ChangeType::try_from(byte).expect("it is known");
        rows.iter().for_each(|(byte, row)| builder.push(change(*byte), row).expect("they are short"));
        let (records, append_only, body_length) =
            (builder.records(), builder.is_append_only(), builder.byte_length() as u32);
        let body = builder.into_bytes();
        let body_checksum = crc32c::crc32c(&body);
        let content = RowsContent { schema_id: 1, writer: NO_WRITER, records, append_only, body_length, body_checksum };
        [BatchHead::of_rows(&content).expect("it is short").bytes(), &body].concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, RecordError> {
        LogBatch::parse(bytes)?.log_rows().map(|row| row.map(|row| (row.change.into(), row.row.to_vec()))).collect()
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let good = batch(&[(1, b"row".to_vec()), (4, b"row".to_vec())]);
        let edits: [(usize, u8, &str); 5] = [
            (48, 5, "the batch of rows needs 67108864 bytes but only 3 are there"),
            (48, 0, "the record of a batch of rows needs 1 bytes but only 0 are there"),
            (51, 0x80, "the batch of rows is corrupt: a record in it has length -2147483644"),
            (52, 5, "the batch of rows is corrupt: it has a row with the unknown change 5"),
            (44, 1, "the batch of rows is corrupt: 8 bytes follow its last record"),
        ];
        for (at, with, expected) in edits {
            let mut bytes = good.clone();
            bytes[at] = with;
            if at == 44 {
                bytes[28] = 0;
            }
            assert_eq!(read(&bytes).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_row_that_fails_leaves_nothing_behind() {
        let mut builder = LogRowsBuilder::new();
        let failing = builder.push_with(ChangeType::Append, |out| {
            out.push(1);
            Err(RecordError::EmptyKey)
        });
        assert_eq!(failing, Err(RecordError::EmptyKey));
        assert_eq!((builder.byte_length(), builder.records()), (0, 0));
    }

    proptest! {
        #[test]
        fn rows_round_trip(rows in proptest::collection::vec((0u8..5, any::<Vec<u8>>()), 0..6)) {
            let bytes = batch(&rows);
            let parsed = LogBatch::parse(&bytes).unwrap();
            prop_assert!(parsed.checksum_is_right());
            prop_assert_eq!(parsed.append_only, rows.iter().all(|row| row.0 == 0));
            prop_assert_eq!(read(&bytes), Ok(rows));
        }

        #[test]
        fn any_change_gives_rows_or_an_error(at in 0usize..64, with: u8) {
            let mut bytes = batch(&[(1, b"row".to_vec()), (4, b"row".to_vec())]);
            bytes[at] = with;
            let _ = read(&bytes);
        }
    }
}
