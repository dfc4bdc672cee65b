//! Appends: taken in order, refused bucket by bucket, known again, kept as long as they are to be.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use thalweg_node::{Durability, Limits, Node, Retention};
use thalweg_wire::frame::Response;
use thalweg_wire::message::*;

use crate::offsets::{latest, offsets};
use crate::support::{Client, anonymous, batch, fetch, options, path, produce, read, start, start_again, until};

#[tokio::test]
async fn what_is_appended_is_fetched() {
    for durability in [Durability::Fsync, Durability::Os, Durability::Memory] {
        let folder = TempDir::new().unwrap();
        let node = Node::start(thalweg_node::NodeOptions { durability, ..options(folder.path()) }).await.unwrap();
        let mut client = Client::connect(node.address()).await;
        let table = client.table("t", 2).await;
        assert_eq!(client.produce(table, 1, anonymous(&[5, 6, 7])).await.base_offset, Some(0));
        let two = [anonymous(&[8]), anonymous(&[9, 10])].concat();
        assert_eq!(client.produce(table, 1, two).await.base_offset, Some(3));
        let fetched = client.fetch(table, 1, -2).await;
        assert_eq!(fetched.error_code, None);
        assert_eq!((fetched.high_watermark, fetched.log_start_offset), (Some(6), Some(0)));
        assert_eq!(read(&fetched.records.unwrap()), [(0, 5), (3, 8), (4, 9)]);
        assert_eq!(read(&client.fetch(table, 1, 3).await.records.unwrap()), [(3, 8), (4, 9)]);
        let other = client.fetch(table, 0, -2).await;
        assert_eq!((other.records, other.high_watermark), (Some(bytes::Bytes::new()), Some(0)));
        let beyond = client.fetch(table, 1, 7).await;
        assert_eq!(beyond.error_code, Some(19));
        assert_eq!((beyond.log_start_offset, beyond.high_watermark), (Some(0), Some(6)));
        assert_eq!(client.fetch(table, 2, 0).await.error_code, Some(21));
        assert_eq!(client.fetch(table + 1, 0, 0).await.error_code, Some(21));
        node.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn wrong_appends_are_refused_bucket_by_bucket() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { segment_bytes: 10_000, ..Limits::default() };
    let node = Node::start(thalweg_node::NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    let mut corrupt = anonymous(&[1]);
    *corrupt.last_mut().unwrap() ^= 1;
    let mut schema = anonymous(&[1]);
    schema[25] = 9;
    let crc = crc32c::crc32c(&schema[25..]);
    schema[21..25].copy_from_slice(&crc.to_le_bytes());
    let large = anonymous(&vec![1; 1000]);
    for (records, code) in [(corrupt, 14), (vec![1, 2, 3], 14), (schema, 15), (large, 13), (batch((4, 3), &[1]), 31)] {
        assert_eq!(client.produce(table, 0, records).await.error_code, Some(code));
        // Only what the network may have done to a batch is worth another try.
        assert_eq!(ServerErrorCode::from_code(code).is_retriable(), code == 14, "{code}");
    }
    let acks = ProduceLogRequest { acks: 2, ..produce(table, 0, anonymous(&[1])) };
    assert_eq!(client.call(acks).await.unwrap().buckets_resp[0].error_code, Some(18));
    assert_eq!(client.produce(table, 1, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(client.produce(table, -1, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(client.produce(99, 0, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(latest(&mut client, table, 0).await, 0);
    assert_eq!(client.produce(table, 0, anonymous(&[1])).await.base_offset, Some(0));
}

#[tokio::test]
async fn many_appends_on_the_way_keep_their_order() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
    let mut sent = Vec::new();
    for sequence in 0..200 {
        sent.push(client.send(&produce(table, 0, batch((writer, sequence), &[i64::from(sequence)]))).await);
    }
    for _ in 0..200 {
        let Some(Response::Success { request_id, body }) = client.receive().await else { panic!("no answer") };
        let answer: ProduceLogResponse = decode(body).unwrap();
        let sequence = sent.iter().position(|id| *id == request_id).unwrap();
        assert_eq!(answer.buckets_resp[0].base_offset, Some(sequence as i64));
    }
    let fetched = client.fetch(table, 0, -2).await;
    let expected: Vec<_> = (0..200).map(|value| (value, value)).collect();
    assert_eq!(read(&fetched.records.unwrap()), expected);
}

/// Large appends are checked on threads of their own, small ones are not.
#[tokio::test]
async fn large_and_small_appends_on_the_way_keep_their_order() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
    let rows: Vec<i64> = (0..40_000).collect();
    let (mut sent, mut next) = (Vec::new(), 0);
    for sequence in 0..12 {
        let rows = if sequence % 2 == 0 { &rows[..] } else { &rows[..1] };
        let request = produce(table, 0, batch((writer, sequence), rows));
        assert_eq!(request.buckets_req[0].records.len() > 256 << 10, sequence % 2 == 0);
        sent.push((client.send(&request).await, next));
        next += rows.len() as i64;
    }
    for _ in 0..12 {
        let Some(Response::Success { request_id, body }) = client.receive().await else { panic!("no answer") };
        let answer: ProduceLogResponse = decode(body).unwrap();
        let (_, offset) = sent.iter().find(|(id, _)| *id == request_id).unwrap();
        assert_eq!(answer.buckets_resp[0].base_offset, Some(*offset));
    }
}

#[tokio::test]
async fn repeats_are_recognised_after_a_restart() {
    let folder = TempDir::new().unwrap();
    for kill in [false, true] {
        let node = start(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        let name = format!("t{kill}");
        let table = client.table(&name, 1).await;
        let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
        for sequence in 0..8 {
            client.produce(table, 0, batch((writer, sequence), &[1])).await;
        }
        if kill {
            // Nothing is closed; only the lock has to go.
            drop(node);
        } else {
            node.shutdown().await.unwrap();
        }
        let node = start_again(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        for sequence in 3..8 {
            let repeated = client.produce(table, 0, batch((writer, sequence), &[1])).await;
            assert_eq!((repeated.error_code, repeated.base_offset), (None, Some(i64::from(sequence))));
        }
        assert_eq!(client.produce(table, 0, batch((writer, 9), &[1])).await.error_code, Some(31));
        assert_eq!(client.produce(table, 0, batch((writer, 8), &[1])).await.base_offset, Some(8));
        assert_eq!(latest(&mut client, table, 0).await, 9);
        node.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_table_leaves_no_files() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    client.produce(table, 0, anonymous(&[1])).await;
    let files = folder.path().join("tables").join(table.to_string());
    assert!(files.exists());
    let waiting = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(10_000), ..fetch(table, &[(0, 1)]) };
    let waiting = client.send(&waiting).await;
    // The node takes a connection's requests in turn: once it has answered the next one, the first is waiting.
    client.fetch(table, 0, 0).await;
    let mut other = Client::connect(node.address()).await;
    other.call(DropTableRequest { table_path: path("t"), ignore_if_not_exists: false }).await.unwrap();
    assert!(!files.exists());
    let begun = Instant::now();
    let Some(Response::Success { request_id, .. }) = client.receive().await else { panic!("no answer") };
    assert_eq!(request_id, waiting);
    assert!(begun.elapsed() < Duration::from_secs(5), "who waits for a dropped table is told");
    assert_eq!(other.produce(table, 0, anonymous(&[1])).await.error_code, Some(21));
}

#[tokio::test]
async fn old_rows_go() {
    let folder = TempDir::new().unwrap();
    let retention = Retention { interval: Duration::from_millis(50), ..Retention::default() };
    let node = Node::start(thalweg_node::NodeOptions { retention, ..options(folder.path()) }).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let mut descriptor = crate::support::descriptor(1);
    descriptor.properties.insert("table.log.ttl".to_owned(), "300 ms".to_owned());
    client.call(crate::support::create("t", &descriptor)).await.unwrap();
    let table = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    client.produce(table, 0, anonymous(&[1, 2])).await;
    let begun = Instant::now();
    until("the end of the rows", async || {
        let earliest = client.call(offsets(table, 0, &[0], None)).await.unwrap().buckets_resp[0].offset;
        (earliest == Some(2)).then_some(())
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(250));
    assert_eq!(client.fetch(table, 0, 0).await.error_code, Some(19));
    let earliest = client.fetch(table, 0, -2).await;
    assert_eq!((earliest.log_start_offset, earliest.high_watermark), (Some(2), Some(2)));
    assert_eq!(client.produce(table, 0, anonymous(&[3])).await.base_offset, Some(2));
}
