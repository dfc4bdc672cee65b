//! What properties may say: formats, merge engines, deletions, and the keys that they have.

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
