//! Columns that are added to a table: old batches and rows stay as they were written, and are read with null in them.

use crate::support::{Client, create, path, start, start_again};
use tempfile::TempDir;
use thalweg_wire::message::{
    AlterTableRequest, GetTableInfoRequest, GetTableSchemaRequest, LookupRequest, PbAddColumn, PbAlterConfig,
    PbLookupReqForBucket, PbPutKvReqForBucket, PbPutKvRespForBucket, PutKvRequest,
};
use thalweg_wire::record::{KvBatchBuilder, KvContent, LogBatches, NO_WRITER, Value, kv_head};
use thalweg_wire::table::{Schema, TableDescriptor, type_to_json};

/// What a table is made with, and the properties that decide how its rows lie.
const FORMATS: [&[(&str, &str)]; 4] = [
    &[],
    &[("table.kv.format", "indexed")],
    &[("table.log.format", "compacted")],
    &[("table.kv.format", "indexed"), ("table.log.format", "indexed")],
];

fn keyed(properties: &[(&str, &str)]) -> TableDescriptor {
    let mut schema = Schema::parse_sql("a TINYINT NOT NULL, v TINYINT").unwrap();
    schema.primary_key = vec![0];
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    descriptor
}

fn adding(table: &str, name: &str, sql: &str) -> AlterTableRequest {
    let column = Schema::parse_sql(&format!("x {sql}")).unwrap().columns.remove(0);
    let added = PbAddColumn {
        column_name: name.to_owned(),
        data_type_json: type_to_json(&column.column_type).into(),
        comment: Some("new".to_owned()),
        column_position_type: 0,
        ..Default::default()
    };
    AlterTableRequest { table_path: path(table), add_columns: vec![added], ..Default::default() }
}

/// A row of TINYINTs: its null bits, then those that are there.
fn row(values: &[Option<u8>]) -> Vec<u8> {
    let bits = values.iter().enumerate().fold(0, |bits, (at, value)| bits | u8::from(value.is_none()) << at);
    [bits].into_iter().chain(values.iter().flatten().copied()).collect()
}

fn batch(schema_id: i16, upserts: &[&[Option<u8>]], deletes: &[u8]) -> Vec<u8> {
    let mut builder = KvBatchBuilder::new();
    upserts.iter().for_each(|values| builder.upsert(&[values[0].unwrap()], &row(values)).unwrap());
    deletes.iter().for_each(|key| builder.delete(&[*key]).unwrap());
    let records = builder.records();
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let head = kv_head(&KvContent { schema_id, records, body_length, body_checksum }, NO_WRITER).unwrap();
    [&head[..], &body].concat()
}

async fn put(client: &mut Client, table_id: i64, records: Vec<u8>, target: &[i32]) -> PbPutKvRespForBucket {
    let part = PbPutKvReqForBucket { bucket_id: 0, records: records.into(), ..Default::default() };
    let (target_columns, buckets_req) = (target.to_vec(), vec![part]);
    let request =
        PutKvRequest { acks: -1, table_id, timeout_ms: 10_000, target_columns, buckets_req, ..Default::default() };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    assert_eq!(answer.error_code, None, "{answer:?}");
    answer
}

/// The version of the schema that a row was written with, and its bytes.
async fn lookup(client: &mut Client, table_id: i64, key: u8) -> (i16, Vec<u8>) {
    let part = PbLookupReqForBucket { bucket_id: 0, keys: vec![vec![key].into()], ..Default::default() };
    let request = LookupRequest { table_id, buckets_req: vec![part], ..Default::default() };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    let value = answer.values[0].values.clone().unwrap();
    let value = Value::parse(&value).unwrap();
    (value.schema_id, value.row.to_vec())
}

async fn make(client: &mut Client, descriptor: &TableDescriptor) -> i64 {
    client.call(create("t", descriptor)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id
}

#[tokio::test]
async fn a_column_is_added_and_every_version_can_be_had() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.table("t", 1).await;
    client.call(adding("t", "r", "ROW<x INT, y STRING>")).await.unwrap();
    client.call(adding("t", "note", "STRING")).await.unwrap();
    drop(node);
    let node = start_again(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let info = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap();
    assert_eq!(info.schema_id, 3);
    let latest = TableDescriptor::from_json(&info.table_json).unwrap().schema;
    let seen: Vec<_> = latest.columns.iter().map(|column| (column.id, column.name.as_str())).collect();
    assert_eq!(seen, [(0, "id"), (1, "n"), (2, "r"), (5, "note")]);
    assert_eq!((latest.columns[3].comment.as_deref(), latest.highest_field_id), (Some("new"), 5));
    for (id, columns) in [(Some(1), 2), (Some(2), 3), (Some(3), 4), (None, 4)] {
        let request = GetTableSchemaRequest { table_path: path("t"), schema_id: id };
        let answer = client.call(request).await.unwrap();
        assert_eq!(answer.schema_id, id.unwrap_or(3));
        assert_eq!(Schema::from_json(&answer.schema_json).unwrap().columns.len(), columns);
    }
    let request = GetTableSchemaRequest { table_path: path("t"), schema_id: Some(4) };
    assert_eq!(client.call(request).await.unwrap_err().0, 9);
}

#[tokio::test]
async fn what_no_column_can_be_is_refused_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.table("t", 1).await;
    let with = |change: fn(&mut AlterTableRequest)| {
        let mut request = adding("t", "note", "STRING");
        change(&mut request);
        request
    };
    let cases: [(AlterTableRequest, i32, &str); 8] = [
        (with(|one| one.add_columns[0].column_position_type = 1), -1, "at last"),
        (with(|one| one.add_columns[0].column_name = "n".into()), 56, "Column n already exists."),
        (adding("t", "c", "INT NOT NULL"), -1, "Column c must be nullable."),
        (with(|one| one.add_columns[0].data_type_json = "{".into()), 56, "type of the column note"),
        (with(|one| one.add_columns[0].column_name = "__offset".into()), 15, "reserved"),
        (with(|one| one.add_columns[0].column_name = String::new()), 56, "cannot be added"),
        (with(|one| one.config_changes = vec![PbAlterConfig::default()]), 56, "make it two"),
        (with(|one| one.add_columns.push(one.add_columns[0].clone())), 56, "Column note already exists."),
    ];
    for (request, code, text) in cases {
        let refused = client.call(request).await.map(drop).unwrap_err();
        assert!(refused.0 == code && refused.1.contains(text), "{refused:?} is not {code} {text}");
    }
    assert_eq!(client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().schema_id, 1);
}

#[tokio::test]
async fn rows_of_every_version_are_merged_and_read_in_every_format() {
    for properties in FORMATS {
        let folder = TempDir::new().unwrap();
        let node = start(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        let table = make(&mut client, &keyed(properties)).await;
        put(&mut client, table, batch(1, &[&[Some(1), Some(10)], &[Some(2), None], &[Some(3), Some(30)]], &[]), &[])
            .await;
        client.call(adding("t", "w", "TINYINT")).await.unwrap();
        // What was written stays as it was.
        assert_eq!(lookup(&mut client, table, 1).await, (1, row(&[Some(1), Some(10)])), "{properties:?}");
        // A writer that knows only the old columns goes on; one that knows the new ones writes them alone.
        put(&mut client, table, batch(1, &[&[Some(4), Some(40)]], &[]), &[]).await;
        put(&mut client, table, batch(2, &[&[Some(1), None, Some(11)]], &[]), &[0, 2]).await;
        put(&mut client, table, batch(2, &[&[Some(5), Some(50), Some(51)]], &[3]), &[]).await;
        put(&mut client, table, batch(1, &[&[Some(5), Some(52)]], &[]), &[0, 1]).await;
        let expected: [(u8, &[Option<u8>]); 4] = [
            (1, &[Some(1), Some(10), Some(11)]),
            (2, &[Some(2), None]),
            (4, &[Some(4), Some(40), None]),
            (5, &[Some(5), Some(52), Some(51)]),
        ];
        for (key, values) in expected {
            let version = if values.len() == 2 { 1 } else { 2 };
            assert_eq!(lookup(&mut client, table, key).await, (version, row(values)), "{key} {properties:?}");
        }
        // Inserted, deleted, or twice where a row was there: each change has the columns of its time.
        assert_eq!(changelog(&mut client, table).await, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2], "{properties:?}");
        // All of it again, from the log alone.
        drop((node, client));
        std::fs::remove_dir_all(folder.path().join("keys")).unwrap();
        let node = start_again(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        for (key, values) in expected {
            let version = if values.len() == 2 { 1 } else { 2 };
            assert_eq!(lookup(&mut client, table, key).await, (version, row(values)), "{key} {properties:?}");
        }
        node.shutdown().await.unwrap();
    }
}

/// The versions of the schema of all changes.
async fn changelog(client: &mut Client, table: i64) -> Vec<i16> {
    let records = client.fetch(table, 0, 0).await.records.unwrap();
    let batches = LogBatches::new(&records).map(|batch| batch.unwrap().1);
    batches.flat_map(|batch| vec![batch.schema_id; batch.records as usize]).collect()
}
