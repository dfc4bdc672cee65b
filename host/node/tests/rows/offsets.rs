//! Offsets, and the last rows.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use thalweg_node::{Limits, Node};
use thalweg_wire::message::*;

use crate::support::{Client, anonymous, fetch, options, read, start, until};

pub(crate) fn offsets(table_id: i64, offset_type: i32, buckets: &[i32], time: Option<i64>) -> ListOffsetsRequest {
    ListOffsetsRequest {
        follower_server_id: -1,
        offset_type,
        table_id,
        bucket_id: buckets.to_vec(),
        start_timestamp: time,
        ..Default::default()
    }
}

pub(crate) async fn latest(client: &mut Client, table: i64, bucket: i32) -> i64 {
    client.call(offsets(table, 1, &[bucket], None)).await.unwrap().buckets_resp[0].offset.unwrap()
}

#[tokio::test]
async fn offsets_are_listed() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    client.produce(table, 0, anonymous(&[1, 2])).await;
    let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let taken = clock();
    let now = until("the next millisecond", async || Some(clock()).filter(|now| *now > taken)).await;
    client.produce(table, 0, anonymous(&[3])).await;
    let mut ask = async |kind: i32, time: Option<i64>| {
        let answer = client.call(offsets(table, kind, &[0, 1, 5], time)).await.unwrap().buckets_resp;
        assert_eq!(answer[2].error_code, Some(21));
        (answer[0].offset.ok_or(answer[0].error_code), answer[1].offset.ok_or(answer[1].error_code))
    };
    assert_eq!(ask(0, None).await, (Ok(0), Ok(0)));
    assert_eq!(ask(1, None).await, (Ok(3), Ok(0)));
    assert_eq!(ask(2, Some(1000)).await, (Ok(0), Ok(0)));
    assert_eq!(ask(2, Some(now)).await, (Ok(2), Ok(0)));
    assert_eq!(ask(2, Some(now + 60_000)).await, (Err(Some(38)), Err(Some(38))));
    assert_eq!(ask(2, None).await, (Err(Some(38)), Err(Some(38))));
    assert_eq!(ask(9, None).await, (Err(Some(2)), Err(Some(2))));
}

#[tokio::test]
async fn the_last_rows_are_scanned() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table_id = client.table("t", 2).await;
    for value in 0..10 {
        client.produce(table_id, 0, anonymous(&[value, 0])).await;
    }
    let mut scan = async |bucket_id: i32, limit: i32| {
        client.call(LimitScanRequest { table_id, bucket_id, limit, ..Default::default() }).await.unwrap()
    };
    let some = scan(0, 3).await;
    assert_eq!((some.is_log_table, some.error_code), (Some(true), None));
    assert_eq!(read(&some.records.unwrap()), [(16, 8), (18, 9)]);
    assert_eq!(read(&scan(0, 1000).await.records.unwrap()).len(), 10);
    assert_eq!(scan(1, 3).await.records, Some(bytes::Bytes::new()));
    assert_eq!(scan(2, 3).await.error_code, Some(21));
}

#[tokio::test]
async fn the_last_rows_take_their_share_of_the_memory() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { answer_memory: 16 << 20, transfer: Duration::from_millis(300), ..Limits::default() };
    let node = Node::start(thalweg_node::NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let (mut idle, mut client) = (Client::connect(node.address()).await, Client::connect(node.address()).await);
    let table_id = client.table("t", 1).await;
    let rows = anonymous(&vec![1; 256 << 10]);
    for _ in 0..5 {
        client.produce(table_id, 0, rows.clone()).await;
    }
    // One who does not read holds what answers may take.
    let mut greedy = fetch(table_id, &[(0, 0)]);
    greedy.max_bytes = 64 << 20;
    greedy.tables_req[0].buckets_req[0].max_fetch_bytes = 64 << 20;
    idle.send(&greedy).await;
    let scan = LimitScanRequest { table_id, bucket_id: 0, limit: i32::MAX, ..Default::default() };
    let deadline = Instant::now() + crate::support::PATIENCE;
    while client.call(scan).await.unwrap().error_code != Some(25) {
        assert!(Instant::now() < deadline, "scans never wait for memory");
    }
    drop(idle);
    while client.call(scan).await.unwrap().error_code.is_some() {
        assert!(Instant::now() < deadline, "the memory never comes back");
    }
}
