//! What the tests share: a node, clients of both kinds, tables and rows.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use futures::TryStreamExt;
use thalweg::client::{Client, ClientOptions, EngineKind, Outcome, ScanBatch, ScanOptions, Table};
use thalweg::table::{Column, ColumnType, DataType, Schema, TableDescriptor, TablePath};
use thalweg_node::{Durability, Node, NodeOptions};

/// The engines that every test runs on.
pub(crate) const ENGINES: [EngineKind; 4] =
    [EngineKind::Native, EngineKind::Component, EngineKind::Inside, EngineKind::Lockstep];

/// A node with a data folder of its own.
pub(crate) struct Served {
    pub(crate) address: String,
    pub(crate) node: Node,
    pub(crate) folder: tempfile::TempDir,
}

/// Starts a node on a free port.
pub(crate) async fn serve() -> Served {
    let folder = tempfile::tempdir().expect("a folder");
    let node = start_node(&folder, "127.0.0.1:0").await;
    Served { address: node.address().to_string(), node, folder }
}

/// Starts a node on the data of this folder.
pub(crate) async fn start_node(folder: &tempfile::TempDir, listen: &str) -> Node {
    let mut options = NodeOptions::new(folder.path());
    options.listen = listen.to_owned();
    options.durability = Durability::Os;
    Node::start(options).await.expect("a node")
}

/// Options for a client of these servers.
pub(crate) fn options(address: &str, engine: EngineKind) -> ClientOptions {
    let mut options = ClientOptions::new(vec![address.to_owned()]);
    options.engine = engine;
    options
}

/// A client of this server.
pub(crate) async fn connect(address: &str, engine: EngineKind) -> Client {
    within(Client::connect(options(address, engine))).await.expect("a session")
}

/// Fails a test that hangs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it comes to an end")
}

/// `fluss.NAME`.
pub(crate) fn path(name: &str) -> TablePath {
    TablePath { database: "fluss".to_owned(), table: name.to_owned() }
}

/// A table of some types.
pub(crate) fn descriptor(buckets: u32, properties: &[(&str, &str)]) -> TableDescriptor {
    let columns = [
        ("id", DataType::BigInt, false),
        ("name", DataType::String, true),
        ("price", DataType::Decimal { precision: 10, scale: 2 }, true),
        ("weight", DataType::Double, true),
        ("at", DataType::TimestampLtz(6), true),
        ("late", DataType::Boolean, true),
        ("count", DataType::Int, true),
    ];
    let columns = columns.into_iter().enumerate().map(|(id, (name, data_type, nullable))| Column {
        id: id as i32,
        name: name.to_owned(),
        column_type: ColumnType { data_type, nullable },
        comment: None,
        aggregation: None,
    });
    TableDescriptor {
        schema: Schema { columns: columns.collect(), primary_key: vec![], auto_increment: vec![], highest_field_id: 6 },
        comment: None,
        partition_keys: vec![],
        bucket_keys: vec![],
        bucket_count: Some(buckets),
        properties: properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        custom_properties: BTreeMap::new(),
    }
}

/// Creates and opens a table.
pub(crate) async fn create(client: &Client, name: &str, buckets: u32, properties: &[(&str, &str)]) -> Table {
    let path = path(name);
    within(client.create_table(&path, descriptor(buckets, properties), false)).await.expect("a table");
    within(client.table(&path)).await.expect("the table")
}

/// Rows with these ids, with nulls here and there.
pub(crate) fn rows(ids: std::ops::Range<i64>) -> RecordBatch {
    let some = |id: &i64| id % 7 != 3;
    let prices = ids.clone().map(|id| some(&id).then_some(i128::from(id) * 100 + 99));
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone())), false),
        (
            "name",
            Arc::new(StringArray::from_iter(ids.clone().map(|id| some(&id).then(|| format!("row {id} äß"))))),
            true,
        ),
        ("price", Arc::new(Decimal128Array::from_iter(prices).with_precision_and_scale(10, 2).expect("it fits")), true),
        ("weight", Arc::new(Float64Array::from_iter(ids.clone().map(|id| some(&id).then_some(id as f64 / 8.0)))), true),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter(ids.clone().map(Some)).with_timezone("UTC")), true),
        ("late", Arc::new(BooleanArray::from_iter(ids.clone().map(|id| some(&id).then_some(id % 2 == 0)))), true),
        ("count", Arc::new(Int32Array::from_iter(ids.map(|id| some(&id).then_some(id as i32)))), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("a batch")
}

/// Appends rows and waits until all are acknowledged.
pub(crate) async fn append(table: &Table, rows: RecordBatch) -> Outcome {
    let count = rows.num_rows() as u64;
    let outcome = within(async { table.append(rows).await.expect("taken").await }).await;
    assert_eq!(outcome.acknowledged(), count, "{:?}", outcome.first_failure());
    outcome
}

/// All batches of a scan.
pub(crate) async fn scan(table: &Table, options: ScanOptions) -> Vec<ScanBatch> {
    within(async { table.scan(options).await.expect("a scan").try_collect().await }).await.expect("rows")
}

/// The ids of scanned rows, sorted.
pub(crate) fn ids(batches: &[ScanBatch]) -> Vec<i64> {
    let column = |batch: &ScanBatch| {
        let column = batch.batch.column_by_name("id").expect("a column").as_ref();
        column.as_any().downcast_ref::<Int64Array>().expect("BIGINT").values().to_vec()
    };
    let mut ids: Vec<i64> = batches.iter().flat_map(column).collect();
    ids.sort_unstable();
    ids
}
