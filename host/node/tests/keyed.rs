//! Primary-key tables: upserts, lookups, scans of the current rows, counts; after a restart too.

mod support;

use support::{Client, create, key_batch, path, start};
use tempfile::TempDir;
use thalweg_node::Node;
use thalweg_wire::message::{
    DropTableRequest, GetTableInfoRequest, GetTableStatsRequest, LimitScanRequest, LookupRequest, PbLookupReqForBucket,
    PbPrefixLookupReqForBucket, PbPutKvReqForBucket, PbPutKvRespForBucket, PbScanReqForBucket,
    PbTableStatsReqForBucket, PrefixLookupRequest, PutKvRequest, ScanKvRequest, ScanKvResponse,
};
use thalweg_wire::record::{KvBatchBuilder, NO_WRITER, ValueBatch};
use thalweg_wire::table::{Schema, TableDescriptor};

/// A key of two columns of one byte each, of which the first is the bucket key, and a value of one byte.
const SCHEMA: &str = "a TINYINT NOT NULL, b TINYINT NOT NULL, v TINYINT";

type Row = (u8, u8, Option<u8>);

fn descriptor(properties: &[(&str, &str)]) -> TableDescriptor {
    let mut schema = Schema::parse_sql(SCHEMA).unwrap();
    schema.primary_key = vec![0, 1];
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_keys = vec!["a".to_owned()];
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    descriptor
}

fn row((a, b, v): Row) -> Vec<u8> {
    let null = if v.is_none() { 4 } else { 0 };
    [null, a, b].into_iter().chain(v).collect()
}

fn batch(upserts: &[Row], deletes: &[(u8, u8)]) -> Vec<u8> {
    let mut builder = KvBatchBuilder::new();
    upserts.iter().for_each(|one| builder.upsert(&[one.0, one.1], &row(*one)).unwrap());
    deletes.iter().for_each(|(a, b)| builder.delete(&[*a, *b]).unwrap());
    key_batch(builder, NO_WRITER)
}

async fn table(client: &mut Client, name: &str, descriptor: &TableDescriptor) -> i64 {
    client.call(create(name, descriptor)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

async fn put(client: &mut Client, table_id: i64, records: Vec<u8>, target_columns: &[i32]) -> PbPutKvRespForBucket {
    let part = PbPutKvReqForBucket { bucket_id: 0, records: records.into(), ..Default::default() };
    let request = PutKvRequest {
        acks: -1,
        table_id,
        timeout_ms: 10_000,
        target_columns: target_columns.to_vec(),
        buckets_req: vec![part],
        ..Default::default()
    };
    client.call(request).await.unwrap().buckets_resp.remove(0)
}

async fn lookup(client: &mut Client, table_id: i64, keys: &[(u8, u8)]) -> Vec<Option<Vec<u8>>> {
    let keys = keys.iter().map(|(a, b)| vec![*a, *b].into()).collect();
    let part = PbLookupReqForBucket { bucket_id: 0, keys, ..Default::default() };
    let request = LookupRequest { table_id, buckets_req: vec![part], ..Default::default() };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    assert_eq!(answer.error_code, None, "{answer:?}");
    answer.values.into_iter().map(|value| value.values.map(|value| value.to_vec())).collect()
}

async fn count(client: &mut Client, table_id: i64) -> (Option<i32>, Option<i64>) {
    let buckets_req = vec![PbTableStatsReqForBucket { partition_id: None, bucket_id: 0 }];
    let request = GetTableStatsRequest { table_id, buckets_req, target_columns: vec![] };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    (answer.error_code, answer.row_count)
}

fn values(records: &[u8]) -> Vec<Vec<u8>> {
    ValueBatch::parse(records).unwrap().values().map(|value| value.unwrap().row.to_vec()).collect()
}

async fn scan(client: &mut Client, request: ScanKvRequest) -> ScanKvResponse {
    client.call(ScanKvRequest { batch_size_bytes: Some(30), ..request }).await.unwrap()
}

fn begin(table_id: i64, limit: Option<i64>) -> ScanKvRequest {
    let bucket_scan_req = Some(PbScanReqForBucket { table_id, partition_id: None, bucket_id: 0, limit });
    ScanKvRequest { bucket_scan_req, call_seq_id: Some(0), ..Default::default() }
}

fn next(answer: &ScanKvResponse, call: i32) -> ScanKvRequest {
    ScanKvRequest { scanner_id: answer.scanner_id.clone(), call_seq_id: Some(call), ..Default::default() }
}

async fn with_node() -> (TempDir, Node, Client) {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let client = Client::connect(node.address()).await;
    (folder, node, client)
}

#[tokio::test]
async fn rows_are_found_by_key_also_after_a_restart() {
    let (folder, node, mut client) = with_node().await;
    let id = table(&mut client, "t", &descriptor(&[])).await;
    assert_eq!(lookup(&mut client, id, &[(1, 1)]).await, [None]);
    assert_eq!(count(&mut client, id).await, (None, Some(0)));
    let first = put(&mut client, id, batch(&[(1, 1, Some(5)), (1, 2, None), (2, 1, Some(7))], &[]), &[]).await;
    assert_eq!((first.error_code, first.log_end_offset), (None, Some(3)));
    let second = put(&mut client, id, batch(&[(1, 1, Some(6))], &[(2, 1), (9, 9)]), &[]).await;
    assert_eq!(second.log_end_offset, Some(6));
    check(&mut client, id).await;
    node.shutdown().await.unwrap();
    for restart in 0..3 {
        let node = start(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        check(&mut client, id).await;
        let again = put(&mut client, id, batch(&[(1, 2, Some(restart)), (1, 2, None)], &[]), &[]).await;
        assert_eq!(again.log_end_offset, Some(10 + 4 * i64::from(restart)));
        node.shutdown().await.unwrap();
    }
}

/// Looks at the two rows in every way.
async fn check(client: &mut Client, id: i64) {
    let found = lookup(client, id, &[(2, 1), (1, 1), (1, 2), (1, 1)]).await;
    let one = Some(vec![1, 0, 0, 1, 1, 6]);
    assert_eq!(found, [None, one.clone(), Some(vec![1, 0, 4, 1, 2]), one]);
    assert_eq!(count(client, id).await, (None, Some(2)));
    let part = PbPrefixLookupReqForBucket { keys: vec![vec![1].into(), vec![2].into()], ..Default::default() };
    let request = PrefixLookupRequest { table_id: id, buckets_req: vec![part] };
    let lists = client.call(request).await.unwrap().buckets_resp.remove(0).value_lists;
    assert_eq!(lists.iter().map(|list| list.values.len()).collect::<Vec<_>>(), [2, 0]);
    let request = LimitScanRequest { table_id: id, partition_id: None, bucket_id: 0, limit: 1 };
    let limited = client.call(request).await.unwrap();
    assert_eq!(limited.is_log_table, Some(false));
    assert_eq!(values(&limited.records.unwrap()), [row((1, 1, Some(6)))]);
}

#[tokio::test]
async fn a_lookup_inserts_what_is_missing() {
    let (_folder, node, mut client) = with_node().await;
    let id = table(&mut client, "t", &descriptor(&[])).await;
    put(&mut client, id, batch(&[(1, 1, Some(5))], &[]), &[]).await;
    let keys: Vec<_> = [[1, 1], [1, 2], [3, 3], [1, 2]].iter().map(|key| key.to_vec().into()).collect();
    let ask = |keys: Vec<bytes::Bytes>| LookupRequest {
        table_id: id,
        buckets_req: vec![PbLookupReqForBucket { keys, ..Default::default() }],
        insert_if_not_exists: Some(true),
        acks: Some(-1),
        timeout_ms: Some(10_000),
    };
    let expected = [row((1, 1, Some(5))), row((1, 2, None)), row((3, 3, None)), row((1, 2, None))];
    for _ in 0..2 {
        let answer = client.call(ask(keys.clone())).await.unwrap().buckets_resp.remove(0);
        assert_eq!(answer.error_code, None, "{answer:?}");
        let found: Vec<_> = answer.values.iter().map(|value| value.values.as_ref().unwrap()[2..].to_vec()).collect();
        assert_eq!(found, expected);
        assert_eq!(count(&mut client, id).await, (None, Some(3)));
    }
    let bad = client.call(ask(vec![vec![1].into()])).await.unwrap().buckets_resp.remove(0);
    assert_eq!(bad.error_code, Some(-1), "{bad:?}");
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_scan_sees_the_rows_of_its_beginning() {
    let (_folder, node, mut client) = with_node().await;
    let id = table(&mut client, "t", &descriptor(&[])).await;
    let empty = scan(&mut client, begin(id, None)).await;
    assert_eq!((empty.scanner_id, empty.has_more_results, empty.log_offset), (None, Some(false), Some(0)));
    let rows: Vec<Row> = (0..20).map(|n| (n / 10, n % 10, Some(n))).collect();
    put(&mut client, id, batch(&rows, &[]), &[]).await;
    let mut answer = scan(&mut client, begin(id, None)).await;
    assert_eq!((answer.error_code, answer.log_offset, answer.has_more_results), (None, Some(20), Some(true)));
    put(&mut client, id, batch(&[(0, 0, None), (5, 5, None)], &[(1, 9)]), &[]).await;
    let wrong = scan(&mut client, next(&answer, 5)).await;
    assert_eq!(wrong.error_code, Some(68), "{wrong:?}");
    let mut seen = values(&answer.records.take().unwrap());
    for call in 1.. {
        answer =
            scan(&mut client, ScanKvRequest { scanner_id: answer.scanner_id.clone(), ..next(&answer, call) }).await;
        assert_eq!((answer.error_code, answer.log_offset), (None, None));
        seen.extend(values(answer.records.as_ref().unwrap()));
        if answer.has_more_results == Some(false) {
            break;
        }
    }
    assert_eq!(seen, rows.iter().map(|one| row(*one)).collect::<Vec<_>>());
    assert_eq!(scan(&mut client, next(&answer, 9)).await.error_code, Some(67));

    let limited = scan(&mut client, begin(id, Some(1))).await;
    assert_eq!((values(&limited.records.unwrap()).len(), limited.has_more_results), (1, Some(false)));
    let open = scan(&mut client, begin(id, None)).await;
    let closing = ScanKvRequest { close_scanner: Some(true), ..next(&open, 1) };
    assert_eq!(scan(&mut client, closing).await.has_more_results, Some(false));
    assert_eq!(scan(&mut client, next(&open, 1)).await.error_code, Some(67));
    for _ in 0..8 {
        assert_eq!(scan(&mut client, begin(id, None)).await.error_code, None);
    }
    assert_eq!(scan(&mut client, begin(id, None)).await.error_code, Some(69));
    for bad in [
        ScanKvRequest::default(),
        ScanKvRequest { scanner_id: open.scanner_id.clone(), ..begin(id, None) },
        ScanKvRequest { close_scanner: Some(true), ..begin(id, None) },
        ScanKvRequest { call_seq_id: None, ..begin(id, None) },
    ] {
        assert_eq!(scan(&mut client, bad).await.error_code, Some(68));
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_dropped_table_leaves_no_keys() {
    let (folder, node, mut client) = with_node().await;
    let id = table(&mut client, "t", &descriptor(&[])).await;
    put(&mut client, id, batch(&[(1, 1, None), (1, 2, None)], &[]), &[]).await;
    let open = client.call(ScanKvRequest { batch_size_bytes: Some(1), ..begin(id, None) }).await.unwrap();
    assert_eq!(open.has_more_results, Some(true));
    client.call(DropTableRequest { table_path: path("t"), ignore_if_not_exists: false }).await.unwrap();
    assert_eq!(scan(&mut client, next(&open, 1)).await.error_code, Some(67));
    assert_eq!(count(&mut client, id).await.0, Some(21));
    let again = table(&mut client, "t", &descriptor(&[])).await;
    assert_eq!(lookup(&mut client, again, &[(1, 1)]).await, [None]);
    node.shutdown().await.unwrap();
    let keyspaces = std::fs::read_dir(folder.path().join("keys/keyspaces")).unwrap().count();
    assert!(keyspaces <= 1, "{keyspaces} keyspaces are left where only the store's own is due");
}

#[tokio::test]
async fn what_cannot_be_put_is_refused() {
    let (_folder, node, mut client) = with_node().await;
    let id = table(&mut client, "t", &descriptor(&[])).await;
    let log = client.table("log", 1).await;
    let good = batch(&[(1, 1, None)], &[]);
    assert_eq!(put(&mut client, log, good.clone(), &[]).await.error_code, Some(20));
    assert_eq!(put(&mut client, 99, good.clone(), &[]).await.error_code, Some(21));
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(put(&mut client, id, damaged, &[]).await.error_code, Some(14));
    assert_eq!(put(&mut client, id, [good.clone(), good.clone()].concat(), &[]).await.error_code, Some(-1));
    for target in [&[0, 2][..], &[0, 1, 1], &[0, 1, 3], &[-1, 0, 1]] {
        assert_eq!(put(&mut client, id, good.clone(), target).await.error_code, Some(35), "{target:?}");
    }
    let disabled = table(&mut client, "disabled", &descriptor(&[("table.delete.behavior", "disable")])).await;
    assert_eq!(put(&mut client, disabled, batch(&[(1, 1, None)], &[(1, 1)]), &[]).await.error_code, Some(57));
    let first = table(&mut client, "first", &descriptor(&[("table.merge-engine", "first_row")])).await;
    assert_eq!(put(&mut client, first, good.clone(), &[0, 1]).await.error_code, Some(-1));
    let wal = table(&mut client, "wal", &descriptor(&[("table.changelog.image", "WAL")])).await;
    assert_eq!(put(&mut client, wal, good, &[]).await.log_end_offset, Some(1));
    assert_eq!(count(&mut client, wal).await.0, Some(15));
    assert_eq!(count(&mut client, disabled).await, (None, Some(0)));
    node.shutdown().await.unwrap();
}
