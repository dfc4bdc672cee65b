//! What each property may be, and what it means then.

use super::*;
use crate::table::{Schema, TableDescriptor};

fn with(properties: &[(&str, &str)]) -> TableDescriptor {
    let mut descriptor = TableDescriptor::new(Schema::parse_sql("a INT").unwrap());
    descriptor.properties = properties.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    descriptor
}

fn parsed(properties: &[(&str, &str)]) -> Result<TableProperties, PropertyError> {
    TableProperties::parse(&with(properties).properties)
}

#[test]
fn defaults_are_fluss_s() {
    assert_eq!(with(&[]).log_format(), Ok(LogFormat::Arrow));
    assert_eq!(with(&[]).log_compression(), Ok(LogCompression::Zstd { level: 3 }));
    let properties = parsed(&[]).unwrap();
    assert_eq!((properties.kv_format, properties.changelog_image), (KvFormat::Compacted, ChangelogImage::Full));
    assert_eq!((properties.merge_engine, properties.delete_behavior), (None, None));
    assert_eq!(properties.log_ttl, Duration::from_secs(604_800));
    let auto = properties.auto_partition;
    assert_eq!((auto.enabled, auto.unit, auto.precreate, auto.retention), (false, TimeUnit::Day, None, 7));
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
        let error = with(&[(level, wrong)]).log_compression().unwrap_err();
        assert_eq!((error.value.as_str(), error.expected), (wrong, "1 to 22"));
    }
}

/// A number that has no meaning fails only where the meaning is asked for; what is no number fails at once.
#[test]
fn numbers_without_a_meaning_are_named_where_they_are_used() {
    let (codec, level) = (LogCompression::TYPE_KEY, LogCompression::ZSTD_LEVEL_KEY);
    for pairs in
        [&[][..], &[(level, "23")], &[(codec, "none"), (level, "99")], &[(codec, "lz4_frame")], &[(level, "22")]]
    {
        let properties = parsed(pairs).unwrap();
        assert_eq!(properties.log_compression, with(pairs).log_compression(), "{pairs:?}");
    }
    let error = parsed(&[(level, "+23")]).unwrap().log_compression.unwrap_err().to_string();
    assert_eq!(error, "table property 'table.log.arrow.compression.zstd.level' is '+23', but must be 1 to 22");
    assert_eq!(parsed(&[(level, "three")]).unwrap_err().expected, "a whole number");

    let version = |value| parsed(&[(KvFormat::VERSION_KEY, value)]);
    assert_eq!(parsed(&[]).unwrap().kv_format_version, Ok(1));
    assert_eq!(version("2").unwrap().kv_format_version, Ok(2));
    for wrong in ["0", "3", "-1", "01"] {
        let error = version(wrong).unwrap().kv_format_version.unwrap_err();
        assert_eq!((error.value.as_str(), error.expected), (wrong, "1 or 2"));
        assert_eq!(Err(error), with(&[(KvFormat::VERSION_KEY, wrong)]).kv_format_version());
    }
    assert_eq!(version("two").unwrap_err().expected, "a whole number");
}

/// Each property with words or numbers: one value that it can have. As in Fluss, any case is right, and spaces are not.
#[test]
fn spaces_are_refused_and_case_is_not() {
    let cases = [
        ("table.replication.factor", "1"),
        ("table.log.format", "INDEXED"),
        ("table.log.arrow.compression.type", "NONE"),
        ("table.log.arrow.compression.zstd.level", "5"),
        ("table.log.tiered.local-segments", "2"),
        ("table.kv.format", "INDEXED"),
        ("table.kv.format-version", "2"),
        ("table.merge-engine", "VERSIONED"),
        ("table.delete.behavior", "DISABLE"),
        ("table.changelog.image", "WAL"),
        ("table.datalake.enabled", "TRUE"),
        ("table.datalake.format", "LANCE"),
        ("table.datalake.auto-compaction", "FALSE"),
        ("table.datalake.auto-expire-snapshot", "TRUE"),
        ("table.auto-increment.cache-size", "5000000000"),
        ("table.auto-partition.enabled", "TRUE"),
        ("table.auto-partition.time-unit", "HOUR"),
        ("table.auto-partition.num-precreate", "3"),
        ("table.auto-partition.num-retention", "-1"),
    ];
    for (key, value) in cases {
        let upper = parsed(&[(key, value)]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed(&[(key, &value.to_lowercase())]), Ok(upper), "{key}");
        for wrong in [format!(" {value} "), format!("{value} "), format!("\t{value}"), String::new(), "no".to_owned()] {
            let error = parsed(&[(key, &wrong)]).expect_err(key);
            assert_eq!((error.key, &error.value), (key, &wrong));
        }
    }
    for key in ["table.log.ttl", "table.datalake.freshness"] {
        assert!(parsed(&[(key, " 1 H ")]).is_ok() && parsed(&[(key, "1")]).is_err(), "{key}");
    }
}

#[test]
fn every_property_means_what_it_says() {
    let properties = parsed(&[
        ("table.log.format", "compacted"),
        ("table.log.ttl", "2h"),
        ("table.kv.format-version", "1"),
        ("table.merge-engine", "first_row"),
        ("table.merge-engine.versioned.ver-column", " v "),
        ("table.delete.behavior", "ignore"),
        ("table.changelog.image", "wal"),
        ("table.datalake.format", "paimon"),
        ("table.auto-partition.enabled", "true"),
        ("table.auto-partition.key", "day"),
        ("table.auto-partition.time-unit", "month"),
        ("table.auto-partition.time-zone", "UTC"),
        ("table.auto-partition.num-precreate", "0"),
    ])
    .unwrap();
    assert_eq!((properties.log_format, properties.log_ttl), (LogFormat::Compacted, Duration::from_secs(7200)));
    assert_eq!(properties.kv_format_version, Ok(1));
    assert_eq!(properties.merge_engine, Some(MergeEngine::FirstRow));
    assert_eq!(properties.version_column.as_deref(), Some(" v "));
    assert_eq!(properties.delete_behavior, Some(DeleteBehavior::Ignore));
    assert_eq!(properties.changelog_image, ChangelogImage::Wal);
    assert_eq!(properties.lake_format, Some(LakeFormat::Paimon));
    let auto = properties.auto_partition;
    assert_eq!((auto.enabled, auto.key.as_deref(), auto.unit), (true, Some("day"), TimeUnit::Month));
    assert_eq!((auto.zone.as_deref(), auto.precreate, auto.retention), (Some("UTC"), Some(0), 7));
}
