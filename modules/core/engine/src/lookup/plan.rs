//! What looking rows of a table up takes: how keys are encoded, which bucket has them, and how rows are read.

use std::{num::NonZeroU32, sync::Arc};

use thalweg_wire::{
    column::Batch,
    record::{BucketRule, KeyEncoder, KeyFormat, Layout, PartitionEncoder, RecordError},
    table::{ColumnType, PropertyError, TableDescriptor},
};

use crate::{call::fatal, rows::RowReader};
use thalweg_contract::{Error, ErrorCode, TableInfo};

/// What the stage needs of a table.
#[derive(Debug)]
pub(super) struct Plan {
    /// The table.
    pub(super) info: Arc<TableInfo>,
    /// Its name, for errors.
    pub(super) name: String,
    /// Lookups by primary key.
    pub(super) whole: KeyEncoding,
    /// Lookups by prefix, or why there are none.
    pub(super) prefix: Result<KeyEncoding, Error>,
    /// How values become columns.
    pub(super) rows: RowReader,
}

/// How keys of one kind are given and encoded.
#[derive(Debug)]
pub(super) struct KeyEncoding {
    /// The columns in which they are given.
    layout: Layout,
    /// What these are called, for errors.
    columns: String,
    /// The bytes that a server looks up.
    pub(super) key: KeyEncoder,
    /// The bytes from which the bucket follows; `None`: the same.
    pub(super) bucket: Option<KeyEncoder>,
    /// How it follows.
    pub(super) rule: BucketRule,
    /// How many buckets the table, or each partition, has.
    pub(super) buckets: NonZeroU32,
    /// In which partition it is; `None`: the table has none.
    pub(super) partition: Option<PartitionEncoder>,
}

impl Plan {
    /// Fails on a table whose rows cannot be looked up.
    pub(super) fn new(info: &Arc<TableInfo>) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        let descriptor = &info.descriptor;
        if descriptor.schema.primary_key.is_empty() {
            let text = format!("{name} has no primary key, so that its rows cannot be looked up; scan it");
            return Err(invalid(text));
        }
        let key = descriptor.physical_primary_key();
        let whole = KeyEncoding::new(&name, descriptor, &descriptor.schema.primary_key, &key)?;
        let prefix = prefix_columns(&name, descriptor, &key)
            .and_then(|(columns, prefix)| KeyEncoding::new(&name, descriptor, &columns, &prefix));
        Ok(Self { rows: RowReader::of_values(info)?, info: Arc::clone(info), name, whole, prefix })
    }
}

impl KeyEncoding {
    /// For keys given in the columns of the table at `columns`, of which those at `key` are what is looked up.
    fn new(name: &str, table: &TableDescriptor, columns: &[usize], key: &[usize]) -> Result<Self, Error> {
        Self::of(table, columns, key).map_err(|error| match error {
            Unfit::Record(error) => fatal(ErrorCode::Unsupported(format!("keys of {name} cannot be encoded: {error}"))),
            Unfit::Property(error) => fatal(ErrorCode::Unsupported(format!("{name}: {error}"))),
            Unfit::Corrupt(reason) => fatal(ErrorCode::Corrupt(format!("{name} {reason}"))),
        })
    }

    fn of(table: &TableDescriptor, columns: &[usize], key: &[usize]) -> Result<Self, Unfit> {
        let chosen = columns.iter().map(|&position| {
            let column = table.schema.columns.get(position).ok_or(Unfit::Corrupt("has no such key column"))?;
            // Part of a key is never null, whatever a description says.
            Ok((column.name.as_str(), ColumnType { nullable: false, ..column.column_type.clone() }))
        });
        let chosen: Vec<(&str, ColumnType)> = chosen.collect::<Result<_, Unfit>>()?;
        let layout = Layout::new(chosen.iter().map(|(name, column_type)| (*name, column_type)));
        let place = |name: &str| chosen.iter().position(|(chosen, _)| *chosen == name);
        let lost = Unfit::Corrupt("has a bucket or partition column that is not part of its primary key");
        let places = |names: &[String]| names.iter().map(|name| place(name)).collect::<Option<Vec<usize>>>();
        let key: Vec<usize> = key.iter().filter_map(|at| columns.iter().position(|column| column == at)).collect();
        let bucket_key = match table.has_default_bucket_key() {
            true => key.clone(),
            false => places(&table.bucket_keys).ok_or_else(|| lost.clone())?,
        };
        let same = bucket_key == key && KeyFormat::of_primary_key(table)? == KeyFormat::of_bucket_key(table)?;
        let partition = match table.partition_keys.as_slice() {
            [] => None,
            names => Some(PartitionEncoder::new(&layout, &places(names).ok_or(lost)?)?),
        };
        Ok(Self {
            key: KeyEncoder::for_primary_key(&layout, &key, table)?,
            bucket: if same { None } else { Some(KeyEncoder::for_bucket_key(&layout, &bucket_key, table)?) },
            rule: BucketRule::of(table)?,
            buckets: NonZeroU32::new(table.bucket_count.unwrap_or(1)).ok_or(Unfit::Corrupt("has no bucket"))?,
            partition,
            columns: chosen.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
            layout,
        })
    }

    /// Fails on keys that are not given in the columns of this encoding, and on a null.
    pub(super) fn check(&self, name: &str, keys: &Batch<'_>) -> Result<(), Error> {
        if keys.columns.len() != self.layout.column_count() {
            let (columns, found) = (&self.columns, keys.columns.len());
            let text = format!("keys of {name} are given in the columns {columns}, but there are {found} columns");
            return Err(invalid(text));
        }
        self.layout.check(keys).map_err(|error| invalid(format!("{name}: {error}")))
    }
}

/// The columns in which prefixes are given, and those that are looked up. Fails where the bucket columns are no proper
/// prefix of the key (`PrefixKeyLookuper` of the Java client).
fn prefix_columns(name: &str, table: &TableDescriptor, key: &[usize]) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let names = |positions: &[usize]| {
        let names = positions.iter().filter_map(|&at| table.schema.columns.get(at));
        names.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    if table.has_default_bucket_key() {
        let key = names(key);
        let text = format!("the bucket key of {name} is its whole key ({key}), so that there is no prefix to look up");
        return Err(invalid(format!("{text}; give the whole key")));
    }
    let prefix = table.prefix_key().ok_or_else(|| {
        let (bucket_key, key) = (table.bucket_keys.join(", "), names(key));
        let text = format!("the bucket key ({bucket_key}) of {name} is no prefix of its key ({key})");
        invalid(format!("{text}, so that no prefix can be looked up; give the whole key"))
    })?;
    let partition = table.partition_keys.iter().map(|column| table.schema.position(column));
    let partition: Option<Vec<usize>> = partition.collect();
    let partition = partition.ok_or_else(|| {
        fatal(ErrorCode::Corrupt(format!("{name} has a partition column that is not among its columns")))
    })?;
    Ok(([partition, prefix.clone()].concat(), prefix))
}

/// Why keys of a table cannot be encoded.
#[derive(Debug, Clone)]
enum Unfit {
    Record(RecordError),
    Property(PropertyError),
    Corrupt(&'static str),
}

impl From<RecordError> for Unfit {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<PropertyError> for Unfit {
    fn from(error: PropertyError) -> Self {
        Self::Property(error)
    }
}

/// An error of keys that do not fit.
pub(super) fn invalid(text: String) -> Error {
    fatal(ErrorCode::Invalid(text))
}
