//! Keys with their logs, with the node ending at the worst moments.

mod faults;
mod model;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use thalweg_wire::record::{
    ChangeType, KvBatch, KvBatchBuilder, KvContent, LogBatch, LogBatches, LogRow, RowEncoder, RowFields, RowFormat,
    Scalar, Value, kv_head,
};
use thalweg_wire::table::{DataType, LogFormat, Schema, TableDescriptor, TableProperties};

use super::PutError;
use super::recovery::recover;
use super::registry::bind;
use crate::ids::BucketId;
use crate::keys::changelog::arrow::Rows;
use crate::keys::{BucketKeys, Put, Store};
use crate::log::batch::Batch;
use crate::log::{Log, LogSettings};
use crate::options::{Durability, LEAST_MEMORY};
use crate::table::keyed::KeyedTable;

const ID: BucketId = BucketId { table: 7, partition: None, bucket: 3 };

/// A bucket of `id INT, n BIGINT` with its keys.
struct Opened {
    log: Arc<Log>,
    keys: BucketKeys,
    /// Bytes that the disk still has for the log.
    room: Arc<AtomicU64>,
    store: Store,
}

/// What a record does: a key, and its new value or nothing.
type Record = (i32, Option<Option<i64>>);

fn table(properties: &[(&str, &str)]) -> Arc<KeyedTable> {
    let mut schema = Schema::parse_sql("id INT NOT NULL, n BIGINT").unwrap();
    schema.primary_key = vec![0];
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let properties = TableProperties::parse(&descriptor.properties).unwrap();
    Arc::new(KeyedTable::new(&descriptor, &properties, 1, &BTreeMap::new()).unwrap())
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
        let log = Arc::new(crate::log::open(ID, &folder.join("log"), &Arc::new(settings)).unwrap());
        let store = Store::open(&folder.join("keys"), LEAST_MEMORY, &HashSet::from([ID.physical()])).unwrap();
        let keys = store.buckets(ID.physical(), table, 4).unwrap().remove(3);
        bind(&keys, &log);
        recover(&keys, &log).unwrap();
        Self { log, keys, room, store }
    }

    /// Puts a batch; the keys follow the log only if `applied`.
    fn put(&self, put: &Put, applied: bool) -> Result<i64, PutError> {
        let (writer, sequence) = put.writer();
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
        let Some(view) = self.keys.view(&[], usize::MAX).unwrap() else { return BTreeMap::new() };
        assert_eq!(view.mark, self.keys.mark());
        let rows: BTreeMap<_, _> = view.map(|value| decoded(&self.keys.table(), &value.unwrap())).collect();
        for (id, n) in &rows {
            let key = encoded(&self.keys.table(), *id, *n).0;
            let value = self.keys.get(&key, &mut Vec::new()).unwrap().expect("a row of a scan");
            assert_eq!(decoded(&self.keys.table(), &value), (*id, *n));
        }
        rows
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
                let rows = match self.keys.table().log_format {
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
        let table = self.keys.table();
        let rows = Rows::of_batch(batch, &table.latest.layout).unwrap();
        let columns = rows.columns(&table.latest.layout).unwrap();
        let encoder = RowEncoder::new(&table.latest.layout, None, table.format).unwrap();
        let row = |(row, change): (usize, ChangeType)| {
            let mut value = vec![1, 0];
            encoder.encode(&columns, row, &mut value).unwrap();
            (change, decoded(&table, &value))
        };
        batch.changes(0..batch.records as usize).unwrap().unwrap().into_iter().enumerate().map(row).collect()
    }

    fn rows_of(&self, batch: &LogBatch<'_>) -> Vec<(ChangeType, (i32, Option<i64>))> {
        let row = |row: LogRow<'_>| (row.change, decoded(&self.keys.table(), &[&[1, 0], row.row].concat()));
        batch.log_rows().map(|one| row(one.unwrap())).collect()
    }
}

fn decoded(table: &KeyedTable, value: &[u8]) -> (i32, Option<i64>) {
    let value = Value::parse(value).unwrap();
    assert_eq!(value.schema_id, 1);
    let fields = RowFields::parse_as(&table.latest.layout, table.format, value.row).unwrap();
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
    RowFields::write_as(&table.latest.layout, table.format, &[Some(&id[..]), n.as_deref()], &mut row);
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
    put_of(table, [&head[..], &body].concat())
}

fn put_of(table: &KeyedTable, records: Vec<u8>) -> Put {
    Put::new(&KvBatch::parse(&records).unwrap(), records.clone().into(), table, &[], false).unwrap()
}
