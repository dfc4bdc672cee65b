//! Files of keys under little memory: what looking for new keys reads of them. In a file of its own, as it counts what its
//! process reads.
#![cfg(target_os = "linux")]

mod support;

use std::time::Duration;

use support::{Client, create, key_batch, options, path, until};
use tempfile::TempDir;
use thalweg_node::{LEAST_MEMORY, Node, NodeOptions};
use thalweg_wire::message::{GetTableInfoRequest, PbPutKvReqForBucket, PutKvRequest};
use thalweg_wire::record::{KvBatchBuilder, NO_WRITER, RowFormat, Scalar};
use thalweg_wire::table::{DataType, Schema, TableDescriptor};

/// So many keys that the filter of a file that they are merged into is larger than what the cache takes of one piece.
const KEYS: i64 = 600_000;

async fn put(client: &mut Client, table_id: i64, ids: impl Iterator<Item = i64>) {
    let mut builder = KvBatchBuilder::new();
    for id in ids {
        let mut key = Vec::new();
        Scalar::BigInt(id).write("id", &DataType::BigInt, RowFormat::Compacted, &mut key).unwrap();
        builder.upsert(&key, &[&[0], &key[..]].concat()).unwrap();
    }
    let part = PbPutKvReqForBucket { records: key_batch(builder, NO_WRITER).into(), ..Default::default() };
    let request =
        PutKvRequest { acks: -1, table_id, timeout_ms: 20_000, buckets_req: vec![part], ..Default::default() };
    assert_eq!(client.call(request).await.unwrap().buckets_resp[0].error_code, None);
}

/// Bytes that this process has read from files so far, from the system's memory or the disk.
fn read_so_far() -> u64 {
    let counts = std::fs::read_to_string("/proc/self/io").unwrap();
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_new_key_reads_no_whole_filter() {
    let folder = TempDir::new().unwrap();
    let options = || NodeOptions { memory: LEAST_MEMORY, ..options(folder.path()) };
    let node = Node::start(options()).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let mut schema = Schema::parse_sql("id BIGINT NOT NULL").unwrap();
    schema.primary_key = vec![0];
    client.call(create("t", &TableDescriptor::new(schema))).await.unwrap();
    let id = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    put(&mut client, id, 0..1).await;
    node.shutdown().await.unwrap();

    // What a node had in memory of its keys is gone with it: from now on it must ask the files, new ones too.
    let node = Node::start(options()).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    for from in (0..KEYS).step_by(50_000) {
        put(&mut client, id, (from..from + 50_000).map(|n| n * 2)).await;
    }
    let mut before = 0;
    until("the end of merging files", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let last = std::mem::replace(&mut before, read_so_far());
        // Reading the count is read too.
        (before - last < 1000).then_some(())
    })
    .await;
    put(&mut client, id, (0..2000).map(|n| (n * 7919) % KEYS * 2 + 1)).await;
    let read = read_so_far() - before;
    assert!(read > 0, "the files were not asked");
    assert!(read < 16 << 20, "{read} bytes were read for 2000 new keys");
    node.shutdown().await.unwrap();
}
