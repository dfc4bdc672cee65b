//! Keys of rows as bytes (`fluss.md` 2.9 and 2.10): CompactedKey, and those of the lakes Paimon and Iceberg.

use crate::column::Batch;
use crate::record::bits::bit;
use crate::record::key::lake::{write_iceberg, write_paimon};
use crate::record::row::{Fault, Kind, Scalar, write_compacted};
use crate::record::{Layout, RecordError};
use crate::table::{DataType, LakeFormat, PropertyError, TableDescriptor, TableProperties};

/// The longest primary key, or prefix of one, in bytes as it is written.
///
/// It is a limit of ours: the store of our node has 16 bits for the length of a key, of which 4 bytes go to the number of
/// the bucket. A Fluss server, whose store is RocksDB, takes longer ones. Clients refuse them wherever they write to, so
/// that what one server takes the other does too.
pub const MAX_KEY_LENGTH: usize = u16::MAX as usize - 4;

/// Refuses a key that is too long; `row` is where it stands among those given.
///
/// # Errors
/// If it is longer than [`MAX_KEY_LENGTH`].
pub fn check_key_length(key: &[u8], row: usize) -> Result<(), RecordError> {
    let length = key.len();
    if length > MAX_KEY_LENGTH { Err(RecordError::LongKey { row, length }) } else { Ok(()) }
}

/// How keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFormat {
    /// The values one after the other, as in a CompactedRow.
    Compacted,
    /// A row of Apache Paimon.
    Paimon,
    /// One value as Apache Iceberg has it.
    Iceberg,
}

impl KeyFormat {
    /// How the primary key of a table is written, and a prefix of it in a lookup.
    ///
    /// Tables of `table.kv.format-version` 2 whose bucket key is not the whole key have compacted keys, since those of
    /// lakes have no prefixes.
    ///
    /// # Errors
    /// If a property that decides it has a value that is not known.
    pub fn of_primary_key(table: &TableDescriptor) -> Result<Self, PropertyError> {
        let lake = table.lake_format()?;
        Ok(Self::of_key(table, lake, table.kv_format_version()?))
    }

    /// As `of_primary_key`, for a table whose properties are all read already.
    ///
    /// # Errors
    /// If `table.kv.format-version` is neither 1 nor 2.
    pub fn with_properties(table: &TableDescriptor, properties: &TableProperties) -> Result<Self, PropertyError> {
        Ok(Self::of_key(table, properties.lake_format, properties.kv_format_version.clone()?))
    }

    fn of_key(table: &TableDescriptor, lake: Option<LakeFormat>, version: u8) -> Self {
        if version == 1 || table.has_default_bucket_key() { Self::of_lake(lake) } else { Self::Compacted }
    }

    /// How the bucket key of a table is written, from which `BucketRule` has the bucket.
    ///
    /// # Errors
    /// If `table.datalake.format` is not known.
    pub fn of_bucket_key(table: &TableDescriptor) -> Result<Self, PropertyError> {
        table.lake_format().map(Self::of_lake)
    }

    fn of_lake(lake: Option<LakeFormat>) -> Self {
        match lake {
            None | Some(LakeFormat::Lance) => Self::Compacted,
            Some(LakeFormat::Paimon) => Self::Paimon,
            Some(LakeFormat::Iceberg) => Self::Iceberg,
        }
    }
}

/// Encodes the key of one row at a time.
#[derive(Debug, Clone)]
pub struct KeyEncoder {
    columns: Vec<KeyColumn>,
    format: KeyFormat,
}

#[derive(Debug, Clone)]
struct KeyColumn {
    /// Its position in `Batch::columns`.
    position: usize,
    name: String,
    nullable: bool,
    kind: Kind,
}

impl KeyEncoder {
    /// For compacted keys: see `KeyEncoder::with_format`.
    pub fn new(layout: &Layout, keys: &[usize]) -> Result<Self, RecordError> {
        Self::with_format(layout, keys, KeyFormat::Compacted)
    }

    /// For the primary key of a table, or a prefix of it: the top-level columns at `keys` of rows with `layout`, which
    /// need not be all columns of the table. Partition columns are no part of it.
    pub fn for_primary_key(layout: &Layout, keys: &[usize], table: &TableDescriptor) -> Result<Self, RecordError> {
        Self::with_format(layout, keys, KeyFormat::of_primary_key(table)?)
    }

    /// For the bucket key of a table: the top-level columns at `keys` of rows with `layout`, which need not be all
    /// columns of the table.
    pub fn for_bucket_key(layout: &Layout, keys: &[usize], table: &TableDescriptor) -> Result<Self, RecordError> {
        Self::with_format(layout, keys, KeyFormat::of_bucket_key(table)?)
    }

    /// For the top-level columns at `keys`, in this order, of rows with this layout.
    ///
    /// Fails on a position without column, and on types that cannot be keys: arrays, maps and rows; in Iceberg also
    /// BOOLEAN, TINYINT, SMALLINT and TIMESTAMP_LTZ, and more than one column.
    pub fn with_format(layout: &Layout, keys: &[usize], format: KeyFormat) -> Result<Self, RecordError> {
        let columns = keys.iter().map(|&key| {
            let field = layout.top(key)?;
            let (position, name, nullable) = (field.column, field.name.clone(), field.nullable);
            match field.data_type.as_ref().map_or(Err("MAP"), |data_type| kind(data_type, format)) {
                Ok(kind) => Ok(KeyColumn { position, name, nullable, kind }),
                Err(data_type) => Err(RecordError::KeyType { column: name, data_type }),
            }
        });
        let columns: Vec<KeyColumn> = columns.collect::<Result<_, _>>()?;
        if format == KeyFormat::Iceberg && columns.len() != 1 {
            return Err(RecordError::IcebergKey { columns: columns.len() });
        }
        Ok(Self { columns, format })
    }

    /// Adds the key of a row to `out`. Fails on a null, unless the format is Paimon and the column may have one, and on
    /// a batch that does not fit the layout; `out` may have part of the key then.
    pub fn encode(&self, batch: &Batch<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
        match self.format {
            KeyFormat::Compacted => self.columns.iter().try_for_each(|key| {
                write_compacted(key.kind, key.value(batch, row)?, out);
                Ok(())
            }),
            KeyFormat::Paimon => {
                let values = self.columns.iter().map(|key| match key.value(batch, row) {
                    Err(RecordError::Null { .. }) if key.nullable => Ok((key.kind, None)),
                    value => value.map(|value| (key.kind, Some(value))),
                });
                write_paimon(values, out)
            }
            KeyFormat::Iceberg => self.columns.iter().try_for_each(|key| {
                write_iceberg(key.kind, key.value(batch, row)?, out);
                Ok(())
            }),
        }
    }
}

impl KeyColumn {
    fn value<'a>(&self, batch: &Batch<'a>, row: usize) -> Result<Scalar<'a>, RecordError> {
        let value = match batch.columns.get(self.position) {
            None => Err(Fault::Misfit),
            Some(column) if column.validity.is_some_and(|validity| !bit(validity, row)) => Err(Fault::Null),
            Some(column) => self.kind.take(column.values, row),
        };
        value.map_err(|fault| *fault.unfit(&self.name, row))
    }
}

/// How values of a type are taken, or the name of a type that cannot be a key.
fn kind(data_type: &DataType, format: KeyFormat) -> Result<Kind, &'static str> {
    match (data_type, format) {
        (DataType::Array(_), _) => Err("ARRAY"),
        (DataType::Map(..), _) => Err("MAP"),
        (DataType::Boolean, KeyFormat::Iceberg) => Err("BOOLEAN"),
        (DataType::TinyInt, KeyFormat::Iceberg) => Err("TINYINT"),
        (DataType::SmallInt, KeyFormat::Iceberg) => Err("SMALLINT"),
        (DataType::TimestampLtz(_), KeyFormat::Iceberg) => Err("TIMESTAMP_LTZ"),
        _ => Kind::of(data_type).ok_or("ROW"),
    }
}
