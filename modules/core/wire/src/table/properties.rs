//! The properties of Fluss's own that a table can have, `table.*`, each read in one place into what it means.
//!
//! [`TableProperties`] has all of them and fails on any wrong one: what a server must know of a table that it keeps. A
//! client asks a [`TableDescriptor`] for the one that it needs, so that a newer server's others are no trouble to it.

use std::{collections::BTreeMap, time::Duration};

use super::{AutoPartition, TableDescriptor, property_values::Values};

/// The lake that a table's data goes to (`table.datalake.format`), also if that is not enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LakeFormat {
    /// Apache Paimon.
    Paimon,
    /// Lance.
    Lance,
    /// Apache Iceberg.
    Iceberg,
}

/// How the rows of keys are stored (`table.kv.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// As compact rows; the default.
    Compacted,
    /// As rows with a fixed place for each column.
    Indexed,
}

/// How the records of a log are stored (`table.log.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// As columns in Arrow's layout; the default.
    Arrow,
    /// As rows with a fixed place for each column.
    Indexed,
    /// As compact rows.
    Compacted,
}

/// How the Arrow buffers of a log are compressed (`table.log.arrow.compression.*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogCompression {
    /// Not at all.
    None,
    /// LZ4 frames.
    Lz4Frame,
    /// Zstandard; the default, with level 3.
    Zstd {
        /// 1 to 22.
        level: i32,
    },
}

/// What becomes of rows with the same key (`table.merge-engine`); without one the last row stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MergeEngine {
    /// The first row stays.
    FirstRow,
    /// The row with the highest version stays.
    Versioned,
    /// Columns are combined.
    Aggregation,
}

/// What becomes of deletions (`table.delete.behavior`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeleteBehavior {
    /// They are carried out.
    Allow,
    /// They are passed over.
    Ignore,
    /// They are refused.
    Disable,
}

/// What a changelog says of a changed row (`table.changelog.image`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangelogImage {
    /// The row before and the row after; the default.
    Full,
    /// The row after only.
    Wal,
}

/// A property with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("table property '{key}' is '{value}', but must be {expected}")]
pub struct PropertyError {
    /// Which.
    pub key: &'static str,
    /// What it is.
    pub value: String,
    /// What it may be.
    pub expected: &'static str,
}

/// Every property of a table that means something to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProperties {
    /// How many copies there are to be.
    pub replication_factor: Option<i32>,
    /// How the log is stored.
    pub log_format: LogFormat,
    /// The level of zstd, if it is given; also where nothing is compressed by it.
    pub zstd_level: Option<i32>,
    /// How long rows are kept; zero: for ever.
    pub log_ttl: Duration,
    /// How many segments of a log stay where a lake has the others.
    pub local_segments: Option<i32>,
    /// How the rows of keys are stored.
    pub kv_format: KvFormat,
    /// How keys are written, if it is given.
    pub kv_format_version: Option<i32>,
    /// What becomes of rows with the same key.
    pub merge_engine: Option<MergeEngine>,
    /// The column that has the version of a row.
    pub version_column: Option<String>,
    /// What becomes of deletions, if it is given.
    pub delete_behavior: Option<DeleteBehavior>,
    /// What a changelog says of a changed row.
    pub changelog_image: ChangelogImage,
    /// Whether rows also go to a lake.
    pub lake_enabled: bool,
    /// Which lake.
    pub lake_format: Option<LakeFormat>,
    /// How partitions follow the time.
    pub auto_partition: AutoPartition,
}

/// How long rows are kept when nothing is said.
const DEFAULT_LOG_TTL: Duration = Duration::from_secs(7 * 86_400);

impl TableProperties {
    /// How many copies there are.
    pub const REPLICATION_FACTOR: &'static str = "table.replication.factor";
    /// How long rows are kept.
    pub const LOG_TTL: &'static str = "table.log.ttl";
    /// How many segments stay where a lake has the others.
    pub const LOCAL_SEGMENTS: &'static str = "table.log.tiered.local-segments";
    /// Whether rows also go to a lake.
    pub const LAKE_ENABLED: &'static str = "table.datalake.enabled";
    /// How soon rows are to be in the lake.
    pub const LAKE_FRESHNESS: &'static str = "table.datalake.freshness";
    /// Whether files of the lake are merged.
    pub const LAKE_COMPACTION: &'static str = "table.datalake.auto-compaction";
    /// Whether old snapshots of the lake go.
    pub const LAKE_EXPIRY: &'static str = "table.datalake.auto-expire-snapshot";
    /// The column that has the version of a row.
    pub const VERSION_COLUMN: &'static str = "table.merge-engine.versioned.ver-column";
    /// How many numbers of an auto-increment column are taken at once.
    pub const AUTO_INCREMENT_CACHE: &'static str = "table.auto-increment.cache-size";

    /// Reads all of them.
    ///
    /// # Errors
    /// If one has a value that it cannot have. Whether values fit each other and the table is not looked at.
    pub fn parse(properties: &BTreeMap<String, String>) -> Result<Self, PropertyError> {
        let values = Values(properties);
        // These mean nothing here, but must be what they are to be.
        codec(values)?;
        values.duration(Self::LAKE_FRESHNESS)?;
        values.boolean(Self::LAKE_COMPACTION)?;
        values.boolean(Self::LAKE_EXPIRY)?;
        values.integer::<i64>(Self::AUTO_INCREMENT_CACHE)?;
        Ok(Self {
            replication_factor: values.integer(Self::REPLICATION_FACTOR)?,
            log_format: log_format(values)?,
            zstd_level: values.integer(LogCompression::ZSTD_LEVEL_KEY)?,
            log_ttl: values.duration(Self::LOG_TTL)?.unwrap_or(DEFAULT_LOG_TTL),
            local_segments: values.integer(Self::LOCAL_SEGMENTS)?,
            kv_format: kv_format(values)?,
            kv_format_version: values.integer(KvFormat::VERSION_KEY)?,
            merge_engine: merge_engine(values)?,
            version_column: values.text(Self::VERSION_COLUMN).map(str::to_owned),
            delete_behavior: delete_behavior(values)?,
            changelog_image: changelog_image(values)?,
            lake_enabled: values.boolean(Self::LAKE_ENABLED)?.unwrap_or(false),
            lake_format: lake_format(values)?,
            auto_partition: AutoPartition::parse(values)?,
        })
    }
}

impl LakeFormat {
    /// The key of the property.
    pub const KEY: &'static str = "table.datalake.format";
}

impl KvFormat {
    /// The key of the property.
    pub const KEY: &'static str = "table.kv.format";
    /// The key of the property that says how keys are written.
    pub const VERSION_KEY: &'static str = "table.kv.format-version";
}

impl LogFormat {
    /// The key of the property.
    pub const KEY: &'static str = "table.log.format";

    /// Its name as Fluss writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arrow => "ARROW",
            Self::Indexed => "INDEXED",
            Self::Compacted => "COMPACTED",
        }
    }
}

impl LogCompression {
    /// The key of the property that names the codec.
    pub const TYPE_KEY: &'static str = "table.log.arrow.compression.type";
    /// The key of the property that has the level for zstd.
    pub const ZSTD_LEVEL_KEY: &'static str = "table.log.arrow.compression.zstd.level";
}

impl MergeEngine {
    /// The key of the property.
    pub const KEY: &'static str = "table.merge-engine";

    /// Its name as Fluss writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstRow => "FIRST_ROW",
            Self::Versioned => "VERSIONED",
            Self::Aggregation => "AGGREGATION",
        }
    }
}

impl DeleteBehavior {
    /// The key of the property.
    pub const KEY: &'static str = "table.delete.behavior";
}

impl ChangelogImage {
    /// The key of the property.
    pub const KEY: &'static str = "table.changelog.image";
}

#[derive(Debug, Clone, Copy)]
enum ArrowCodec {
    None,
    Lz4Frame,
    Zstd,
}

fn codec(values: Values<'_>) -> Result<ArrowCodec, PropertyError> {
    let words = [("NONE", ArrowCodec::None), ("LZ4_FRAME", ArrowCodec::Lz4Frame), ("ZSTD", ArrowCodec::Zstd)];
    let codec = values.word(LogCompression::TYPE_KEY, &words, "NONE, LZ4_FRAME or ZSTD")?;
    Ok(codec.unwrap_or(ArrowCodec::Zstd))
}

fn log_format(values: Values<'_>) -> Result<LogFormat, PropertyError> {
    let words = [LogFormat::Arrow, LogFormat::Indexed, LogFormat::Compacted].map(|format| (format.name(), format));
    Ok(values.word(LogFormat::KEY, &words, "ARROW, INDEXED or COMPACTED")?.unwrap_or(LogFormat::Arrow))
}

fn kv_format(values: Values<'_>) -> Result<KvFormat, PropertyError> {
    let words = [("COMPACTED", KvFormat::Compacted), ("INDEXED", KvFormat::Indexed)];
    Ok(values.word(KvFormat::KEY, &words, "COMPACTED or INDEXED")?.unwrap_or(KvFormat::Compacted))
}

fn lake_format(values: Values<'_>) -> Result<Option<LakeFormat>, PropertyError> {
    let words = [("PAIMON", LakeFormat::Paimon), ("LANCE", LakeFormat::Lance), ("ICEBERG", LakeFormat::Iceberg)];
    values.word(LakeFormat::KEY, &words, "PAIMON, LANCE or ICEBERG")
}

fn merge_engine(values: Values<'_>) -> Result<Option<MergeEngine>, PropertyError> {
    let words = [MergeEngine::FirstRow, MergeEngine::Versioned, MergeEngine::Aggregation];
    let words = words.map(|engine| (engine.name(), engine));
    values.word(MergeEngine::KEY, &words, "FIRST_ROW, VERSIONED or AGGREGATION")
}

fn delete_behavior(values: Values<'_>) -> Result<Option<DeleteBehavior>, PropertyError> {
    let words =
        [("ALLOW", DeleteBehavior::Allow), ("IGNORE", DeleteBehavior::Ignore), ("DISABLE", DeleteBehavior::Disable)];
    values.word(DeleteBehavior::KEY, &words, "ALLOW, IGNORE or DISABLE")
}

fn changelog_image(values: Values<'_>) -> Result<ChangelogImage, PropertyError> {
    let words = [("FULL", ChangelogImage::Full), ("WAL", ChangelogImage::Wal)];
    Ok(values.word(ChangelogImage::KEY, &words, "FULL or WAL")?.unwrap_or(ChangelogImage::Full))
}

impl TableDescriptor {
    /// How the log is stored.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn log_format(&self) -> Result<LogFormat, PropertyError> {
        log_format(Values(&self.properties))
    }

    /// How Arrow buffers are compressed. Like Fluss, this reads the level only for zstd.
    ///
    /// # Errors
    /// If the codec is none of the three or the level is not 1 to 22.
    pub fn log_compression(&self) -> Result<LogCompression, PropertyError> {
        const LEVEL: &str = LogCompression::ZSTD_LEVEL_KEY;
        let values = Values(&self.properties);
        match codec(values)? {
            ArrowCodec::None => Ok(LogCompression::None),
            ArrowCodec::Lz4Frame => Ok(LogCompression::Lz4Frame),
            ArrowCodec::Zstd => {
                let wrong = || {
                    let value = values.text(LEVEL).unwrap_or_default().to_owned();
                    PropertyError { key: LEVEL, value, expected: "1 to 22" }
                };
                let level = values.integer(LEVEL).map_err(|_| wrong())?.unwrap_or(3);
                if (1..=22).contains(&level) { Ok(LogCompression::Zstd { level }) } else { Err(wrong()) }
            }
        }
    }

    /// The lake, if one is named.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn lake_format(&self) -> Result<Option<LakeFormat>, PropertyError> {
        lake_format(Values(&self.properties))
    }

    /// How the rows of keys are stored.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format(&self) -> Result<KvFormat, PropertyError> {
        kv_format(Values(&self.properties))
    }

    /// How keys are written: 1, which tables without the property have, or 2.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format_version(&self) -> Result<u8, PropertyError> {
        let words = [("1", 1), ("2", 2)];
        Ok(Values(&self.properties).word(KvFormat::VERSION_KEY, &words, "1 or 2")?.unwrap_or(1))
    }

    /// What becomes of rows with the same key; `None`: the last one stays.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn merge_engine(&self) -> Result<Option<MergeEngine>, PropertyError> {
        merge_engine(Values(&self.properties))
    }

    /// What becomes of deletions, if the table says.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn delete_behavior(&self) -> Result<Option<DeleteBehavior>, PropertyError> {
        delete_behavior(Values(&self.properties))
    }

    /// How partitions follow the time.
    ///
    /// # Errors
    /// If one of the properties has a value that it cannot have.
    pub fn auto_partition(&self) -> Result<AutoPartition, PropertyError> {
        AutoPartition::parse(Values(&self.properties))
    }
}

#[cfg(test)]
mod tests;
