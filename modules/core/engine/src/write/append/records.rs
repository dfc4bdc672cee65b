//! Rows encoded one by one, before any of them is taken: so that one that does not fit is refused with all others of its
//! call, one with too long a key alone, and what they take is known.

use std::{num::NonZeroU32, ops::Range};

use thalweg_wire::{
    column::Batch as Rows,
    record::{BucketRule, ChangeType, KvBatchBuilder, LogRowsBuilder, RecordError, check_key_length},
};

use crate::write::{
    append::fault::Faults,
    table::plan::{BucketBy, Content, Keys, Plan},
};

/// The rows of one call as records, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct EncodedRows {
    bytes: Vec<u8>,
    /// Where the record of each row ends.
    ends: Vec<usize>,
    /// The bucket of each row, where its record's key decides on that; else empty.
    buckets: Vec<u32>,
}

impl EncodedRows {
    /// Encodes rows that have passed `Layout::check`; nothing where batches have columns. Those whose key is too long have
    /// no record, and are noted.
    pub(crate) fn encode(
        &mut self,
        rows: &Rows<'_>,
        plan: &Plan,
        buckets: NonZeroU32,
        faults: &mut Faults,
    ) -> Result<(), RecordError> {
        self.ends.clear();
        self.buckets.clear();
        self.bytes = match &plan.content {
            Content::Arrow { .. } => Vec::new(),
            Content::Rows(row) => {
                let mut records = LogRowsBuilder::new();
                for at in 0..rows.rows {
                    records.push_with(ChangeType::Append, |out| row.encode(rows, at, out))?;
                    self.ends.push(records.byte_length());
                }
                records.into_bytes()
            }
            Content::Keys(keys) => {
                let rule = matches!(plan.bucket, BucketBy::Record).then_some((plan.rule, buckets));
                self.keys(rows, keys, rule, faults)?
            }
        };
        Ok(())
    }

    /// With a rule, also the bucket of each key.
    fn keys(
        &mut self,
        rows: &Rows<'_>,
        keys: &Keys,
        rule: Option<(BucketRule, NonZeroU32)>,
        faults: &mut Faults,
    ) -> Result<Vec<u8>, RecordError> {
        let mut records = KvBatchBuilder::new();
        let mut key = Vec::with_capacity(64);
        for at in 0..rows.rows {
            key.clear();
            keys.key.encode(rows, at, &mut key)?;
            if let Some((rule, buckets)) = rule {
                self.buckets.push(rule.bucket(&key, buckets)?);
            }
            match (check_key_length(&key, at), &keys.row) {
                (Err(error), _) => faults.note(at as u32, error),
                (Ok(()), Some(row)) => records.upsert_with(&key, |out| row.encode(rows, at, out))?,
                (Ok(()), None) => records.delete(&key)?,
            }
            self.ends.push(records.byte_length());
        }
        Ok(records.into_bytes())
    }

    /// The bucket of each row, where its record's key decides on that; else empty.
    pub(crate) fn buckets(&self) -> &[u32] {
        &self.buckets
    }

    /// What all records take, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The records of consecutive rows.
    pub(crate) fn of(&self, rows: Range<usize>) -> &[u8] {
        let end = |rows: usize| rows.checked_sub(1).and_then(|row| self.ends.get(row)).copied().unwrap_or(0);
        self.bytes.get(end(rows.start)..end(rows.end)).unwrap_or_default()
    }
}
