//! How rows are written for each change to a table: checked against the catalogue once, used for every batch.

use std::sync::Arc;

use thalweg_wire::{
    record::{BucketRule, KeyEncoder, KeyFormat, Layout, PartitionEncoder, RowEncoder, RowFormat},
    table::{LogCompression, PropertyError, Schema, TableDescriptor},
};

use crate::call::fatal;
use crate::write::{
    Change,
    table::{
        check::check,
        unfit::{Unfit, invalid, misfit, unsupported},
    },
};
use thalweg_contract::{Codec, Error, ErrorCode, TableInfo};

/// The most buckets that a table may have here; a 0.9.1 server allows 128,000 (`server-behaviour.md`). What is counted by
/// bucket stays small, whatever a server says.
const BUCKET_LIMIT: u32 = 1 << 20;

/// How rows are written to a table, in one version of its schema and for one change.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The version.
    pub(crate) schema_id: i16,
    /// The fields of the rows given.
    pub(crate) layout: Layout,
    /// What names a row's partition, if the table has any.
    pub(crate) partition: Option<PartitionEncoder>,
    /// What decides on a row's bucket.
    pub(crate) bucket: BucketBy,
    /// How a bucket follows from a key.
    pub(crate) rule: BucketRule,
    /// What becomes of the rows.
    pub(crate) content: Content,
    /// About what a batch holds beside its rows, in bytes: the metadata of its message, mostly.
    pub(crate) overhead: u64,
}

/// What decides on the bucket of a row.
#[derive(Debug)]
pub(crate) enum BucketBy {
    /// Nothing: it goes to any.
    Turn,
    /// The bucket key, which this encodes.
    Key(KeyEncoder),
    /// The key of its record, which is the bucket key and written like it.
    Record,
}

/// What becomes of rows.
#[derive(Debug)]
pub(crate) enum Content {
    /// A log batch with an Arrow message.
    Arrow {
        /// How it is compressed.
        codec: Codec,
        /// The level, for zstd.
        level: i32,
    },
    /// A log batch of rows one by one.
    Rows(RowEncoder),
    /// A key batch.
    Keys(Keys),
}

/// How rows become records of a key batch.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The primary key, without partition columns.
    pub(crate) key: KeyEncoder,
    /// The row; `None`: the key is deleted.
    pub(crate) row: Option<RowEncoder>,
    /// The positions of the columns that the rows have, for the server; empty: all.
    pub(crate) columns: Arc<[i32]>,
}

impl Plan {
    /// For rows that make this change. Fails where the table does not take it, and on what cannot be written.
    pub(crate) fn new(info: &TableInfo, change: &Change) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        Self::of(info, change).map_err(|error| match error {
            Unfit::Invalid(why) => fatal(ErrorCode::Invalid(format!("the table {name} {why}"))),
            Unfit::Unsupported(why) => fatal(ErrorCode::Unsupported(format!("the table {name} {why}"))),
            Unfit::Record(error) => misfit(&name, &error),
            Unfit::Property(error) => fatal(ErrorCode::Corrupt(format!("the table {name} has {error}"))),
        })
    }

    fn of(info: &TableInfo, change: &Change) -> Result<Self, Unfit> {
        let table = &info.descriptor;
        let schema_id = i16::try_from(info.schema_id)
            .map_err(|_| unsupported(format!("has schema version {}, which no batch can have", info.schema_id)))?;
        let buckets = table.bucket_count.unwrap_or(1);
        if !(1..=BUCKET_LIMIT).contains(&buckets) {
            return Err(unsupported(format!("has {buckets} buckets, and cannot be written")));
        }
        check(table, change)?;
        let given = given(table, change)?;
        let layout = layout(&table.schema, &given);
        let partition = places(&given, &positions(table, &table.partition_keys)?);
        let key = places(&given, &bucket_key(table)?);
        let content = content(table, change, &given, &layout)?;
        // A node and a buffer of a message have 16 bytes each.
        let overhead = 256 + 16 * (layout.fields().len() + layout.buffer_count()) as u64;
        Ok(Self {
            schema_id,
            partition: if partition.is_empty() { None } else { Some(PartitionEncoder::new(&layout, &partition)?) },
            bucket: if key.is_empty() {
                BucketBy::Turn
            } else if matches!(content, Content::Keys(_)) && is_record_key(table)? {
                BucketBy::Record
            } else {
                BucketBy::Key(KeyEncoder::for_bucket_key(&layout, &key, table)?)
            },
            rule: BucketRule::of(table)?,
            layout,
            content,
            overhead,
        })
    }

    /// Whether rows have a bucket of their own.
    pub(crate) fn is_hashed(&self) -> bool {
        !matches!(self.bucket, BucketBy::Turn)
    }

    /// Whether rows written by this plan can stand in one batch with rows written by the other.
    pub(crate) fn mixes_with(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Keys(keys), Content::Keys(others)) => {
                self.schema_id == other.schema_id && keys.columns == others.columns
            }
            _ => std::ptr::eq(self, other),
        }
    }
}

/// The positions of the columns that the rows given have, in their order.
fn given(table: &TableDescriptor, change: &Change) -> Result<Vec<usize>, Unfit> {
    let schema = &table.schema;
    let columns = match change {
        Change::Append | Change::Upsert(None) => return Ok((0..schema.columns.len()).collect()),
        Change::Delete => return Ok(schema.primary_key.clone()),
        Change::Upsert(Some(columns)) => columns,
    };
    let mut given = Vec::with_capacity(columns.len());
    for &column in columns {
        let Some(known) = schema.columns.get(column as usize) else {
            return Err(invalid(format!("has no column at position {column}; it has {}", schema.columns.len())));
        };
        if given.contains(&(column as usize)) {
            return Err(invalid(format!("cannot be given its column '{}' twice", known.name)));
        }
        given.push(column as usize);
    }
    let missing = schema.primary_key.iter().find(|key| !given.contains(key));
    match missing.and_then(|key| schema.columns.get(*key)) {
        Some(key) => Err(invalid(format!("needs its whole primary key in each row; '{}' is missing", key.name))),
        None => Ok(given),
    }
}

fn layout(schema: &Schema, given: &[usize]) -> Layout {
    let columns = given.iter().filter_map(|&column| schema.columns.get(column));
    Layout::new(columns.map(|column| (column.name.as_str(), &column.column_type)))
}

/// The positions of columns by name.
fn positions(table: &TableDescriptor, names: &[String]) -> Result<Vec<usize>, Unfit> {
    let position = |name: &String| {
        let position = table.schema.columns.iter().position(|column| column.name == *name);
        position.ok_or_else(|| unsupported(format!("names '{name}' as a key but has no such column")))
    };
    names.iter().map(position).collect()
}

/// The positions of the columns that decide on the bucket; empty: rows go to any bucket.
fn bucket_key(table: &TableDescriptor) -> Result<Vec<usize>, Unfit> {
    if table.bucket_keys.is_empty() { Ok(table.physical_primary_key()) } else { positions(table, &table.bucket_keys) }
}

/// Whether the key of a record is the bucket key of its row as well, to the byte.
fn is_record_key(table: &TableDescriptor) -> Result<bool, PropertyError> {
    Ok(table.has_default_bucket_key() && KeyFormat::of_primary_key(table)? == KeyFormat::of_bucket_key(table)?)
}

/// Where these columns are among those given. All keys are.
fn places(given: &[usize], columns: &[usize]) -> Vec<usize> {
    columns.iter().filter_map(|column| given.iter().position(|given| given == column)).collect()
}

fn content(table: &TableDescriptor, change: &Change, given: &[usize], layout: &Layout) -> Result<Content, Unfit> {
    if matches!(change, Change::Append) {
        return Ok(match RowFormat::of_log(table.log_format()?) {
            Some(format) => Content::Rows(RowEncoder::new(layout, None, format)?),
            None => {
                let (codec, level) = match table.log_compression()? {
                    LogCompression::None => (Codec::None, 0),
                    LogCompression::Lz4Frame => (Codec::Lz4Frame, 0),
                    LogCompression::Zstd { level } => (Codec::Zstd, level),
                };
                Content::Arrow { codec, level }
            }
        });
    }
    let (columns, row) = match change {
        Change::Delete | Change::Append => (vec![], None),
        Change::Upsert(columns) => {
            let format = RowFormat::from(table.kv_format()?);
            let whole = Layout::of_schema(&table.schema);
            let row = RowEncoder::new(&whole, columns.as_ref().map(|_| given), format)?;
            let columns = columns.iter().flatten().map(|column| *column as i32).collect();
            (columns, Some(row))
        }
    };
    let key = places(given, &table.physical_primary_key());
    let key = KeyEncoder::for_primary_key(layout, &key, table)?;
    Ok(Content::Keys(Keys { key, row, columns: columns.into() }))
}

#[cfg(test)]
mod tests;
