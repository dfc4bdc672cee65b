//! Which bucket a key belongs to (`fluss.md` 2.11): as the Java client has it.

use std::num::NonZeroU32;

use super::{KeyEncoder, RecordError};
use crate::column::Batch;
use crate::table::{LakeFormat, PropertyError, TableDescriptor};

/// How the bucket follows from the key's bytes; `table.datalake.format` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketRule {
    /// Without a lake format, and for Lance.
    Fluss,
    /// As Apache Paimon.
    Paimon,
    /// As Apache Iceberg.
    Iceberg,
    /// Where fluss-rs 1.0.0 puts keys, which tables without a lake format have under `Fluss`: bytes of 0x80 and more
    /// behind the last whole 4 bytes of a key count otherwise there.
    FlussRs,
}

impl BucketRule {
    /// The rule of a table.
    ///
    /// # Errors
    /// If `table.datalake.format` is not known.
    pub fn of(table: &TableDescriptor) -> Result<Self, PropertyError> {
        Ok(match table.lake_format()? {
            None | Some(LakeFormat::Lance) => Self::Fluss,
            Some(LakeFormat::Paimon) => Self::Paimon,
            Some(LakeFormat::Iceberg) => Self::Iceberg,
        })
    }

    /// The bucket of a key, less than `buckets`. An empty key has none.
    pub fn bucket(self, key: &[u8], buckets: NonZeroU32) -> Result<u32, RecordError> {
        if key.is_empty() {
            return Err(RecordError::EmptyKey);
        }
        Ok(match self {
            Self::Fluss => spread(hash(key, sign_extended)) % buckets,
            Self::FlussRs => spread(hash(key, u32::from)) % buckets,
            Self::Paimon => {
                (hash(key, sign_extended) as i32).checked_rem(buckets.get() as i32).unwrap_or_default().unsigned_abs()
            }
            Self::Iceberg => (standard_hash(key) & 0x7fff_ffff) % buckets,
        })
    }
}

/// The bucket of each row, into `out`, which is emptied first.
///
/// `batch` must have passed `Layout::check` of the fields that `keys` was made for.
pub fn assign(
    batch: &Batch<'_>,
    keys: &KeyEncoder,
    rule: BucketRule,
    buckets: NonZeroU32,
    out: &mut Vec<u32>,
) -> Result<(), RecordError> {
    out.clear();
    out.reserve(batch.rows);
    let mut key = Vec::with_capacity(64);
    for row in 0..batch.rows {
        key.clear();
        keys.encode(batch, row, &mut key)?;
        out.push(rule.bucket(&key, buckets)?);
    }
    Ok(())
}

/// The Murmur3 of Fluss and Paimon: seed 42, and each byte behind the last whole word as one more word.
fn hash(key: &[u8], extend: impl Fn(u8) -> u32) -> u32 {
    let (words, tail) = key.as_chunks::<4>();
    let whole = words.iter().fold(42, |hash, word| mix(hash, u32::from_le_bytes(*word)));
    let mixed = tail.iter().fold(whole, |hash, byte| mix(hash, extend(*byte)));
    finish(mixed ^ key.len() as u32)
}

fn sign_extended(byte: u8) -> u32 {
    i32::from(byte as i8) as u32
}

/// Murmur3 as its author has it, seed 0.
fn standard_hash(key: &[u8]) -> u32 {
    let (words, tail) = key.as_chunks::<4>();
    let whole = words.iter().fold(0, |hash, word| mix(hash, u32::from_le_bytes(*word)));
    let last = tail.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    finish(whole ^ scramble(last) ^ key.len() as u32)
}

/// The second hash of Fluss: of the first hash as one word, made non-negative.
fn spread(hash: u32) -> u32 {
    let spread = finish(mix(0, hash) ^ 4) as i32;
    spread.checked_abs().unwrap_or(0) as u32
}

fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn mix(hash: u32, word: u32) -> u32 {
    (hash ^ scramble(word)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finish(hash: u32) -> u32 {
    let hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
