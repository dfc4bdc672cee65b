//! What the keys of one table need to know of it, worked out once: formats, key, merge engine, changelog image.

use std::collections::BTreeMap;
use std::sync::Arc;

use thalweg_wire::record::{Compression, KeyFormat, RecordError, RowDecoder, RowFormat};
use thalweg_wire::table::{
    ChangelogImage, DeleteBehavior, LogCompression, LogFormat, Schema, TableDescriptor, TableProperties,
};

use super::merge::{Engine, Merger};
use super::numbering::Numbering;
use super::version::Version;
use crate::failure::Failure;

/// A primary-key table.
#[derive(Debug)]
pub(crate) struct KeyedTable {
    /// The latest version of its schema.
    pub(crate) latest: Version,
    /// The versions before it.
    earlier: Vec<Version>,
    /// The format of its rows.
    pub(crate) format: RowFormat,
    /// The format of its changelog.
    pub(crate) log_format: LogFormat,
    /// How that is compressed, in Arrow format, and with which level of zstd.
    pub(crate) compression: (Compression, i32),
    /// What the changelog says of changed rows.
    pub(crate) image: ChangelogImage,
    /// What becomes of deletions.
    pub(crate) deletion: DeleteBehavior,
    /// Rows to columns.
    pub(crate) decoder: RowDecoder,
    /// All columns of the primary key, those of the partition included.
    pub(crate) primary_key: Vec<usize>,
    /// Its auto-increment column, if it has one.
    pub(crate) numbering: Option<Numbering>,
    engine: Engine,
    /// For rows with all columns.
    whole: Arc<Merger>,
    /// For rows that replace others whatever the engine.
    overwriting: Arc<Merger>,
}

impl KeyedTable {
    /// Works a table out; `earlier` are the versions of its schema before this one. Fails where it has something that this
    /// node does not know.
    pub(crate) fn new(
        descriptor: &TableDescriptor,
        properties: &TableProperties,
        schema_id: i32,
        earlier: &BTreeMap<i32, Schema>,
    ) -> Result<Self, Failure> {
        let schema = &descriptor.schema;
        let keys = descriptor.physical_primary_key();
        if keys.is_empty() {
            return Err(Failure::invalid_table("The table has no primary key."));
        }
        let format = RowFormat::from(properties.kv_format);
        let log_format = properties.log_format;
        let same = match log_format {
            LogFormat::Arrow => true,
            LogFormat::Indexed => format == RowFormat::Indexed,
            LogFormat::Compacted => format == RowFormat::Compacted,
        };
        if !same {
            let text = "The changelog of a primary key table must have the log format ARROW or that of its rows.";
            return Err(Failure::invalid_table(text));
        }
        let key_format = KeyFormat::with_properties(descriptor, properties)
            .map_err(|error| Failure::invalid_table(error.to_string()))?;
        if key_format != KeyFormat::Compacted && log_format != LogFormat::Arrow {
            let text = "This node keeps keys in the format of a data lake only with a changelog in the format ARROW.";
            return Err(Failure::invalid_table(text));
        }
        let read = |error: RecordError| Failure::invalid_table(error.to_string());
        let version = |id: i32, schema: &Schema| {
            let id = i16::try_from(id).map_err(|_| Failure::invalid_table("Its schema id is too high."))?;
            Version::new(id, schema, format, &keys, key_format).map_err(read)
        };
        let latest = version(schema_id, schema)?;
        let engine = Engine::of(descriptor, properties)?;
        Ok(Self {
            decoder: RowDecoder::new(&latest.layout, format).map_err(read)?,
            latest,
            earlier: earlier.iter().map(|(id, schema)| version(*id, schema)).collect::<Result<_, _>>()?,
            format,
            log_format,
            compression: compression(
                properties.log_compression.clone().map_err(|error| Failure::invalid_table(error.to_string()))?,
            ),
            image: properties.changelog_image,
            deletion: deletion(properties, &engine),
            whole: Arc::new(engine.whole()),
            overwriting: Arc::new(Merger::Last),
            primary_key: schema.primary_key.clone(),
            numbering: Numbering::of(descriptor)?,
            engine,
        })
    }

    /// A version of its schema.
    pub(crate) fn version(&self, schema_id: i16) -> Option<&Version> {
        let earlier = || self.earlier.iter().find(|version| version.schema_id == schema_id);
        if schema_id == self.latest.schema_id { Some(&self.latest) } else { earlier() }
    }

    /// A row as one of the latest version: itself, or in `room` with null in the columns that it lacks. Fails on a row that
    /// cannot be taken apart, or of a version that there is not.
    pub(crate) fn widened<'a>(
        &self,
        schema_id: i16,
        row: &'a [u8],
        room: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], RecordError> {
        if schema_id == self.latest.schema_id {
            return Ok(row);
        }
        let version = self.version(schema_id).ok_or_else(|| unknown(schema_id))?;
        room.clear();
        version.widen(row, &self.latest.layout, room)?;
        Ok(room)
    }

    /// How rows are merged that have all columns, or only those at `target` if there are any. With `overwrite` they
    /// replace others whatever the engine. Fails on columns that cannot be written so.
    pub(crate) fn merger(&self, target: &[i32], overwrite: bool) -> Result<Arc<Merger>, Failure> {
        self.numbering.as_ref().map_or(Ok(()), |numbering| numbering.check(target))?;
        if target.is_empty() {
            return Ok(Arc::clone(if overwrite { &self.overwriting } else { &self.whole }));
        }
        let engine = if overwrite { &Engine::Last } else { &self.engine };
        Ok(Arc::new(engine.partial(&self.latest.layout, &self.primary_key, target)?))
    }
}

/// A row has a version of the schema that the table never had.
pub(crate) fn unknown(schema_id: i16) -> RecordError {
    RecordError::Corrupt { what: "row", reason: format!("there is no schema {schema_id} of its table") }
}

/// How buffers are compressed, and with which level of zstd.
fn compression(properties: LogCompression) -> (Compression, i32) {
    match properties {
        LogCompression::None => (Compression::None, 0),
        LogCompression::Lz4Frame => (Compression::Lz4Frame, 0),
        LogCompression::Zstd { level } => (Compression::Zstd, level),
    }
}

/// Merge engines that cannot delete rows pass deletions over unless they are told to refuse them.
fn deletion(properties: &TableProperties, engine: &Engine) -> DeleteBehavior {
    match (properties.delete_behavior, engine) {
        (Some(DeleteBehavior::Disable), _) => DeleteBehavior::Disable,
        (Some(DeleteBehavior::Ignore), _) => DeleteBehavior::Ignore,
        (_, Engine::First | Engine::Versioned { .. }) => DeleteBehavior::Ignore,
        (None, Engine::Aggregation(_)) => DeleteBehavior::Ignore,
        _ => DeleteBehavior::Allow,
    }
}
