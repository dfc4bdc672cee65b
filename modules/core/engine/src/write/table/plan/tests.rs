//! What follows from a table and a change, and what cannot be written.

use super::*;
use crate::write::model::info;

/// `k` is the key, `p` names the partition.
fn keyed(properties: &[(&str, &str)]) -> TableInfo {
    let columns = "k INT NOT NULL, p STRING NOT NULL, v BIGINT, must INT NOT NULL";
    let mut info = info(columns, &[], properties);
    info.descriptor.schema.primary_key = vec![0, 1];
    info.descriptor.partition_keys = vec!["p".into()];
    info
}

fn log(properties: &[(&str, &str)]) -> TableInfo {
    info("a INT, b INT", &["b"], properties)
}

#[test]
fn properties_say_how_batches_are_compressed() {
    let (codec, level) = ("table.log.arrow.compression.type", "table.log.arrow.compression.zstd.level");
    for (properties, expected) in [
        (vec![], (Codec::Zstd, 3)),
        (vec![(codec, "zstd"), (level, "7")], (Codec::Zstd, 7)),
        (vec![(codec, "LZ4_FRAME"), (level, "7")], (Codec::Lz4Frame, 0)),
        (vec![(codec, "NONE")], (Codec::None, 0)),
    ] {
        let plan = Plan::new(&log(&properties), &Change::Append).expect("a plan");
        let Content::Arrow { codec, level } = plan.content else { panic!("columns are wanted") };
        assert_eq!((codec, level), expected);
        assert!(matches!(plan.bucket, BucketBy::Key(_)));
    }
}

#[test]
fn what_cannot_be_written_says_why_and_names_the_table() {
    let (upsert, disabled) = (Change::Upsert(None), [("table.delete.behavior", "DISABLE")]);
    let [first, versioned] = ["FIRST_ROW", "versioned"].map(|engine| [("table.merge-engine", engine)]);
    let some = |columns: &[u32]| Change::Upsert(Some(columns.to_vec()));
    let mut lost_key = log(&[]);
    lost_key.descriptor.bucket_keys = vec!["c".into()];
    let mut newer = log(&[]);
    newer.schema_id = 40_000;
    let mut huge = log(&[]);
    huge.descriptor.bucket_count = Some(u32::MAX);
    for (info, change, reason) in [
        (keyed(&[]), Change::Append, "db.t has a primary key; upsert"),
        (log(&[]), upsert.clone(), "db.t has no primary key; append"),
        (log(&[]), Change::Delete, "db.t has no primary key; rows of a log"),
        (keyed(&disabled), Change::Delete, "table.delete.behavior = DISABLE; its rows are not deleted"),
        (keyed(&first), some(&[0, 1, 3]), "table.merge-engine = FIRST_ROW; upsert whole rows"),
        (keyed(&versioned), some(&[0, 1, 3]), "table.merge-engine = versioned; upsert whole rows"),
        (keyed(&[]), some(&[0, 2, 3]), "'p' is missing"),
        (keyed(&[]), some(&[0, 1, 9]), "no column at position 9"),
        (keyed(&[]), some(&[0, 1, 0]), "'k' twice"),
        (keyed(&[]), some(&[0, 1, 2]), "must may not be null but is left out"),
        (lost_key, Change::Append, "names 'c' as a key"),
        (newer, Change::Append, "schema version 40000"),
        (huge, Change::Append, "4294967295 buckets"),
        (log(&[("table.log.format", "ORC")]), Change::Append, "ARROW, INDEXED or COMPACTED"),
        (log(&[("table.datalake.format", "hudi")]), Change::Append, "PAIMON, LANCE or ICEBERG"),
        (keyed(&[("table.kv.format", "ARROW")]), upsert, "COMPACTED or INDEXED"),
        (log(&[("table.log.arrow.compression.type", "SNAPPY")]), Change::Append, "NONE, LZ4_FRAME or ZSTD"),
    ] {
        let error = Plan::new(&info, &change).expect_err(reason).to_string();
        assert!(error.contains("table db.t") && error.contains(reason), "{error}");
    }
}

#[test]
fn whole_rows_and_deletions_share_batches_and_others_do_not() {
    let plan = |change| Plan::new(&keyed(&[]), &change).expect("a plan");
    let (whole, delete) = (plan(Change::Upsert(None)), plan(Change::Delete));
    let part = plan(Change::Upsert(Some(vec![3, 1, 0])));
    assert!(whole.mixes_with(&delete) && delete.mixes_with(&whole));
    assert!(!part.mixes_with(&whole) && !part.mixes_with(&delete) && part.mixes_with(&part));
    let Content::Keys(keys) = &part.content else { panic!("a key batch") };
    assert_eq!((&*keys.columns, delete.layout.column_count()), (&[3, 1, 0][..], 2));
}
