//! The keys of one lookup: their bytes, and where each is.

use std::collections::HashMap;

use bytes::Bytes;
use thalweg_wire::{
    column::Batch,
    record::{BucketRule, RecordError, check_key_length},
};

use super::plan::{KeyEncoding, Plan, invalid};
use thalweg_contract::Error;

/// Keys that were encoded, one behind the other.
#[derive(Debug)]
pub(super) struct Keys {
    bytes: Bytes,
    /// Where each ends.
    ends: Vec<u32>,
    /// The bucket of each.
    pub(super) buckets: Vec<u32>,
    /// The bucket in which fluss-rs has each; empty if that is not asked for, or never another.
    pub(super) elsewhere: Vec<u32>,
    /// The place of each key's partition in `names`; empty if there are no partitions.
    pub(super) partitions: Vec<u32>,
    /// The partitions, each once.
    pub(super) names: Vec<String>,
}

impl Keys {
    /// Encodes keys that are given as the encoding takes them. `misplaced`: also says where fluss-rs has them.
    pub(super) fn encode(
        plan: &Plan,
        encoding: &KeyEncoding,
        batch: &Batch<'_>,
        misplaced: bool,
    ) -> Result<Self, Error> {
        encoding.check(&plan.name, batch)?;
        let misplaced = misplaced && encoding.rule == BucketRule::Fluss;
        Self::of(encoding, batch, misplaced).map_err(|error| invalid(format!("{}: {error}", plan.name)))
    }

    fn of(encoding: &KeyEncoding, batch: &Batch<'_>, misplaced: bool) -> Result<Self, RecordError> {
        let mut bytes = Vec::with_capacity(batch.rows.saturating_mul(16).min(1 << 20));
        let mut ends = Vec::with_capacity(batch.rows);
        let mut buckets = Vec::with_capacity(batch.rows);
        let mut elsewhere = Vec::with_capacity(if misplaced { batch.rows } else { 0 });
        let mut other = Vec::new();
        for row in 0..batch.rows {
            let from = bytes.len();
            encoding.key.encode(batch, row, &mut bytes)?;
            check_key_length(bytes.get(from..).unwrap_or_default(), row)?;
            let end = u32::try_from(bytes.len()).map_err(|_| RecordError::ColumnFull { column: "key".to_owned() })?;
            ends.push(end);
            let key = match &encoding.bucket {
                None => bytes.get(from..).unwrap_or_default(),
                Some(encoder) => {
                    other.clear();
                    encoder.encode(batch, row, &mut other)?;
                    &other
                }
            };
            buckets.push(encoding.rule.bucket(key, encoding.buckets)?);
            if misplaced {
                elsewhere.push(BucketRule::FlussRs.bucket(key, encoding.buckets)?);
            }
        }
        if elsewhere == buckets {
            elsewhere.clear();
        }
        let (partitions, names) = partitions(encoding, batch)?;
        Ok(Self { bytes: bytes.into(), ends, buckets, elsewhere, partitions, names })
    }

    /// One of them alone.
    pub(super) fn alone(&self, at: u32) -> Self {
        let one = |of: &[u32]| of.get(at as usize).copied().into_iter().collect::<Vec<_>>();
        let (bytes, partition) = (self.key(at), one(&self.partitions));
        let name = self.name(partition.first().copied()).map(str::to_owned);
        Self {
            ends: vec![bytes.len() as u32],
            bytes,
            buckets: one(&self.buckets),
            elsewhere: one(&self.elsewhere),
            partitions: partition.iter().map(|_| 0).collect(),
            names: name.into_iter().collect(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a key.
    pub(super) fn key(&self, at: u32) -> Bytes {
        let (from, length) = self.place(at);
        self.bytes.slice(from..from + length)
    }

    /// How many bytes a key has.
    pub(super) fn key_length(&self, at: u32) -> usize {
        self.place(at).1
    }

    fn place(&self, at: u32) -> (usize, usize) {
        let end = |at: u32| self.ends.get(at as usize).map_or(0, |end| *end as usize);
        let from = at.checked_sub(1).map_or(0, end);
        (from, end(at).saturating_sub(from))
    }

    /// The name of the partition with this place.
    pub(super) fn name(&self, partition: Option<u32>) -> Option<&str> {
        self.names.get(partition? as usize).map(String::as_str)
    }
}

/// The place of each key's partition, and the names of all of them.
fn partitions(encoding: &KeyEncoding, batch: &Batch<'_>) -> Result<(Vec<u32>, Vec<String>), RecordError> {
    let Some(encoder) = &encoding.partition else { return Ok((Vec::new(), Vec::new())) };
    let (mut places, mut names) = (Vec::with_capacity(batch.rows), Vec::new());
    let mut known: HashMap<String, u32> = HashMap::new();
    let (mut name, mut last) = (String::new(), 0u32);
    for row in 0..batch.rows {
        encoder.name(batch, row, &mut name)?;
        // Neighbours are mostly of one partition.
        if names.get(last as usize) != Some(&name) {
            last = match known.get(&name) {
                Some(place) => *place,
                None => {
                    let place = names.len() as u32;
                    known.insert(name.clone(), place);
                    names.push(name.clone());
                    place
                }
            };
        }
        places.push(last);
    }
    Ok((places, names))
}
