//! Primary-key tables with partitions: the same key in two partitions is two rows, also after a restart.

mod support;

use support::{Client, create, key_batch, path, start};
use tempfile::TempDir;
use thalweg_wire::message::*;
use thalweg_wire::record::{KvBatchBuilder, NO_WRITER};
use thalweg_wire::table::{Schema, TableDescriptor};

fn descriptor() -> TableDescriptor {
    let schema = Schema::parse_sql("id TINYINT, day STRING, v TINYINT").unwrap();
    let mut descriptor = TableDescriptor::new(schema.with_primary_key(&["day", "id"]).unwrap());
    descriptor.partition_keys = vec!["day".to_owned()];
    descriptor
}

fn spec(day: &str) -> PbPartitionSpec {
    PbPartitionSpec { partition_key_values: vec![PbKeyValue { key: "day".to_owned(), value: day.to_owned() }] }
}

async fn add(client: &mut Client, day: &str) -> i64 {
    let request =
        CreatePartitionRequest { table_path: path("t"), partition_spec: spec(day), ignore_if_not_exists: false };
    client.call(request).await.unwrap();
    let partial_partition_spec = Some(spec(day));
    let request = ListPartitionInfosRequest { table_path: path("t"), partial_partition_spec, ..Default::default() };
    client.call(request).await.unwrap().partitions_info[0].partition_id
}

/// The row (id, day, v) as a CompactedRow.
fn row(id: u8, day: &str, v: u8) -> Vec<u8> {
    [&[0, id, day.len() as u8], day.as_bytes(), &[v]].concat()
}

/// Puts a row and returns the offset behind its change.
async fn put(client: &mut Client, table_id: i64, partition: i64, id: u8, row: &[u8]) -> Option<i64> {
    let mut builder = KvBatchBuilder::new();
    builder.upsert(&[id], row).unwrap();
    let records = key_batch(builder, NO_WRITER).into();
    let part = PbPutKvReqForBucket { partition_id: Some(partition), bucket_id: 0, records, ..Default::default() };
    let buckets_req = vec![part];
    let request = PutKvRequest { acks: -1, table_id, timeout_ms: 10_000, buckets_req, ..Default::default() };
    client.call(request).await.unwrap().buckets_resp.remove(0).log_end_offset
}

/// The row of a key, or the code of why there is no answer.
async fn look_up(client: &mut Client, table_id: i64, partition: i64, id: u8) -> Result<Option<Vec<u8>>, i32> {
    let keys = vec![vec![id].into()];
    let part = PbLookupReqForBucket { partition_id: Some(partition), bucket_id: 0, keys, ..Default::default() };
    let request = LookupRequest { table_id, buckets_req: vec![part], ..Default::default() };
    let mut answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    // The schema's number stands before the row.
    answer.error_code.map_or_else(|| Ok(answer.values.remove(0).values.map(|value| value[2..].to_vec())), Err)
}

#[tokio::test]
async fn a_key_is_another_one_in_each_partition() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor())).await.unwrap();
    let table = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    let (a, b) = (add(&mut client, "a").await, add(&mut client, "b").await);
    assert_eq!(put(&mut client, table, a, 1, &row(1, "a", 10)).await, Some(1));
    assert_eq!(put(&mut client, table, b, 1, &row(1, "b", 20)).await, Some(1));
    assert_eq!(put(&mut client, table, b, 1, &row(1, "b", 21)).await, Some(3));
    node.shutdown().await.unwrap();

    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(look_up(&mut client, table, a, 1).await, Ok(Some(row(1, "a", 10))));
    assert_eq!(look_up(&mut client, table, b, 1).await, Ok(Some(row(1, "b", 21))));
    assert_eq!(look_up(&mut client, table, a, 2).await, Ok(None));
    let buckets_req = [a, b].map(|id| PbTableStatsReqForBucket { partition_id: Some(id), bucket_id: 0 }).to_vec();
    let stats = client.call(GetTableStatsRequest { table_id: table, buckets_req, target_columns: vec![] });
    assert!(stats.await.unwrap().buckets_resp.iter().all(|bucket| bucket.row_count == Some(1)));

    let drop = DropPartitionRequest { table_path: path("t"), partition_spec: spec("a"), ignore_if_not_exists: false };
    client.call(drop).await.unwrap();
    assert_eq!(look_up(&mut client, table, a, 1).await, Err(21));
    let anew = add(&mut client, "a").await;
    assert_eq!(look_up(&mut client, table, anew, 1).await, Ok(None));
    assert_eq!(look_up(&mut client, table, b, 1).await, Ok(Some(row(1, "b", 21))));
    node.shutdown().await.unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(look_up(&mut client, table, anew, 1).await, Ok(None));
    assert_eq!(look_up(&mut client, table, b, 1).await, Ok(Some(row(1, "b", 21))));
}
