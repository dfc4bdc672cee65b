//! The rows of partitions.

use tempfile::TempDir;
use thalweg_wire::message::*;

use super::{add, descriptor, list, remove, table_id};
use crate::support::{Client, anonymous, create, path, start};

pub(crate) fn produce(table_id: i64, partition_id: i64, records: Vec<u8>) -> ProduceLogRequest {
    let mut request = crate::support::produce(table_id, 0, records);
    request.buckets_req[0].partition_id = Some(partition_id);
    request
}

pub(crate) async fn fetch(client: &mut Client, table_id: i64, partition_id: Option<i64>) -> PbFetchLogRespForBucket {
    let mut request = crate::support::fetch(table_id, &[(0, -2)]);
    request.tables_req[0].buckets_req[0].partition_id = partition_id;
    client.call(request).await.unwrap().tables_resp.remove(0).buckets_resp.remove(0)
}

#[tokio::test]
async fn each_partition_has_its_own_rows() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day"], 1, &[]))).await.unwrap();
    for day in ["a", "b"] {
        client.call(add("t", &[("day", day)], false)).await.unwrap();
    }
    let table = table_id(&mut client, "t").await;
    let [(_, a), (_, b)] = list(&mut client, "t", &[]).await[..] else { panic!("two partitions") };
    for (partition, values, offset) in [(a, &[1, 2][..], 0), (b, &[3], 0), (a, &[4], 2)] {
        let answer = client.call(produce(table, partition, anonymous(values))).await.unwrap();
        assert_eq!(answer.buckets_resp[0].partition_id, Some(partition));
        assert_eq!(answer.buckets_resp[0].base_offset, Some(offset));
    }
    node.shutdown().await.unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    for (partition, end) in [(a, 3), (b, 1)] {
        assert_eq!(fetch(&mut client, table, Some(partition)).await.high_watermark, Some(end));
        let latest = ListOffsetsRequest {
            follower_server_id: -1,
            offset_type: 1,
            table_id: table,
            partition_id: Some(partition),
            bucket_id: vec![0],
            ..Default::default()
        };
        assert_eq!(client.call(latest).await.unwrap().buckets_resp[0].offset, Some(end));
        let scan = LimitScanRequest { table_id: table, partition_id: Some(partition), bucket_id: 0, limit: 1 };
        assert!(client.call(scan).await.unwrap().records.is_some_and(|records| !records.is_empty()));
    }
    assert_eq!(fetch(&mut client, table, None).await.error_code, Some(21));
    assert_eq!(fetch(&mut client, table, Some(77)).await.error_code, Some(21));
    assert_eq!(fetch(&mut client, table + 1, Some(a)).await.error_code, Some(21));
    let answer = client.call(produce(table, 77, anonymous(&[1]))).await.unwrap();
    let text = format!("Unknown table or bucket: TableBucket{{tableId={table}, partitionId=77, bucket=0}}");
    assert_eq!(answer.buckets_resp[0].error_message, Some(text));

    let files = folder.path().join("tables").join(table.to_string());
    assert!(files.join(format!("p{a}")).exists());
    client.call(remove("t", &[("day", "a")], false)).await.unwrap();
    assert!(!files.join(format!("p{a}")).exists() && files.join(format!("p{b}")).exists());
    assert_eq!(fetch(&mut client, table, Some(a)).await.error_code, Some(21));
    client.call(DropTableRequest { table_path: path("t"), ignore_if_not_exists: false }).await.unwrap();
    assert!(!files.exists());
}
