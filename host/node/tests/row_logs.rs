//! Logs of single rows: taken as they come when they are whole, refused when they are not.

mod support;

use support::{Client, create, descriptor, fetch, path, start};
use tempfile::TempDir;
use thalweg_wire::message::{FetchLogRequest, GetTableInfoRequest, LimitScanRequest};
use thalweg_wire::record::{BatchHead, ChangeType, LogBatch, LogRowsBuilder, NO_WRITER, RowsContent};

/// A batch of these records, which says that it has `records` of them.
fn batch(rows: &[&[u8]], records: u32) -> Vec<u8> {
    let mut builder = LogRowsBuilder::new();
    rows.iter().for_each(|row| builder.push(ChangeType::Append, row).unwrap());
    sealed(builder.into_bytes(), records)
}

fn sealed(body: Vec<u8>, records: u32) -> Vec<u8> {
    let content = RowsContent {
        schema_id: 1,
        writer: NO_WRITER,
        records,
        append_only: true,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    [BatchHead::of_rows(&content).unwrap().bytes(), &body].concat()
}

async fn table(client: &mut Client, format: &str) -> i64 {
    let mut descriptor = descriptor(1);
    descriptor.properties.insert("table.log.format".to_owned(), format.to_owned());
    client.call(create(format, &descriptor)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(format) }).await.unwrap().table_id
}

/// A log format, a row (id, n) = (1, null) in it, and rows that are none.
type Format = (&'static str, &'static [u8], &'static [&'static [u8]]);

const FORMATS: [Format; 2] = [
    ("COMPACTED", &[0b10, 1], &[&[], &[0b10], &[0b10, 1, 0], &[0b10, 0x80], &[0, 1]]),
    ("INDEXED", &[0b10, 1, 0, 0, 0, 0, 0, 0, 0], &[&[], &[0b10], &[0b10, 1, 0, 0], &[0b10, 1, 0, 0, 0, 0, 0, 0, 0, 9]]),
];

#[tokio::test]
async fn whole_rows_come_back_as_they_are() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    for (format, row, _) in FORMATS {
        let table = table(&mut client, format).await;
        assert_eq!(client.produce(table, 0, batch(&[row, row], 2)).await.base_offset, Some(0));
        assert_eq!(client.produce(table, 0, batch(&[row], 1)).await.base_offset, Some(2));
        let records = client.fetch(table, 0, -2).await.records.unwrap();
        let first = LogBatch::parse(&records).unwrap();
        let rows: Vec<_> = first.log_rows().map(|row| row.unwrap().row).collect();
        assert_eq!(rows, [row, row]);
        let scan = LimitScanRequest { table_id: table, partition_id: None, bucket_id: 0, limit: 1 };
        let scanned = client.call(scan).await.unwrap();
        assert_eq!(scanned.is_log_table, Some(true));
        assert_eq!(LogBatch::parse(&scanned.records.unwrap()).unwrap().base_offset, 2);

        let mut projected: FetchLogRequest = fetch(table, &[(0, 0)]);
        projected.tables_req[0].projection_pushdown_enabled = true;
        projected.tables_req[0].projected_fields = vec![0];
        let refused = client.call(projected).await.unwrap().tables_resp.remove(0).buckets_resp.remove(0);
        assert_eq!(refused.error_code, Some(34), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_not_whole_is_refused() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    for (format, row, bad) in FORMATS {
        let table = table(&mut client, format).await;
        let lying = [&[100, 0, 0, 0, 0][..], row].concat();
        let change = [&[row.len() as u8 + 1, 0, 0, 0, 5][..], row].concat();
        let mut batches: Vec<Vec<u8>> = bad.iter().map(|bad| batch(&[row, bad], 2)).collect();
        batches.extend([sealed(lying, 1), sealed(change, 1), batch(&[row], 2), batch(&[row, row], 1), batch(&[], 1)]);
        for batch in batches {
            let refused = client.produce(table, 0, [self::batch(&[row], 1), batch.clone()].concat()).await;
            assert_eq!(refused.error_code, Some(15), "{format} {batch:?}");
        }
        let arrow = client.produce(table, 0, support::anonymous(&[1])).await;
        assert_eq!(arrow.error_code, Some(15), "{arrow:?}");
        let mut torn = batch(&[row], 1);
        *torn.last_mut().unwrap() ^= 1;
        assert_eq!(client.produce(table, 0, torn).await.error_code, Some(14));
        assert_eq!(client.produce(table, 0, batch(&[row], 1)).await.base_offset, Some(0), "nothing was taken");
    }
}

#[tokio::test]
async fn rows_with_keys_are_not_appended() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let mut descriptor = descriptor(1);
    descriptor.schema = descriptor.schema.with_primary_key(&["id"]).unwrap();
    client.call(create("keyed", &descriptor)).await.unwrap();
    let table = client.call(GetTableInfoRequest { table_path: path("keyed") }).await.unwrap().table_id;
    assert_eq!(client.produce(table, 0, support::anonymous(&[1])).await.error_code, Some(15));
}
