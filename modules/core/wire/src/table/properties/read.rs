//! Each property that is a word, or a word and a number, read.

use super::values::Values;
use super::{
    ChangelogImage, DeleteBehavior, KvFormat, LakeFormat, LogCompression, LogFormat, MergeEngine, PropertyError,
};

/// The level of zstd when nothing is said.
const DEFAULT_ZSTD_LEVEL: i32 = 3;

/// The codec of Arrow buffers, without its level.
#[derive(Debug, Clone, Copy)]
pub(super) enum ArrowCodec {
    None,
    Lz4Frame,
    Zstd,
}

pub(super) fn codec(values: Values<'_>) -> Result<ArrowCodec, PropertyError> {
    let words = [("NONE", ArrowCodec::None), ("LZ4_FRAME", ArrowCodec::Lz4Frame), ("ZSTD", ArrowCodec::Zstd)];
    let codec = values.word(LogCompression::TYPE_KEY, &words, "NONE, LZ4_FRAME or ZSTD")?;
    Ok(codec.unwrap_or(ArrowCodec::Zstd))
}

/// Like Fluss, this reads the level only for zstd.
pub(super) fn log_compression(values: Values<'_>) -> Result<LogCompression, PropertyError> {
    const LEVEL: &str = LogCompression::ZSTD_LEVEL_KEY;
    match codec(values)? {
        ArrowCodec::None => Ok(LogCompression::None),
        ArrowCodec::Lz4Frame => Ok(LogCompression::Lz4Frame),
        ArrowCodec::Zstd => {
            let wrong = || {
                let value = values.text(LEVEL).unwrap_or_default().to_owned();
                PropertyError { key: LEVEL, value, expected: "1 to 22" }
            };
            let level = values.integer(LEVEL).map_err(|_| wrong())?.unwrap_or(DEFAULT_ZSTD_LEVEL);
            if (1..=22).contains(&level) { Ok(LogCompression::Zstd { level }) } else { Err(wrong()) }
        }
    }
}

pub(super) fn log_format(values: Values<'_>) -> Result<LogFormat, PropertyError> {
    let words = [LogFormat::Arrow, LogFormat::Indexed, LogFormat::Compacted].map(|format| (format.name(), format));
    Ok(values.word(LogFormat::KEY, &words, "ARROW, INDEXED or COMPACTED")?.unwrap_or(LogFormat::Arrow))
}

pub(super) fn kv_format(values: Values<'_>) -> Result<KvFormat, PropertyError> {
    let words = [("COMPACTED", KvFormat::Compacted), ("INDEXED", KvFormat::Indexed)];
    Ok(values.word(KvFormat::KEY, &words, "COMPACTED or INDEXED")?.unwrap_or(KvFormat::Compacted))
}

pub(super) fn kv_format_version(values: Values<'_>) -> Result<u8, PropertyError> {
    Ok(values.word(KvFormat::VERSION_KEY, &[("1", 1), ("2", 2)], "1 or 2")?.unwrap_or(1))
}

pub(super) fn lake_format(values: Values<'_>) -> Result<Option<LakeFormat>, PropertyError> {
    let words = [("PAIMON", LakeFormat::Paimon), ("LANCE", LakeFormat::Lance), ("ICEBERG", LakeFormat::Iceberg)];
    values.word(LakeFormat::KEY, &words, "PAIMON, LANCE or ICEBERG")
}

pub(super) fn merge_engine(values: Values<'_>) -> Result<Option<MergeEngine>, PropertyError> {
    let words = [MergeEngine::FirstRow, MergeEngine::Versioned, MergeEngine::Aggregation];
    let words = words.map(|engine| (engine.name(), engine));
    values.word(MergeEngine::KEY, &words, "FIRST_ROW, VERSIONED or AGGREGATION")
}

pub(super) fn delete_behavior(values: Values<'_>) -> Result<Option<DeleteBehavior>, PropertyError> {
    let words =
        [("ALLOW", DeleteBehavior::Allow), ("IGNORE", DeleteBehavior::Ignore), ("DISABLE", DeleteBehavior::Disable)];
    values.word(DeleteBehavior::KEY, &words, "ALLOW, IGNORE or DISABLE")
}

pub(super) fn changelog_image(values: Values<'_>) -> Result<ChangelogImage, PropertyError> {
    let words = [("FULL", ChangelogImage::Full), ("WAL", ChangelogImage::Wal)];
    Ok(values.word(ChangelogImage::KEY, &words, "FULL or WAL")?.unwrap_or(ChangelogImage::Full))
}
