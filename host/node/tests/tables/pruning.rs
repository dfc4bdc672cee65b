//! Fetches with a filter: batches whose statistics say that no row of them fits are left out, and the client is told how far
//! that goes.

use crate::support::{Client, PATIENCE, anonymous, create, descriptor, fetch, path, read, start};
use tempfile::TempDir;
use thalweg_wire::message::{
    AlterTableRequest, FetchLogRequest, GetTableInfoRequest, PbAddColumn, PbAlterConfig, PbFetchLogRespForBucket,
    PbLeafPredicate, PbLiteralValue, PbPredicate,
};
use thalweg_wire::record::{ColumnStatistics, Scalar, encode_statistics};
use thalweg_wire::table::{DataType, Schema, TableDescriptor, type_to_json};

/// The bytes of a batch before its checksum, and those of the header of version 1.
const CHECKED: usize = 25;
const HEADER: usize = 52;

/// A batch of version 1 of rows (id, n) = (value, -value) with these statistics.
fn with_statistics(values: &[i64], statistics: &[u8]) -> Vec<u8> {
    let plain = anonymous(values);
    // Version 1 has the length of the statistics behind the rest of the header, and then the statistics.
    let (header, rows) = plain.split_at(HEADER - 4);
    let mut bytes = header.to_vec();
    bytes.extend((statistics.len() as i32).to_le_bytes());
    bytes.extend(statistics);
    bytes.extend(rows);
    bytes[12] = 1;
    let length = (bytes.len() - 12) as i32;
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    // As before it was taken: magic, time and checksum are not part of it.
    let checksum = crc32c::crc32c(&bytes[CHECKED..]);
    bytes[21..25].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// A batch whose statistics tell of the column `id`.
fn batch(values: &[i64]) -> Vec<u8> {
    let (least, greatest) = (values.iter().min().unwrap(), values.iter().max().unwrap());
    let value = |value: &i64| Some(Scalar::BigInt(*value));
    let known = ColumnStatistics { nulls: Some(0), least: value(least), greatest: value(greatest) };
    let mut statistics = Vec::new();
    encode_statistics(&[(0, &DataType::BigInt, known)], &mut statistics).unwrap();
    with_statistics(values, &statistics)
}

/// `id > value`.
fn above(value: i64) -> PbPredicate {
    let literal = PbLiteralValue { literal_type: 4, bigint_value: Some(value), ..Default::default() };
    let leaf = PbLeafPredicate { function: 4, field_id: 0, literals: vec![literal] };
    PbPredicate { r#type: 0, leaf: Some(leaf), compound: None }
}

fn filtered(table: i64, offset: i64, predicate: PbPredicate) -> FetchLogRequest {
    let mut request = fetch(table, &[(0, offset)]);
    let asked = &mut request.tables_req[0];
    (asked.filter_predicate, asked.filter_schema_id) = (Some(predicate), Some(1));
    request
}

async fn one(client: &mut Client, request: FetchLogRequest) -> PbFetchLogRespForBucket {
    let answer = client.call(request).await.unwrap().tables_resp.remove(0).buckets_resp.remove(0);
    assert_eq!(answer.error_code, None, "{answer:?}");
    answer
}

/// The base offsets and first ids of the batches that come, and how far there is nothing else.
async fn kept(client: &mut Client, request: FetchLogRequest) -> (Vec<(i64, i64)>, Option<i64>) {
    let answer = one(client, request).await;
    (read(&answer.records.unwrap()), answer.filtered_end_offset)
}

async fn table(client: &mut Client, name: &str) -> i64 {
    let mut descriptor = descriptor(1);
    descriptor.properties = [("table.statistics.columns".to_owned(), "*".to_owned())].into();
    client.call(create(name, &descriptor)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

async fn fill(client: &mut Client, table: i64, batches: &[Vec<u8>]) {
    for batch in batches {
        assert_eq!(client.produce(table, 0, batch.clone()).await.error_code, None);
    }
}

/// Where a fetch begins, what ids are to be above, the batches that come, and how far there is nothing else.
type Case = (i64, i64, &'static [(i64, i64)], Option<i64>);

#[tokio::test]
async fn batches_that_cannot_fit_are_left_out() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    // Offsets 0 to 8; the one without statistics may have anything.
    let batches = [batch(&[1, 2]), batch(&[50, 3]), batch(&[5, 6, 7]), anonymous(&[8]), batch(&[9])];
    fill(&mut client, table, &batches).await;
    let cases: [Case; 6] = [
        (0, 0, &[(0, 1), (2, 50), (4, 5), (7, 8), (8, 9)], None),
        (0, 8, &[(2, 50), (7, 8), (8, 9)], None),
        (0, 40, &[(2, 50), (7, 8)], Some(9)),
        (3, 60, &[(7, 8)], Some(9)),
        (8, 60, &[], Some(9)),
        (9, 60, &[], None),
    ];
    for (offset, value, expected, end) in cases {
        let found = kept(&mut client, filtered(table, offset, above(value))).await;
        assert_eq!(found, (expected.to_vec(), end), "above {value} from {offset}");
    }
    // Only some columns, and the same batches.
    let mut projected = filtered(table, 0, above(40));
    let asked = &mut projected.tables_req[0];
    (asked.projection_pushdown_enabled, asked.projected_fields) = (true, vec![0]);
    assert_eq!(kept(&mut client, projected).await, (vec![(2, 50), (7, 8)], Some(9)));
    // Little room: a batch at a time, and what was left out is passed at once.
    let mut small = filtered(table, 0, above(8));
    small.max_bytes = 1;
    assert_eq!(kept(&mut client, small.clone()).await, (vec![(2, 50)], Some(7)));
    small.tables_req[0].buckets_req[0].fetch_offset = 7;
    assert_eq!(kept(&mut client, small).await, (vec![(7, 8)], None));
    node.shutdown().await.unwrap();
    // From the disk, after a start.
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(kept(&mut client, filtered(table, 0, above(40))).await, (vec![(2, 50), (7, 8)], Some(9)));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_fetch_does_not_wait_for_what_it_leaves_out() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    fill(&mut client, table, &[batch(&[1]), batch(&[2])]).await;
    let mut request = filtered(table, 0, above(9));
    (request.min_bytes, request.max_wait_ms) = (Some(1), Some(60_000));
    let began = std::time::Instant::now();
    assert_eq!(kept(&mut client, request.clone()).await, (vec![], Some(2)));
    assert!(began.elapsed() < PATIENCE);
    // At the end it waits, as any fetch.
    request.tables_req[0].buckets_req[0].fetch_offset = 2;
    let waiting = client.send(&request).await;
    let mut writer = Client::connect(node.address()).await;
    fill(&mut writer, table, &[batch(&[10])]).await;
    let Some(thalweg_wire::frame::Response::Success { request_id, .. }) = client.receive().await else { panic!() };
    assert_eq!(request_id, waiting);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_filter_that_means_nothing_leaves_nothing_out() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    let hostile: [&[u8]; 5] =
        [b"", b"\x01", b"\x01\xff\x7f", b"\x09anything", &[1, 1, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0]];
    let batches: Vec<_> = hostile.iter().map(|statistics| with_statistics(&[1], statistics)).collect();
    fill(&mut client, table, &batches).await;
    let everything: Vec<_> = (0..5).map(|at| (at, 1)).collect();
    assert_eq!(kept(&mut client, filtered(table, 0, above(9))).await, (everything, None));
    fill(&mut client, table, &[batch(&[1])]).await;
    let literal = PbLiteralValue { literal_type: 3, int_value: Some(9), ..Default::default() };
    let leaf = |field_id, function| PbPredicate {
        r#type: 0,
        leaf: Some(PbLeafPredicate { function, field_id, literals: vec![literal.clone()] }),
        compound: None,
    };
    for predicate in [leaf(0, 4), leaf(7, 4), leaf(0, 99), PbPredicate { r#type: 5, ..Default::default() }] {
        let (found, end) = kept(&mut client, filtered(table, 5, predicate)).await;
        assert_eq!((found, end), (vec![(5, 1)], None));
    }
    let unknown_schema = {
        let mut request = filtered(table, 5, above(9));
        request.tables_req[0].filter_schema_id = Some(9);
        request
    };
    assert_eq!(kept(&mut client, unknown_schema).await, (vec![(5, 1)], None));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn batches_from_before_a_column_was_added_are_kept_where_that_is_tested() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    fill(&mut client, table, &[batch(&[1]), batch(&[20])]).await;
    let column = Schema::parse_sql("x BIGINT").unwrap().columns.remove(0);
    let added = PbAddColumn {
        column_name: "x".to_owned(),
        data_type_json: type_to_json(&column.column_type).into(),
        ..Default::default()
    };
    let alter = AlterTableRequest { table_path: path("t"), add_columns: vec![added], ..Default::default() };
    client.call(alter).await.unwrap();
    let with_schema = |predicate: PbPredicate| {
        let mut request = filtered(table, 0, predicate);
        request.tables_req[0].filter_schema_id = Some(2);
        request
    };
    assert_eq!(kept(&mut client, with_schema(above(9))).await, (vec![(1, 20)], None));
    let mut of_new = above(9);
    of_new.leaf.as_mut().unwrap().field_id = 2;
    assert_eq!(kept(&mut client, with_schema(of_new)).await, (vec![(0, 1), (1, 20)], None));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn which_columns_have_statistics_can_be_set_and_reset() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    let change = |value: Option<&str>| AlterTableRequest {
        table_path: path("t"),
        config_changes: vec![PbAlterConfig {
            config_key: "table.statistics.columns".to_owned(),
            config_value: value.map(str::to_owned),
            op_type: i32::from(value.is_none()),
        }],
        ..Default::default()
    };
    client.call(change(Some("n"))).await.unwrap();
    let refused = client.call(change(Some("none"))).await.unwrap_err();
    assert!(refused.0 == 39 && refused.1.contains("does not exist in table schema"), "{refused:?}");
    client.call(change(None)).await.unwrap();
    let info = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap();
    assert_eq!(info.table_id, table);
    assert!(!TableDescriptor::from_json(&info.table_json).unwrap().properties.contains_key("table.statistics.columns"));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_fetch_goes_over_so_much_of_a_log_and_no_more() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = table(&mut client, "t").await;
    // 160 batches of half a MiB, of which none fits.
    let values: Vec<i64> = (0..32_000).collect();
    fill(&mut client, table, &vec![batch(&values); 160]).await;
    let rows = 160 * 32_000;
    let (mut offset, mut answers) = (0, 0);
    while offset < rows {
        let (found, end) = kept(&mut client, filtered(table, offset, above(1 << 40))).await;
        assert!(found.is_empty());
        offset = end.filter(|end| *end > offset).expect("it goes on");
        answers += 1;
    }
    assert_eq!((offset, answers), (rows, 2));
    node.shutdown().await.unwrap();
}
