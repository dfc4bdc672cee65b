//! Tables with an auto-increment column: each row that is inserted gets a number that no other has, whatever happens.

use std::collections::BTreeSet;

use crate::support::{Client, Refusal, create, key_batch, path, start, start_again};
use tempfile::TempDir;
use thalweg_wire::message::{
    AlterTableRequest, GetTableInfoRequest, LookupRequest, PbAddColumn, PbLookupReqForBucket, PbPutKvReqForBucket,
    PutKvRequest,
};
use thalweg_wire::record::{KvBatchBuilder, Layout, LogBatches, NO_WRITER, RowFields, RowFormat, Scalar, Value};
use thalweg_wire::table::{DataType, Schema, TableDescriptor, type_to_json};

/// What a table is made with, and how its rows lie then.
const FORMATS: [(&[(&str, &str)], RowFormat); 4] = [
    (&[], RowFormat::Compacted),
    (&[("table.kv.format", "indexed")], RowFormat::Indexed),
    (&[("table.log.format", "compacted")], RowFormat::Compacted),
    (&[("table.changelog.image", "wal")], RowFormat::Compacted),
];
/// The columns that are written: the key and the value, not the number between them.
const WRITTEN: &[i32] = &[0, 2];

fn table(sql: &str, buckets: u32, properties: &[(&str, &str)]) -> TableDescriptor {
    let mut schema = Schema::parse_sql(sql).unwrap();
    (schema.primary_key, schema.auto_increment) = (vec![0], vec![1]);
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_count = Some(buckets);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    descriptor
}

fn numbered(buckets: u32, properties: &[(&str, &str)]) -> TableDescriptor {
    table("a TINYINT NOT NULL, n INT, v TINYINT", buckets, properties)
}

async fn make(client: &mut Client, name: &str, descriptor: &TableDescriptor) -> i64 {
    client.call(create(name, descriptor)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

/// A row whose number is null: its null bits, then the key and the value.
fn row(key: u8, value: u8) -> Vec<u8> {
    vec![0b010, key, value]
}

fn batch(rows: &[(u8, u8)]) -> Vec<u8> {
    let mut builder = KvBatchBuilder::new();
    rows.iter().for_each(|(key, value)| builder.upsert(&[*key], &row(*key, *value)).unwrap());
    key_batch(builder, NO_WRITER)
}

async fn put(
    client: &mut Client,
    table_id: i64,
    bucket_id: i32,
    records: Vec<u8>,
    target: &[i32],
) -> Result<(), Refusal> {
    let part = PbPutKvReqForBucket { bucket_id, records: records.into(), ..Default::default() };
    let (target_columns, buckets_req) = (target.to_vec(), vec![part]);
    let request =
        PutKvRequest { acks: -1, table_id, timeout_ms: 10_000, target_columns, buckets_req, ..Default::default() };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    match answer.error_code {
        None => Ok(()),
        Some(code) => Err(Refusal(code, answer.error_message.unwrap_or_default())),
    }
}

fn lookup(table_id: i64, bucket_id: i32, keys: &[u8], insert: bool) -> LookupRequest {
    let keys = keys.iter().map(|key| vec![*key].into()).collect();
    let part = PbLookupReqForBucket { bucket_id, keys, ..Default::default() };
    let buckets_req = vec![part];
    LookupRequest { table_id, buckets_req, insert_if_not_exists: Some(insert), ..Default::default() }
}

/// The number and the value of each key.
async fn find(client: &mut Client, request: LookupRequest, format: RowFormat) -> Vec<(i64, Option<u8>)> {
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    assert_eq!(answer.error_code, None, "{answer:?}");
    let read = |value: &thalweg_wire::message::PbValue| {
        let bytes = value.values.clone().expect("there is a row");
        let sql = "a TINYINT NOT NULL, n INT, v TINYINT";
        of_row(Value::parse(&bytes).unwrap().row, &Schema::parse_sql(sql).unwrap(), format)
    };
    answer.values.iter().map(read).collect()
}

fn of_row(row: &[u8], schema: &Schema, format: RowFormat) -> (i64, Option<u8>) {
    let fields = RowFields::parse_as(&Layout::of_schema(schema), format, row).unwrap();
    let number = Scalar::read("n", &DataType::Int, format, fields.fields()[1].expect("a number")).unwrap();
    let Scalar::Int(number) = number else { panic!("{number:?}") };
    (number.into(), fields.fields()[2].map(|bytes| bytes[0]))
}

async fn find_one(client: &mut Client, table: i64, key: u8) -> (i64, Option<u8>) {
    find(client, lookup(table, 0, &[key], false), RowFormat::Compacted).await.remove(0)
}

#[tokio::test]
async fn a_row_gets_its_number_when_it_is_inserted_and_keeps_it() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    for (at, (properties, format)) in FORMATS.iter().enumerate() {
        let table = make(&mut client, &format!("t{at}"), &numbered(1, properties)).await;
        put(&mut client, table, 0, batch(&[(7, 1), (8, 2), (7, 3)]), WRITTEN).await.unwrap();
        put(&mut client, table, 0, batch(&[(8, 4), (9, 5)]), WRITTEN).await.unwrap();
        let found = find(&mut client, lookup(table, 0, &[7, 8, 9], false), *format).await;
        assert_eq!(found, [(1, Some(3)), (2, Some(4)), (3, Some(5))], "{properties:?}");
        // A lookup that inserts gives the row its number, of a key that it names twice one.
        let found = find(&mut client, lookup(table, 0, &[7, 10, 10, 11], true), *format).await;
        assert_eq!(found, [(1, Some(3)), (4, None), (4, None), (5, None)], "{properties:?}");
        put(&mut client, table, 0, batch(&[(10, 6)]), WRITTEN).await.unwrap();
        assert_eq!(find(&mut client, lookup(table, 0, &[10], true), *format).await, [(4, Some(6))]);
    }
    node.shutdown().await.unwrap();
    // The keys made anew from the log have the numbers that they had.
    std::fs::remove_dir_all(folder.path().join("keys")).unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    for (at, (_, format)) in FORMATS.iter().enumerate() {
        let table = client.call(GetTableInfoRequest { table_path: path(&format!("t{at}")) }).await.unwrap().table_id;
        let found = find(&mut client, lookup(table, 0, &[7, 8, 9, 10, 11], false), *format).await;
        assert_eq!(found, [(1, Some(3)), (2, Some(4)), (3, Some(5)), (4, Some(6)), (5, None)]);
        put(&mut client, table, 0, batch(&[(12, 1)]), WRITTEN).await.unwrap();
        let (number, _) = find(&mut client, lookup(table, 0, &[12], false), *format).await[0];
        assert!(number > 5, "{number}");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_changelog_has_the_numbers() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = make(&mut client, "t", &numbered(1, &[("table.log.format", "compacted")])).await;
    put(&mut client, table, 0, batch(&[(1, 1), (2, 2)]), WRITTEN).await.unwrap();
    put(&mut client, table, 0, batch(&[(1, 3)]), WRITTEN).await.unwrap();
    let records = client.fetch(table, 0, 0).await.records.unwrap();
    let schema = Schema::parse_sql("a TINYINT NOT NULL, n INT, v TINYINT").unwrap();
    let rows: Vec<_> = LogBatches::new(&records)
        .flat_map(|batch| {
            let (_, batch) = batch.unwrap();
            let rows: Vec<Vec<u8>> = batch.log_rows().map(|row| row.unwrap().row.to_vec()).collect();
            rows
        })
        .map(|row| of_row(&row, &schema, RowFormat::Compacted))
        .collect();
    // Inserted twice; before and after the change.
    assert_eq!(rows, [(1, Some(1)), (2, Some(2)), (1, Some(1)), (1, Some(3))]);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_writes_the_column_is_refused() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = make(&mut client, "t", &numbered(1, &[])).await;
    let cases: &[(&[i32], &str)] = &[
        (&[], "update target columns are not explicitly specified"),
        (&[0, 1, 2], "Auto-increment column [n] at index 1 must not be included"),
        (&[0, 1], "Auto-increment column [n] at index 1 must not be included"),
        (&[2], "must contain the primary key columns"),
    ];
    for (target, text) in cases {
        let Refusal(code, said) = put(&mut client, table, 0, batch(&[(1, 1)]), target).await.unwrap_err();
        assert!(code == 35 && said.contains(text), "{target:?}: {code} {said}");
    }
    // What a client puts there all the same is not looked at.
    let mut builder = KvBatchBuilder::new();
    builder.upsert(&[1], &[0, 1, 99, 5]).unwrap();
    put(&mut client, table, 0, key_batch(builder, NO_WRITER), WRITTEN).await.unwrap();
    assert_eq!(find_one(&mut client, table, 1).await, (1, Some(5)));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn tables_that_cannot_number_rows_are_refused() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let with = |change: fn(&mut TableDescriptor)| {
        let mut descriptor = numbered(1, &[]);
        change(&mut descriptor);
        descriptor
    };
    let cases = [
        with(|table| table.schema.auto_increment = vec![0]),
        with(|table| table.schema.auto_increment = vec![2]),
        with(|table| table.schema.auto_increment = vec![1, 2]),
        with(|table| (table.schema.primary_key, table.schema.auto_increment) = (vec![], vec![1])),
        table("a TINYINT NOT NULL, n STRING", 1, &[]),
        table("a TINYINT NOT NULL, n INT", 1, &[("table.auto-increment.cache-size", "0")]),
    ];
    for (at, descriptor) in cases.iter().enumerate() {
        client.call(create("t", descriptor)).await.expect_err(&format!("case {at}"));
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn numbers_are_never_given_twice_whatever_becomes_of_the_node() {
    let folder = TempDir::new().unwrap();
    let mut seen = BTreeSet::new();
    let mut key = 0;
    for round in 0..6 {
        let node = start_again(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        let table = match round {
            0 => make(&mut client, "t", &numbered(3, &[("table.auto-increment.cache-size", "2")])).await,
            _ => client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id,
        };
        for _ in 0..5 {
            key += 1;
            for bucket in 0..3 {
                put(&mut client, table, bucket, batch(&[(key, 1)]), WRITTEN).await.unwrap();
                let (number, _) =
                    find(&mut client, lookup(table, bucket, &[key], false), RowFormat::Compacted).await[0];
                assert!(number > 0 && seen.insert(number), "{number} was there before {round}");
            }
        }
        if round % 2 == 0 {
            node.shutdown().await.unwrap();
        }
    }
    assert_eq!(seen.len(), 90);
    // Of a cache of 2, buckets share what is taken from the disk at once.
    assert!(seen.iter().nth(14).is_some_and(|number| *number <= 18), "{seen:?}");
}

#[tokio::test]
async fn many_that_insert_one_key_get_one_number() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = make(&mut client, "t", &numbered(4, &[("table.auto-increment.cache-size", "1")])).await;
    let asked = (0..32).map(|at| {
        let address = node.address();
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let keys: Vec<u8> = (0..100).collect();
            find(&mut client, lookup(table, at % 4, &keys, true), RowFormat::Compacted).await
        })
    });
    let mut found: Vec<Vec<_>> = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        found.push(asked.await.unwrap());
    }
    for (at, rows) in found.iter().enumerate() {
        assert_eq!(*rows, found[at % 4], "two lookups saw different rows");
    }
    let numbers: BTreeSet<i64> = found[..4].iter().flatten().map(|(number, _)| *number).collect();
    assert_eq!(numbers.len(), 400);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_table_that_has_no_more_numbers_says_so() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let properties = [("table.auto-increment.cache-size", "2147483647")];
    let table = make(&mut client, "t", &numbered(2, &properties)).await;
    put(&mut client, table, 0, batch(&[(1, 1)]), WRITTEN).await.unwrap();
    for _ in 0..2 {
        let Refusal(code, said) = put(&mut client, table, 1, batch(&[(1, 1)]), WRITTEN).await.unwrap_err();
        assert!(code == 15 && said.contains("Reached maximum value of sequence \"<n>\" (2147483647)"), "{code} {said}");
    }
    // The other bucket has its own, and rows that are there can be changed.
    put(&mut client, table, 0, batch(&[(1, 2), (2, 2)]), WRITTEN).await.unwrap();
    assert_eq!(find_one(&mut client, table, 2).await, (2, Some(2)));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn numbers_go_on_when_a_table_gets_a_column() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = make(&mut client, "t", &numbered(1, &[])).await;
    put(&mut client, table, 0, batch(&[(1, 1)]), WRITTEN).await.unwrap();
    let column = Schema::parse_sql("x TINYINT").unwrap().columns.remove(0);
    let added = PbAddColumn {
        column_name: "x".to_owned(),
        data_type_json: type_to_json(&column.column_type).into(),
        ..Default::default()
    };
    let alter = AlterTableRequest { table_path: path("t"), add_columns: vec![added], ..Default::default() };
    client.call(alter).await.unwrap();
    // A writer of the old schema goes on.
    put(&mut client, table, 0, batch(&[(1, 2), (2, 2)]), WRITTEN).await.unwrap();
    let answer = client.call(lookup(table, 0, &[1, 2], false)).await.unwrap().buckets_resp.remove(0);
    let schema = Schema::parse_sql("a TINYINT NOT NULL, n INT, v TINYINT, x TINYINT").unwrap();
    let read = |value: &thalweg_wire::message::PbValue| {
        let bytes = value.values.clone().unwrap();
        of_row(Value::parse(&bytes).unwrap().row, &schema, RowFormat::Compacted)
    };
    assert_eq!(answer.values.iter().map(read).collect::<Vec<_>>(), [(1, Some(2)), (2, Some(2))]);
    node.shutdown().await.unwrap();
}
