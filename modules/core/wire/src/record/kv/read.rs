//! Key batches, read in place (`fluss.md` 2.7): what a server gets in a PutKv request.

use crate::record::RecordError;
use crate::record::kv::build::{KV_HEAD_LENGTH, OVERHEAD, WHAT};
use crate::record::read::{Reader, Records, corrupt, whole};

/// One key batch, its header read and its checksum found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvBatch<'a> {
    /// The version of the schema that the rows have.
    pub schema_id: i16,
    /// The writer; -1: none.
    pub writer_id: i64,
    /// The number of the batch among those of its writer; -1: none.
    pub sequence: i32,
    /// How many records it says it has.
    pub count: u32,
    bytes: &'a [u8],
}

/// One record: an upsert, or without a row the deletion of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvRecord<'a> {
    /// The encoded key.
    pub key: &'a [u8],
    /// The row in the table's format for rows of keys; `None` deletes.
    pub row: Option<&'a [u8]>,
}

impl<'a> KvBatch<'a> {
    /// Reads the batch at the beginning of `bytes`; what follows it is not looked at.
    ///
    /// Fails if `bytes` ends before the batch does, on an unknown version, and on a wrong checksum. The records are
    /// looked at by [`KvBatch::records`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let bytes = whole(WHAT, bytes, OVERHEAD, KV_HEAD_LENGTH)?;
        let mut fields = Reader::new(WHAT, bytes);
        fields.i32()?;
        let magic = fields.i8()?;
        if magic != 0 {
            return Err(corrupt(WHAT, format!("it has format version {magic}, but only version 0 is known")));
        }
        let checksum = fields.u32()?;
        if crc32c::crc32c(fields.rest()) != checksum {
            return Err(corrupt(WHAT, "its checksum is wrong".into()));
        }
        let schema_id = fields.i16()?;
        fields.i8()?;
        let (writer_id, sequence, count) = (fields.i64()?, fields.i32()?, fields.i32()?);
        let count = u32::try_from(count).map_err(|_| corrupt(WHAT, format!("it says it has {count} records")))?;
        Ok(Self { schema_id, writer_id, sequence, count, bytes })
    }

    /// The whole batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records, in order. After an error nothing more is given; there is one too where more or fewer records lie in
    /// the batch than it says.
    pub fn records(&self) -> Records<'a, KvRecord<'a>> {
        KvRecord::all(self.bytes, self.count)
    }
}

impl<'a> KvRecord<'a> {
    /// The records of a batch that was read before, and has so many; as [`KvBatch::records`], without a look at its header.
    pub fn all(batch: &'a [u8], count: u32) -> Records<'a, Self> {
        Records::new(WHAT, batch.get(KV_HEAD_LENGTH..).unwrap_or_default(), count, Self::parse)
    }

    fn parse(record: &'a [u8]) -> Result<Self, RecordError> {
        let mut record = Reader::new("record of a key batch", record);
        let length = record.varint()?;
        let key = record.bytes(length as usize)?;
        let row = Some(record.rest()).filter(|row| !row.is_empty());
        Ok(Self { key, row })
    }
}

/// The batches of a PutKv request for one bucket, one behind the other. After an error nothing more is given.
#[derive(Debug, Clone)]
pub struct KvBatches<'a> {
    rest: &'a [u8],
}

impl<'a> KvBatches<'a> {
    /// The batches in `bytes`, which must end where a batch ends.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for KvBatches<'a> {
    type Item = Result<KvBatch<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = KvBatch::parse(self.rest);
        self.rest = match &batch {
            Ok(batch) => self.rest.get(batch.bytes.len()..).unwrap_or_default(),
            Err(_) => &[],
        };
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{KvBatchBuilder, KvContent, NO_WRITER, kv_head};
    use proptest::prelude::*;

    type Owned = (Vec<u8>, Option<Vec<u8>>);

    fn batch(schema_id: i16, writer: (i64, i32), records: &[Owned]) -> Vec<u8> {
        let mut builder = KvBatchBuilder::new();
        for (key, row) in records {
            let added = match row {
                Some(row) => builder.upsert(key, row),
                None => builder.delete(key),
            };
            added.expect("they are short");
        }
        let count = builder.records();
        let body = builder.into_bytes();
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
        let content = KvContent { schema_id, records: count, body_length, body_checksum };
        [&kv_head(&content, writer).expect("it is short")[..], &body].concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Owned>, RecordError> {
        let mut all = Vec::new();
        for batch in KvBatches::new(bytes) {
            for record in batch?.records() {
                let record = record?;
                all.push((record.key.to_vec(), record.row.map(<[u8]>::to_vec)));
            }
        }
        Ok(all)
    }

    /// The vectors of `fluss.md` 2.15.
    #[test]
    fn batches_are_the_vectors() {
        let row = b"\0\xac\x02\x03abc".to_vec();
        let upsert = [
            b"\x26\0\0\0\0\x89\x5a\x2c\x1c\x01\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0"
                .as_slice(),
            b"\x0a\0\0\0\x02\xac\x02\0\xac\x02\x03abc",
        ];
        let delete = [
            b"\x1f\0\0\0\0\x32\xbb\xaf\x75\x01\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0"
                .as_slice(),
            b"\x03\0\0\0\x02\xac\x02",
        ];
        for (expected, row) in [(upsert.concat(), Some(row)), (delete.concat(), None)] {
            let records = [(vec![0xac, 0x02], row)];
            assert_eq!(batch(1, NO_WRITER, &records), expected);
            assert_eq!(read(&expected), Ok(records.to_vec()));
        }
    }

    #[test]
    fn what_fails_leaves_nothing_behind() {
        let mut builder = KvBatchBuilder::new();
        builder.delete(b"a").expect("it is short");
        let length = builder.byte_length();
        assert!(builder.upsert(b"key", b"").is_err());
        let failing = builder.upsert_with(b"key", |out| {
            out.extend_from_slice(b"half a row");
            Err(RecordError::EmptyKey)
        });
        assert_eq!(failing, Err(RecordError::EmptyKey));
        assert_eq!((builder.byte_length(), builder.records()), (length, 1));
    }

    /// Makes the checksum right again after a change.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = crc32c::crc32c(&bytes[9..]);
        bytes[5..9].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    #[test]
    fn contradictions_are_refused() {
        let good = batch(1, (7, 3), &[(b"k1".to_vec(), Some(b"row".to_vec())), (b"k2".to_vec(), None)]);
        let edits: [(usize, &[u8], &str); 9] = [
            (0, &[0xff; 4], "the key batch is corrupt: its length is -1"),
            (0, &[23, 0, 0, 0], "the key batch is corrupt: its length is 23"),
            (0, &[99, 0, 0, 0], "the key batch needs 103 bytes but only 45 are there"),
            (4, &[1], "the key batch is corrupt: it has format version 1, but only version 0 is known"),
            (24, &[0xff; 4], "the key batch is corrupt: it says it has -1 records"),
            (24, &[3], "the key batch needs 4 bytes but only 0 are there"),
            (24, &[1], "the key batch is corrupt: 7 bytes follow its last record"),
            (28, &[0xff; 4], "the key batch is corrupt: a record in it has length -1"),
            (32, &[6], "the record of a key batch needs 6 bytes but only 5 are there"),
        ];
        for (at, with, expected) in edits {
            let mut bytes = good.clone();
            bytes[at..at + with.len()].copy_from_slice(with);
            let error = read(&sealed(bytes)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let mut bytes = good;
        bytes[44] ^= 1;
        assert_eq!(read(&bytes).unwrap_err().to_string(), "the key batch is corrupt: its checksum is wrong");
    }

    proptest! {
        #[test]
        fn records_round_trip(
            schema_id: i16, writer: (i64, i32),
            records in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..200),
                 proptest::option::of(proptest::collection::vec(any::<u8>(), 1..50))), 0..6),
        ) {
            let bytes = batch(schema_id, writer, &records);
            let parsed = KvBatch::parse(&bytes).unwrap();
            prop_assert_eq!((parsed.schema_id, (parsed.writer_id, parsed.sequence)), (schema_id, writer));
            prop_assert_eq!(parsed.count as usize, records.len());
            let twice = [&bytes[..], &bytes].concat();
            prop_assert_eq!(read(&twice), Ok([&records[..], &records].concat()));
        }

        #[test]
        fn any_change_gives_records_or_an_error(
            at in 9usize..60, with: u8, body in proptest::collection::vec(any::<u8>(), 40..60), random: Vec<u8>,
        ) {
            let mut bytes = batch(1, NO_WRITER, &[(b"key".to_vec(), Some(body)), (b"other".to_vec(), None)]);
            bytes[at] = with;
            let _ = read(&sealed(bytes));
            let _ = read(&random);
        }
    }
}
