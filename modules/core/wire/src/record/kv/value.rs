//! Values of keys and batches of them (`fluss.md` 2.8): what lookups and scans of current rows answer with.

use crate::record::RecordError;
use crate::record::place::put;
use crate::record::read::{Reader, Records, corrupt, whole};

/// The length of the header of a value batch, in bytes.
const HEADER: usize = 9;
/// What its length field does not count: itself.
const OVERHEAD: usize = 4;
const WHAT: &str = "value batch";

/// The value of a key as a server stores it and gives it: a row, and which schema this has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The version of the schema that the row has.
    pub schema_id: i16,
    /// The row, in the table's format for rows of keys.
    pub row: &'a [u8],
}

impl<'a> Value<'a> {
    /// How many bytes precede the row.
    pub const PREFIX: usize = 2;

    /// Splits a value. Fails if it is too short to have a schema id.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let mut fields = Reader::new("value of a key", bytes);
        Ok(Self { schema_id: fields.i16()?, row: fields.rest() })
    }

    /// Adds the value's bytes to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.schema_id.to_le_bytes());
        out.extend_from_slice(self.row);
    }
}

/// Puts values together to a batch.
#[derive(Debug, Clone)]
pub struct ValueBatchBuilder {
    bytes: Vec<u8>,
    records: u32,
}

impl Default for ValueBatchBuilder {
    fn default() -> Self {
        Self { bytes: vec![0; HEADER], records: 0 }
    }
}

impl ValueBatchBuilder {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value as it is stored: schema id and row.
    ///
    /// Fails, and adds nothing, where the batch would pass 2 GiB.
    pub fn push(&mut self, value: &[u8]) -> Result<(), RecordError> {
        let total = self.bytes.len().saturating_add(OVERHEAD).saturating_add(value.len());
        if i32::try_from(total).is_err() {
            return Err(corrupt(WHAT, "it would pass 2 GiB; take fewer rows at a time".into()));
        }
        self.bytes.extend_from_slice(&(value.len() as i32).to_le_bytes());
        self.bytes.extend_from_slice(value);
        self.records += 1;
        Ok(())
    }

    /// How many values there are.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// How many bytes the batch has.
    pub fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    /// The batch.
    pub fn finish(mut self) -> Vec<u8> {
        let length = (self.bytes.len() - OVERHEAD) as i32;
        put(&mut self.bytes, 0, length.to_le_bytes());
        // Byte 4 is the version, 0.
        put(&mut self.bytes, 5, (self.records as i32).to_le_bytes());
        self.bytes
    }
}

/// A batch of values, read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueBatch<'a> {
    /// How many values it says it has.
    pub count: u32,
    records: &'a [u8],
}

impl<'a> ValueBatch<'a> {
    /// Reads the header of a batch that takes up all of `bytes`.
    ///
    /// Fails if it is longer or shorter than that, and on an unknown version. The values are looked at by
    /// [`ValueBatch::values`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let batch = whole(WHAT, bytes, OVERHEAD, HEADER)?;
        if batch.len() < bytes.len() {
            return Err(corrupt(WHAT, format!("{} bytes follow it", bytes.len() - batch.len())));
        }
        let mut fields = Reader::new(WHAT, batch);
        fields.i32()?;
        let (magic, count) = (fields.i8()?, fields.i32()?);
        if magic != 0 {
            return Err(corrupt(WHAT, format!("it has format version {magic}, but only version 0 is known")));
        }
        let count = u32::try_from(count).map_err(|_| corrupt(WHAT, format!("it says it has {count} records")))?;
        Ok(Self { count, records: fields.rest() })
    }

    /// The values, in order. After an error nothing more is given; there is one too where more or fewer values lie in
    /// the batch than it says.
    pub fn values(&self) -> Records<'a, Value<'a>> {
        Records::new(WHAT, self.records, self.count, Value::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch(values: &[Vec<u8>]) -> Vec<u8> {
        let mut builder = ValueBatchBuilder::new();
        values.iter().for_each(|value| builder.push(value).expect("they are short"));
        assert_eq!(builder.records() as usize, values.len());
        builder.finish()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(i16, Vec<u8>)>, RecordError> {
        ValueBatch::parse(bytes)?
            .values()
            .map(|value| value.map(|value| (value.schema_id, value.row.to_vec())))
            .collect()
    }

    /// The vectors of `fluss.md` 2.15.
    #[test]
    fn a_batch_is_the_vector() {
        let stored = b"\x01\0\0\xac\x02\x03abc";
        let value = Value { schema_id: 1, row: b"\0\xac\x02\x03abc" };
        let mut written = Vec::new();
        value.write(&mut written);
        assert_eq!(written, stored);
        assert_eq!(Value::parse(stored), Ok(value));
        let expected = b"\x12\0\0\0\0\x01\0\0\0\x09\0\0\0\x01\0\0\xac\x02\x03abc";
        assert_eq!(batch(&[stored.to_vec()]), expected);
        assert_eq!(read(expected), Ok(vec![(1, value.row.to_vec())]));
    }

    #[test]
    fn contradictions_are_refused() {
        let good = batch(&[b"\x01\0row".to_vec(), b"\x01\0".to_vec()]);
        let edits: [(usize, &[u8], &str); 9] = [
            (0, &[0xff; 4], "the value batch is corrupt: its length is -1"),
            (0, &[4], "the value batch is corrupt: its length is 4"),
            (0, &[99], "the value batch needs 103 bytes but only 24 are there"),
            (0, &[19], "the value batch is corrupt: 1 bytes follow it"),
            (4, &[1], "the value batch is corrupt: it has format version 1, but only version 0 is known"),
            (5, &[0xff; 4], "the value batch is corrupt: it says it has -1 records"),
            (5, &[3], "the value batch needs 4 bytes but only 0 are there"),
            (5, &[1], "the value batch is corrupt: 6 bytes follow its last record"),
            (9, &[1], "the value of a key needs 2 bytes but only 1 are there"),
        ];
        for (at, with, expected) in edits {
            let mut bytes = good.clone();
            bytes[at..at + with.len()].copy_from_slice(with);
            assert_eq!(read(&bytes).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn values_round_trip(values: Vec<(i16, Vec<u8>)>) {
            let stored: Vec<Vec<u8>> = values.iter().map(|(schema_id, row)| {
                let mut bytes = Vec::new();
                Value { schema_id: *schema_id, row }.write(&mut bytes);
                bytes
            }).collect();
            prop_assert_eq!(read(&batch(&stored)), Ok(values));
        }

        #[test]
        fn any_change_gives_values_or_an_error(at in 0usize..24, with: u8, random: Vec<u8>) {
            let mut bytes = batch(&[b"\x01\0row".to_vec(), b"\x01\0".to_vec()]);
            bytes[at] = with;
            let _ = read(&bytes);
            let _ = read(&random);
        }
    }
}
