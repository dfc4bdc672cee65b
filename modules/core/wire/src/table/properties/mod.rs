//! The properties of Fluss's own that a table can have, `table.*`, each read in one place into what it means.
//!
//! [`TableProperties`] has all of them and fails on any wrong one: what a server must know of a table that it keeps. A
//! client asks a [`TableDescriptor`](super::TableDescriptor) for the one that it needs, so that a newer server's others are
//! no trouble to it. Both read a property by the same function.
//!
//! ```text
//! kinds           what properties may say, and the keys that they have
//! read            each property that is a word, read; values: words, numbers and durations as Fluss reads them
//! descriptor      single properties of a table
//! auto_partition  how partitions follow the time
//! ```

mod auto_partition;
mod descriptor;
mod kinds;
mod read;
mod values;

use std::{collections::BTreeMap, time::Duration};

pub use auto_partition::{AutoPartition, PartitionTimeError, TimeUnit, fixed_zone};
pub use kinds::{ChangelogImage, DeleteBehavior, KvFormat, LakeFormat, LogCompression, LogFormat, MergeEngine};
use read::{
    changelog_image, codec, delete_behavior, kv_format, kv_format_version, lake_format, log_compression, log_format,
    merge_engine,
};
use values::Values;

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
    /// How Arrow buffers are compressed; an error where zstd does so and cannot have the level.
    pub log_compression: Result<LogCompression, PropertyError>,
    /// The level of zstd, if it is given; also where nothing is compressed by it.
    pub zstd_level: Option<i32>,
    /// How long rows are kept; zero: for ever.
    pub log_ttl: Duration,
    /// How many segments of a log stay where a lake has the others.
    pub local_segments: Option<i32>,
    /// How the rows of keys are stored.
    pub kv_format: KvFormat,
    /// How keys are written: 1, which tables without the property have, or 2. Another number is an error to a table with a
    /// primary key, and means nothing to one without.
    pub kv_format_version: Result<u8, PropertyError>,
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
        // Each must be what it is to be, also where it means nothing here.
        codec(values)?;
        values.duration(Self::LAKE_FRESHNESS)?;
        values.boolean(Self::LAKE_COMPACTION)?;
        values.boolean(Self::LAKE_EXPIRY)?;
        values.integer::<i64>(Self::AUTO_INCREMENT_CACHE)?;
        Ok(Self {
            replication_factor: values.integer(Self::REPLICATION_FACTOR)?,
            log_format: log_format(values)?,
            log_compression: log_compression(values),
            zstd_level: values.integer(LogCompression::ZSTD_LEVEL_KEY)?,
            log_ttl: values.duration(Self::LOG_TTL)?.unwrap_or(DEFAULT_LOG_TTL),
            local_segments: values.integer(Self::LOCAL_SEGMENTS)?,
            kv_format: kv_format(values)?,
            kv_format_version: {
                // What is no number at all fails at once.
                values.integer::<i32>(KvFormat::VERSION_KEY)?;
                kv_format_version(values)
            },
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

#[cfg(test)]
mod tests;
