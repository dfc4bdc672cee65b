//! What a scan reads: a specification checked against its table.

use thalweg_wire::{record::Layout, table::Schema};

use crate::{
    api::{Bucket, End, Error, ErrorCode, ScanSpec, Start, TableInfo},
    call::fatal,
    offsets::Kind,
};

/// A specification that fits its table.
#[derive(Debug)]
pub(super) struct Plan {
    /// The table's name, for errors.
    pub(super) name: String,
    /// The table's number at the server.
    pub(super) table_id: i64,
    /// The schema that rows must have been written with.
    pub(super) schema_id: i32,
    /// The columns to ask for, rising; `None`: all.
    pub(super) projection: Option<Vec<i32>>,
    /// What messages must look like.
    pub(super) layout: Layout,
    /// The buckets, each once.
    pub(super) buckets: Vec<u32>,
    /// Where each begins.
    pub(super) start: Start,
    /// Where each ends.
    pub(super) end: End,
}

impl Plan {
    /// Checks a specification. Fails on columns and buckets that the table does not have.
    pub(super) fn new(info: &TableInfo, spec: &ScanSpec) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        let schema = &info.descriptor.schema;
        if !info.descriptor.partition_keys.is_empty() {
            return Err(unsupported(format!("{name} is partitioned; partitioned tables cannot be scanned yet")));
        }
        let format = info.descriptor.properties.get("table.log.format").map_or("ARROW", String::as_str);
        if !format.eq_ignore_ascii_case("ARROW") {
            return Err(unsupported(format!("{name} has the log format {format}; only ARROW can be scanned")));
        }
        let columns = spec.columns.as_deref().map(|columns| rising(&name, schema, columns)).transpose()?;
        let layout = match &columns {
            Some(columns) => Layout::projected(schema, columns).map_err(|error| invalid(error.to_string()))?,
            None => Layout::of_schema(schema),
        };
        // All columns are no projection: the server need not rewrite its batches, and checksums hold.
        let projection = columns.filter(|columns| columns.len() < schema.columns.len());
        Ok(Self {
            buckets: buckets(&name, info.descriptor.bucket_count.unwrap_or(1), &spec.buckets)?,
            name,
            table_id: info.table_id,
            schema_id: info.schema_id,
            projection: projection.map(|columns| columns.into_iter().map(|column| column as i32).collect()),
            layout,
            start: spec.start.clone(),
            end: spec.end,
        })
    }

    /// Which offset a bucket begins at, if it must be asked for.
    pub(super) fn start_kind(&self) -> Option<Kind> {
        match self.start {
            Start::Earliest | Start::Offsets(_) => Some(Kind::Earliest),
            Start::Latest => Some(Kind::Latest),
            Start::Timestamp(time) => Some(Kind::At(time)),
            Start::Offset(_) => None,
        }
    }

    /// Which offset a bucket ends at, if it must be asked for.
    pub(super) fn end_kind(&self) -> Option<Kind> {
        match self.end {
            End::Latest => Some(Kind::Latest),
            End::Timestamp(time) => Some(Kind::At(time)),
            End::Never | End::Offset(_) => None,
        }
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

fn buckets(name: &str, count: u32, wanted: &[Bucket]) -> Result<Vec<u32>, Error> {
    if wanted.is_empty() {
        return Ok((0..count).collect());
    }
    let mut buckets = Vec::with_capacity(wanted.len());
    for bucket in wanted {
        if bucket.partition.is_some() {
            return Err(invalid(format!("{name} has no partitions")));
        }
        if bucket.bucket >= count {
            return Err(invalid(format!("{name} has {count} buckets; there is no bucket {}", bucket.bucket)));
        }
        if buckets.contains(&bucket.bucket) {
            return Err(invalid(format!("bucket {} is named twice", bucket.bucket)));
        }
        buckets.push(bucket.bucket);
    }
    Ok(buckets)
}

fn invalid(text: String) -> Error {
    fatal(ErrorCode::Invalid(text))
}

fn unsupported(text: String) -> Error {
    fatal(ErrorCode::Unsupported(text))
}
