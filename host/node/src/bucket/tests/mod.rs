//! Keys against a model, with the node ending at the worst moments.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use thalweg_wire::record::{
    ChangeType, KvBatchBuilder, KvContent, LogBatch, LogBatches, LogRow, NO_WRITER, RowEncoder, RowFields, RowFormat,
    Scalar, Value, kv_head,
};
use thalweg_wire::table::{ChangelogImage, DataType, LogFormat, Schema, TableDescriptor, TableProperties};

use super::PutError;
use super::recovery::recover;
use crate::ids::BucketId;
use crate::keys::changelog::arrow::Rows;
use crate::keys::{BucketKeys, MergeError, Put, Store};
use crate::log::batch::Batch;
use crate::log::{AppendError, Log, LogSettings};
use crate::options::Durability;
use crate::table::keyed::KeyedTable;

const ID: BucketId = BucketId { table: 7, partition: None, bucket: 3 };

/// A bucket of `id INT, n BIGINT` with its keys.
struct Opened {
    log: Log,
    keys: BucketKeys,
    /// Bytes that the disk still has for the log.
    room: Arc<AtomicU64>,
    _store: Store,
}

/// What a record does: a key, and its new value or nothing.
type Record = (i32, Option<Option<i64>>);

fn table(properties: &[(&str, &str)]) -> Arc<KeyedTable> {
    let mut schema = Schema::parse_sql("id INT NOT NULL, n BIGINT").unwrap();
    schema.primary_key = vec![0];
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let properties = TableProperties::parse(&descriptor.properties).unwrap();
    Arc::new(KeyedTable::new(&descriptor, &properties, 1).unwrap())
}

impl Opened {
    fn open(folder: &Path, table: &Arc<KeyedTable>) -> Self {
        let room = Arc::new(AtomicU64::new(u64::MAX));
        let settings = LogSettings {
            durability: Durability::Os,
            segment_bytes: 4000,
            writers: 100,
            writer_age: Duration::from_secs(1000),
            room: Arc::clone(&room),
        };
        let log = crate::log::open(ID, &folder.join("log"), &Arc::new(settings)).unwrap();
        let store = Store::open(&folder.join("keys"), &HashSet::from([ID.physical()])).unwrap();
        let keys = store.buckets(ID.physical(), table, 4).unwrap().remove(3);
        recover(&keys, &log).unwrap();
        Self { log, keys, room, _store: store }
    }

    /// Puts a batch; the keys follow the log only if `applied`.
    fn put(&self, put: &Put, applied: bool) -> Result<i64, PutError> {
        let (writer, sequence) = put.writer()?;
        if let Some(end) = self.log.judge(writer, sequence)? {
            return Ok(end);
        }
        let prepared = self.keys.prepare(put)?;
        let batch = Batch::made(prepared.batch).unwrap();
        if self.log.is_full(batch.bytes.len()) {
            self.log.roll()?;
        }
        self.log.append(std::slice::from_ref(&batch), 1)?;
        self.keys.stage(prepared.changes, prepared.rows);
        self.log.commit()?;
        let end = self.log.high_watermark();
        if applied {
            self.keys.apply(end)?;
        }
        Ok(end)
    }

    fn rows(&self) -> BTreeMap<i32, Option<i64>> {
        let Some((snapshot, mark)) = self.keys.snapshot().unwrap() else { return BTreeMap::new() };
        assert_eq!(mark, self.keys.mark());
        self.keys.values(&snapshot, &[]).map(|value| decoded(&self.keys.table, &value.unwrap())).collect()
    }

    /// What the log says happened: offset, change, key, value.
    fn changes(&self) -> Vec<(i64, ChangeType, i32, Option<i64>)> {
        let mut changes = Vec::new();
        let mut at = self.log.start();
        while at < self.log.high_watermark() {
            let bytes = self.log.read(at, 1 << 20, true).unwrap();
            for batch in LogBatches::new(&bytes) {
                let (_, batch) = batch.unwrap();
                assert!(batch.checksum_is_right());
                at = batch.end_offset();
                if batch.records == 0 {
                    continue;
                }
                let rows = match self.keys.table.log_format {
                    LogFormat::Arrow => self.columns_of(&batch),
                    _ => self.rows_of(&batch),
                };
                let placed = rows.into_iter().zip(batch.base_offset..);
                changes.extend(placed.map(|((change, (id, n)), offset)| (offset, change, id, n)));
            }
        }
        changes
    }

    fn columns_of(&self, batch: &LogBatch<'_>) -> Vec<(ChangeType, (i32, Option<i64>))> {
        let table = &self.keys.table;
        let rows = Rows::of_batch(batch, &table.layout).unwrap();
        let columns = rows.columns(&table.layout).unwrap();
        let encoder = RowEncoder::new(&table.layout, None, table.format).unwrap();
        let row = |(row, change): (usize, ChangeType)| {
            let mut value = vec![1, 0];
            encoder.encode(&columns, row, &mut value).unwrap();
            (change, decoded(table, &value))
        };
        batch.changes(0..batch.records as usize).unwrap().unwrap().into_iter().enumerate().map(row).collect()
    }

    fn rows_of(&self, batch: &LogBatch<'_>) -> Vec<(ChangeType, (i32, Option<i64>))> {
        let row = |row: LogRow<'_>| (row.change, decoded(&self.keys.table, &[&[1, 0], row.row].concat()));
        batch.log_rows().map(|one| row(one.unwrap())).collect()
    }
}

fn decoded(table: &KeyedTable, value: &[u8]) -> (i32, Option<i64>) {
    let value = Value::parse(value).unwrap();
    assert_eq!(value.schema_id, 1);
    let fields = RowFields::parse_as(&table.layout, table.format, value.row).unwrap();
    let read = |at: usize, data_type| {
        fields.fields()[at].map(|bytes| Scalar::read("", data_type, table.format, bytes).unwrap())
    };
    let Some(Scalar::Int(id)) = read(0, &DataType::Int) else { panic!("no id") };
    match read(1, &DataType::BigInt) {
        Some(Scalar::BigInt(n)) => (id, Some(n)),
        _ => (id, None),
    }
}

/// A key, and its row in the table's format.
fn encoded(table: &KeyedTable, id: i32, n: Option<i64>) -> (Vec<u8>, Vec<u8>) {
    let field = |value: Scalar<'_>, data_type, format| {
        let mut bytes = Vec::new();
        value.write("", data_type, format, &mut bytes).unwrap();
        bytes
    };
    let key = field(Scalar::Int(id), &DataType::Int, RowFormat::Compacted);
    let id = field(Scalar::Int(id), &DataType::Int, table.format);
    let n = n.map(|n| field(Scalar::BigInt(n), &DataType::BigInt, table.format));
    let mut row = Vec::new();
    RowFields::write_as(&table.layout, table.format, &[Some(&id[..]), n.as_deref()], &mut row);
    (key, row)
}

fn put(table: &KeyedTable, writer: (i64, i32), records: &[Record]) -> Put {
    let mut builder = KvBatchBuilder::new();
    for (id, value) in records {
        let (key, row) = encoded(table, *id, value.unwrap_or_default());
        match value {
            Some(_) => builder.upsert(&key, &row).unwrap(),
            None => builder.delete(&key).unwrap(),
        }
    }
    let records = builder.records();
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let head = kv_head(&KvContent { schema_id: 1, records, body_length, body_checksum }, writer).unwrap();
    Put { records: [&head[..], &body].concat().into(), merger: table.merger(&[], false).unwrap(), overwrite: false }
}

/// Tables that differ in how they keep rows and changes.
const TABLES: [&[(&str, &str)]; 7] = [
    &[],
    &[("table.changelog.image", "WAL")],
    &[("table.log.format", "COMPACTED")],
    &[("table.log.arrow.compression.type", "NONE")],
    &[("table.log.arrow.compression.type", "LZ4_FRAME")],
    &[("table.kv.format", "INDEXED")],
    &[("table.kv.format", "INDEXED"), ("table.log.format", "INDEXED"), ("table.changelog.image", "WAL")],
];

/// What the model says that a batch does: the changes, in order.
fn model(
    image: ChangelogImage,
    rows: &mut BTreeMap<i32, Option<i64>>,
    records: &[Record],
) -> Vec<(ChangeType, i32, Option<i64>)> {
    let mut changes = Vec::new();
    for (id, value) in records {
        match (value, rows.get(id).copied()) {
            (Some(new), _) if image == ChangelogImage::Wal => changes.push((ChangeType::UpdateAfter, *id, *new)),
            (Some(new), None) => changes.push((ChangeType::Insert, *id, *new)),
            (Some(new), Some(old)) => {
                changes.extend([(ChangeType::UpdateBefore, *id, old), (ChangeType::UpdateAfter, *id, *new)])
            }
            (None, Some(old)) => changes.push((ChangeType::Delete, *id, old)),
            (None, None) => {}
        }
        match value {
            Some(new) => rows.insert(*id, *new),
            None => rows.remove(id),
        };
    }
    changes
}

fn record() -> impl Strategy<Value = Record> {
    let value = prop_oneof![3 => any::<Option<i64>>().prop_map(Some), 1 => Just(None)];
    (prop_oneof![-3i32..10, any::<i32>()], value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Batches are put, sent again and lost between log and keys; the node ends between any two of them.
    #[test]
    fn keys_and_changelog_are_what_the_model_says(
        properties in 0..TABLES.len(),
        steps in proptest::collection::vec(
            (proptest::collection::vec(record(), 0..12), any::<bool>(), any::<bool>(), 0u8..4), 1..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let table = table(TABLES[properties]);
        let mut opened = Opened::open(folder.path(), &table);
        let (mut rows, mut expected, mut end) = (BTreeMap::new(), Vec::new(), 0);
        for (sequence, (records, repeated, applied, fate)) in steps.iter().enumerate() {
            let put = put(&table, (5, sequence as i32), records);
            let changes = model(table.image, &mut rows, records);
            let first = end;
            end += changes.len().max(1) as i64;
            expected.extend(changes.into_iter().enumerate().map(|(at, (change, id, n))| (first + at as i64, change, id, n)));
            prop_assert_eq!(opened.put(&put, *applied).unwrap(), end);
            // Without the keys behind it, the log goes on only after a restart.
            if !*applied || *fate == 0 {
                drop(opened);
                opened = Opened::open(folder.path(), &table);
            }
            if *repeated {
                prop_assert_eq!(opened.put(&put, true).unwrap(), end);
            }
            prop_assert_eq!(&opened.rows(), &rows);
            prop_assert_eq!(opened.keys.rows(), (table.image == ChangelogImage::Full).then_some(rows.len() as i64));
        }
        prop_assert_eq!(opened.changes(), expected);
        prop_assert!(opened.put(&put_gap(&table, steps.len()), true).is_err());
    }
}

fn put_gap(table: &KeyedTable, sequence: usize) -> Put {
    put(table, (5, sequence as i32 + 1), &[(1, Some(None))])
}

#[test]
fn a_batch_with_a_bad_record_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1)))]), true).unwrap();
    let (key, row) = encoded(&table, 2, Some(2));
    let bad: [(&[u8], &[u8]); 4] = [(&key, &row[..row.len() - 1]), (&[1], &row), (&[2, 0], &row), (b"", &row)];
    for (key, row) in bad {
        let mut builder = KvBatchBuilder::new();
        builder.delete(&encoded(&table, 1, None).0).unwrap();
        builder.upsert(key, row).unwrap();
        let body = builder.into_bytes();
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
        let head = kv_head(&KvContent { schema_id: 1, records: 2, body_length, body_checksum }, NO_WRITER).unwrap();
        let merger = table.merger(&[], false).unwrap();
        let put = Put { records: [&head[..], &body].concat().into(), merger, overwrite: false };
        let error = opened.put(&put, true).unwrap_err();
        assert!(matches!(error, PutError::Merge(MergeError::Record { record: 1, .. })), "{error}");
        assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1))]));
        assert_eq!(opened.log.high_watermark(), 1);
    }
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    let put = |sequence, records: &[Record]| opened.put(&put(&table, (5, sequence), records), true);
    assert_eq!(put(0, &[(1, Some(Some(1)))]).unwrap(), 1);
    opened.room.store(20, Ordering::Relaxed);
    for _ in 0..2 {
        let error = put(1, &[(1, None), (2, Some(None))]).unwrap_err();
        assert!(matches!(error, PutError::Log(AppendError::DiskFull)), "{error}");
        assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1))]));
    }
    opened.room.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(put(1, &[(1, None), (2, Some(None))]).unwrap(), 3);
    assert_eq!(opened.rows(), BTreeMap::from([(2, None)]));
}

#[test]
fn keys_ahead_of_their_log_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(&[]);
    let opened = Opened::open(folder.path(), &table);
    opened.put(&put(&table, NO_WRITER, &[(1, Some(Some(1))), (2, Some(None))]), true).unwrap();
    opened.log.close().unwrap();
    let log = folder.path().join("log");
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let copy = |from: &Path, to: &Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    };
    copy(&log, &kept);
    opened.put(&put(&table, NO_WRITER, &[(1, None), (3, Some(None))]), true).unwrap();
    drop(opened);
    copy(&kept, &log);
    let opened = Opened::open(folder.path(), &table);
    assert_eq!(opened.rows(), BTreeMap::from([(1, Some(1)), (2, None)]));
    assert_eq!(opened.keys.rows(), Some(2));
}
