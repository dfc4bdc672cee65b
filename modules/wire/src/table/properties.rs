//! The table properties that decide how a log is written.

use super::TableDescriptor;

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
}

impl LogCompression {
    /// The key of the property that names the codec.
    pub const TYPE_KEY: &'static str = "table.log.arrow.compression.type";
    /// The key of the property that has the level for zstd.
    pub const ZSTD_LEVEL_KEY: &'static str = "table.log.arrow.compression.zstd.level";
}

impl TableDescriptor {
    /// How the log is stored. Like Fluss, this takes the value in any case.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn log_format(&self) -> Result<LogFormat, PropertyError> {
        match self.upper(LogFormat::KEY).as_deref() {
            None | Some("ARROW") => Ok(LogFormat::Arrow),
            Some("INDEXED") => Ok(LogFormat::Indexed),
            Some("COMPACTED") => Ok(LogFormat::Compacted),
            Some(_) => Err(self.wrong(LogFormat::KEY, "ARROW, INDEXED or COMPACTED")),
        }
    }

    /// How Arrow buffers are compressed. Like Fluss, this takes the codec in any case, and reads the level only for
    /// zstd.
    ///
    /// # Errors
    /// If the codec is none of the three or the level is not 1 to 22.
    pub fn log_compression(&self) -> Result<LogCompression, PropertyError> {
        match self.upper(LogCompression::TYPE_KEY).as_deref() {
            Some("NONE") => Ok(LogCompression::None),
            Some("LZ4_FRAME") => Ok(LogCompression::Lz4Frame),
            None | Some("ZSTD") => Ok(LogCompression::Zstd { level: self.zstd_level()? }),
            Some(_) => Err(self.wrong(LogCompression::TYPE_KEY, "NONE, LZ4_FRAME or ZSTD")),
        }
    }

    /// The lake, if one is named. Like Fluss, this takes the value in any case.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn lake_format(&self) -> Result<Option<LakeFormat>, PropertyError> {
        match self.upper(LakeFormat::KEY).as_deref() {
            None => Ok(None),
            Some("PAIMON") => Ok(Some(LakeFormat::Paimon)),
            Some("LANCE") => Ok(Some(LakeFormat::Lance)),
            Some("ICEBERG") => Ok(Some(LakeFormat::Iceberg)),
            Some(_) => Err(self.wrong(LakeFormat::KEY, "PAIMON, LANCE or ICEBERG")),
        }
    }

    /// How the rows of keys are stored. Like Fluss, this takes the value in any case.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format(&self) -> Result<KvFormat, PropertyError> {
        match self.upper(KvFormat::KEY).as_deref() {
            None | Some("COMPACTED") => Ok(KvFormat::Compacted),
            Some("INDEXED") => Ok(KvFormat::Indexed),
            Some(_) => Err(self.wrong(KvFormat::KEY, "COMPACTED or INDEXED")),
        }
    }

    /// How keys are written: 1, which tables without the property have, or 2.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format_version(&self) -> Result<u8, PropertyError> {
        match self.properties.get(KvFormat::VERSION_KEY).map(String::as_str) {
            None | Some("1") => Ok(1),
            Some("2") => Ok(2),
            Some(_) => Err(self.wrong(KvFormat::VERSION_KEY, "1 or 2")),
        }
    }

    fn zstd_level(&self) -> Result<i32, PropertyError> {
        let Some(level) = self.properties.get(LogCompression::ZSTD_LEVEL_KEY) else { return Ok(3) };
        let level = level.parse().ok().filter(|level| (1..=22).contains(level));
        level.ok_or_else(|| self.wrong(LogCompression::ZSTD_LEVEL_KEY, "1 to 22"))
    }

    fn upper(&self, key: &str) -> Option<String> {
        self.properties.get(key).map(|value| value.to_uppercase())
    }

    fn wrong(&self, key: &'static str, expected: &'static str) -> PropertyError {
        PropertyError { key, value: self.properties.get(key).cloned().unwrap_or_default(), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::*;

    fn with(properties: &[(&str, &str)]) -> TableDescriptor {
        let mut descriptor = TableDescriptor::new(Schema::parse_sql("a INT").unwrap());
        descriptor.properties = properties.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        descriptor
    }

    #[test]
    fn defaults_are_fluss_s() {
        assert_eq!(with(&[]).log_format(), Ok(LogFormat::Arrow));
        assert_eq!(with(&[]).log_compression(), Ok(LogCompression::Zstd { level: 3 }));
    }

    #[test]
    fn values_are_read_in_any_case() {
        let (codec, level) = (LogCompression::TYPE_KEY, LogCompression::ZSTD_LEVEL_KEY);
        assert_eq!(with(&[(LogFormat::KEY, "indexed")]).log_format(), Ok(LogFormat::Indexed));
        assert_eq!(with(&[(codec, "none"), (level, "99")]).log_compression(), Ok(LogCompression::None));
        assert_eq!(with(&[(codec, "Lz4_Frame")]).log_compression(), Ok(LogCompression::Lz4Frame));
        assert_eq!(with(&[(level, "22")]).log_compression(), Ok(LogCompression::Zstd { level: 22 }));
    }

    #[test]
    fn wrong_values_are_named() {
        let (codec, level) = (LogCompression::TYPE_KEY, LogCompression::ZSTD_LEVEL_KEY);
        assert_eq!(
            with(&[(LogFormat::KEY, "csv")]).log_format().unwrap_err().to_string(),
            "table property 'table.log.format' is 'csv', but must be ARROW, INDEXED or COMPACTED"
        );
        assert!(with(&[(codec, "gzip")]).log_compression().is_err());
        for wrong in ["0", "23", "three", ""] {
            assert!(with(&[(level, wrong)]).log_compression().is_err(), "{wrong}");
        }
    }
}
