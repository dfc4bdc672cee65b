//! What a scan reads: a specification checked against its table.

use std::{collections::BTreeMap, sync::Arc};

use thalweg_wire::table::Schema;

use super::reading::Reading;

use crate::{call::fatal, offsets::Kind};
use thalweg_contract::{Bucket, End, Error, ErrorCode, ScanSpec, Start, TableInfo};

/// A specification that fits its table.
#[derive(Debug)]
pub(super) struct Plan {
    /// The table's name, for errors.
    pub(super) name: String,
    /// The table's number at the server.
    pub(super) table_id: i64,
    /// The columns that the server is to send, rising; `None`: all.
    pub(super) projection: Option<Vec<i32>>,
    /// How batches are read.
    pub(super) reading: Reading,
    /// How many buckets the table, or each partition, has.
    pub(super) bucket_count: u32,
    /// Which of them are read.
    pub(super) extent: Extent,
    /// Where each begins.
    pub(super) start: Start,
    /// Where each ends.
    pub(super) end: End,
    /// The names of partitions, as far as known.
    pub(super) partitions: BTreeMap<i64, String>,
}

/// Which buckets a scan reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extent {
    /// These, each once.
    Buckets(Vec<Bucket>),
    /// All buckets of these partitions, which must be there.
    Named(Vec<String>),
    /// All buckets of all partitions; a scan without end takes in those that appear.
    Partitions,
}

impl Plan {
    /// Checks a specification. Fails on columns, partitions and buckets that the table does not have.
    pub(super) fn new(info: &Arc<TableInfo>, spec: &ScanSpec) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        let schema = &info.descriptor.schema;
        let columns = spec.columns.as_deref().map(|columns| rising(&name, schema, columns)).transpose()?;
        // All columns are no projection: the server need not rewrite its batches, and checksums hold.
        let columns = columns.filter(|columns| columns.len() < schema.columns.len());
        let reading = Reading::new(info, columns.clone())?;
        // A server projects messages only.
        let projection = columns.filter(|_| matches!(reading, Reading::Messages(_)));
        let bucket_count = info.descriptor.bucket_count.unwrap_or(1);
        let extent = extent(&name, bucket_count, !info.descriptor.partition_keys.is_empty(), spec)?;
        Ok(Self {
            name,
            table_id: info.table_id,
            projection: projection.map(|columns| columns.into_iter().map(|column| column as i32).collect()),
            reading,
            bucket_count,
            extent,
            start: spec.start.clone(),
            end: spec.end,
            partitions: BTreeMap::new(),
        })
    }

    /// A bucket as errors have it.
    pub(super) fn place(&self, bucket: Bucket) -> String {
        place(&self.name, bucket, bucket.partition.and_then(|id| self.partitions.get(&id)).map(String::as_str))
    }
}

/// A bucket as errors have it. `partition` is the name of its partition, where it is known.
pub(super) fn place(table: &str, bucket: Bucket, partition: Option<&str>) -> String {
    match (bucket.partition, partition) {
        (None, _) => format!("bucket {} of {table}", bucket.bucket),
        (Some(_), Some(name)) => format!("bucket {} of partition {name} of {table}", bucket.bucket),
        (Some(id), None) => format!("bucket {} of partition {id} of {table}", bucket.bucket),
    }
}

/// Which offset a bucket begins at, if it must be asked for.
pub(super) fn start_kind(start: &Start, bucket: Bucket) -> Option<Kind> {
    match start {
        Start::Earliest => Some(Kind::Earliest),
        Start::Latest => Some(Kind::Latest),
        Start::Timestamp(time) => Some(Kind::At(*time)),
        Start::Offset(_) => None,
        Start::Offsets(given) => given_offset(given, bucket).is_none().then_some(Kind::Earliest),
    }
}

/// The offset that a bucket was given to begin at.
pub(super) fn given_offset(given: &[(Bucket, u64)], bucket: Bucket) -> Option<u64> {
    given.iter().find(|(place, _)| *place == bucket).map(|(_, offset)| *offset)
}

/// Which offset a bucket ends at, if it must be asked for.
pub(super) fn end_kind(end: End) -> Option<Kind> {
    match end {
        End::Latest => Some(Kind::Latest),
        End::Timestamp(time) => Some(Kind::At(time)),
        End::Never | End::Offset(_) => None,
    }
}

fn rising(name: &str, schema: &Schema, columns: &[u32]) -> Result<Vec<usize>, Error> {
    if columns.is_empty() {
        return Err(invalid(format!("a scan of {name} must read at least one column")));
    }
    let mut rising: Vec<usize> = columns.iter().map(|&column| column as usize).collect();
    rising.sort_unstable();
    rising.dedup();
    match rising.last() {
        Some(last) if *last >= schema.columns.len() => {
            Err(invalid(format!("{name} has {} columns; there is none at position {last}", schema.columns.len())))
        }
        _ => Ok(rising),
    }
}

fn extent(name: &str, count: u32, partitioned: bool, spec: &ScanSpec) -> Result<Extent, Error> {
    match (spec.buckets.is_empty(), spec.partitions.is_empty(), partitioned) {
        (_, false, false) => Err(invalid(format!("{name} has no partitions; leave them out"))),
        (false, false, true) => Err(invalid("a scan names buckets or partitions, not both".to_owned())),
        (true, false, true) => {
            let mut names = spec.partitions.clone();
            names.sort_unstable();
            names.dedup();
            Ok(Extent::Named(names))
        }
        (true, true, true) => Ok(Extent::Partitions),
        (true, true, false) => {
            Ok(Extent::Buckets((0..count).map(|bucket| Bucket { partition: None, bucket }).collect()))
        }
        (false, true, _) => {
            spec.buckets.iter().try_for_each(|bucket| check_bucket(name, count, partitioned, *bucket))?;
            let mut buckets = spec.buckets.clone();
            buckets.sort_unstable();
            match buckets.array_windows().find(|[one, next]| one == next) {
                Some([twice, _]) => Err(invalid(format!("{} is named twice", place(name, *twice, None)))),
                None => Ok(Extent::Buckets(buckets)),
            }
        }
    }
}

/// Fails on a bucket that a table cannot have. `count` is how many it, or each of its partitions, has.
pub(super) fn check_bucket(name: &str, count: u32, partitioned: bool, bucket: Bucket) -> Result<(), Error> {
    match bucket.partition {
        Some(_) if !partitioned => Err(invalid(format!("{name} has no partitions"))),
        None if partitioned => Err(invalid(format!("{name} has partitions; say in which bucket {} is", bucket.bucket))),
        _ if bucket.bucket >= count => {
            Err(invalid(format!("{name} has {count} buckets; there is no bucket {}", bucket.bucket)))
        }
        _ => Ok(()),
    }
}

pub(super) fn invalid(text: String) -> Error {
    fatal(ErrorCode::Invalid(text))
}
