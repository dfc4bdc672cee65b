//! A panic at each kind of thread and task: every request is answered, what is not at fault goes on, and where the node
//! cannot go on it says so.

use std::future::Future;
use std::time::Duration;

use tempfile::TempDir;
use thalweg_wire::frame::Response;
use thalweg_wire::message::{
    DatabaseExistsRequest, FetchLogRequest, GetTableInfoRequest, LookupRequest, PbLookupReqForBucket,
    PbPutKvReqForBucket, PutKvRequest, decode,
};
use thalweg_wire::message::{PbPutKvRespForBucket, ProduceLogResponse};
use thalweg_wire::record::{KvBatchBuilder, NO_WRITER};
use thalweg_wire::table::{Schema, TableDescriptor};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{
    Client, PATIENCE, Refusal, anonymous, create, fetch, key_batch, options, path, produce, start, until,
};
use crate::{Node, NodeError, Retention};

const BROKEN: &str = "The node failed to carry the request out; see its log.";

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

async fn with_node() -> (TempDir, Node, Client) {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let client = Client::connect(node.address()).await;
    (folder, node, client)
}

fn exists() -> DatabaseExistsRequest {
    DatabaseExistsRequest { database_name: "fluss".to_owned() }
}

async fn keyed(client: &mut Client, name: &str) -> i64 {
    let schema = Schema::parse_sql("k TINYINT, v TINYINT").unwrap().with_primary_key(&["k"]).unwrap();
    client.call(create(name, &TableDescriptor::new(schema))).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

async fn put(client: &mut Client, table_id: i64, key: u8) -> PbPutKvRespForBucket {
    let mut builder = KvBatchBuilder::new();
    builder.upsert(&[key], &[0, key, 7]).unwrap();
    let part = PbPutKvReqForBucket { records: key_batch(builder, NO_WRITER).into(), ..Default::default() };
    let request =
        PutKvRequest { acks: -1, table_id, timeout_ms: 10_000, buckets_req: vec![part], ..Default::default() };
    client.call(request).await.unwrap().buckets_resp.remove(0)
}

/// How many of these keys have a row, or the code of the refusal.
async fn found(client: &mut Client, table_id: i64, keys: &[u8]) -> Result<usize, i32> {
    let keys = keys.iter().map(|key| vec![*key].into()).collect();
    let part = PbLookupReqForBucket { keys, ..Default::default() };
    let request = LookupRequest { table_id, buckets_req: vec![part], ..Default::default() };
    let answer = client.call(request).await.unwrap().buckets_resp.remove(0);
    match answer.error_code {
        Some(code) => Err(code),
        None => Ok(answer.values.iter().filter(|value| value.values.is_some()).count()),
    }
}

#[tokio::test]
async fn a_panic_over_a_request_is_its_answer() {
    let (_folder, node, mut client) = with_node().await;
    node.service.lifecycle.arm("start a request");
    assert_eq!(client.call(exists()).await, Err(Refusal(-1, BROKEN.to_owned())));
    assert!(client.call(exists()).await.unwrap().exists);
    node.service.lifecycle.arm("wait for the disk");
    let table = super::support::descriptor(1);
    assert_eq!(client.call(create("t", &table)).await, Err(Refusal(-1, BROKEN.to_owned())));
    client.call(create("t", &table)).await.unwrap();
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_panic_of_a_connection_leaves_no_request_without_an_answer() {
    let (_folder, node, mut client) = with_node().await;
    let id = client.table("t", 1).await;
    let waiting = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(1500), ..fetch(id, &[(0, 0)]) };
    let first = client.send(&waiting).await;
    // The node takes a connection's requests in turn: once it has answered the next one, the first is waiting.
    assert!(client.call(exists()).await.unwrap().exists);
    node.service.lifecycle.arm("read requests");
    let second = client.send(&exists()).await;
    let mut answered = Vec::new();
    while let Some(answer) = client.receive().await {
        let (Response::Success { request_id, .. } | Response::Error { request_id, .. }) = answer else { panic!() };
        answered.push(request_id);
    }
    assert_eq!(answered, [second, first]);
    assert!(Client::connect(node.address()).await.call(exists()).await.is_ok());
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_panic_while_a_log_is_written_stays_in_its_bucket() {
    let (folder, node, mut client) = with_node().await;
    let id = client.table("t", 8).await;
    for bucket in 0..8 {
        assert_eq!(client.produce(id, bucket, anonymous(&[1])).await.error_code, None);
    }
    node.service.lifecycle.arm("append");
    let answer = client.produce(id, 3, anonymous(&[2])).await;
    assert_eq!((answer.error_code, answer.error_message.as_deref()), (Some(-1), Some(BROKEN)));
    // LOG_STORAGE_EXCEPTION: once the node was started again it may be taken.
    let answer = client.produce(id, 3, anonymous(&[3])).await;
    assert_eq!(answer.error_code, Some(10));
    assert!(answer.error_message.unwrap().contains("until it is started again"));
    for bucket in (0..8).filter(|bucket| *bucket != 3) {
        assert_eq!(client.produce(id, bucket, anonymous(&[2])).await.error_code, None, "{bucket}");
    }
    assert_eq!(client.fetch(id, 3, 0).await.high_watermark, Some(1), "what was acknowledged can be read");
    node.shutdown().await.unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(client.produce(id, 3, anonymous(&[4])).await.base_offset, Some(1));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_panic_while_keys_are_merged_or_written_stays_where_it_is() {
    let (folder, node, mut client) = with_node().await;
    let (one, other) = (keyed(&mut client, "one").await, keyed(&mut client, "other").await);
    assert_eq!(put(&mut client, one, 1).await.error_code, None);
    // Before anything changes only the batch is lost.
    node.service.lifecycle.arm("prepare");
    let answer = put(&mut client, one, 2).await;
    assert_eq!(answer.error_code, Some(-1));
    assert!(answer.error_message.unwrap().contains("nothing of it was written"));
    assert_eq!(put(&mut client, one, 2).await.error_code, None);
    assert_eq!(found(&mut client, one, &[1, 2, 3]).await, Ok(2));
    // Between log and keys nobody knows what they have.
    node.service.lifecycle.arm("stage");
    assert_eq!(put(&mut client, one, 3).await.error_code, Some(-1));
    assert_eq!(put(&mut client, one, 4).await.error_code, Some(10));
    assert_eq!(found(&mut client, one, &[1]).await, Err(11));
    assert_eq!(put(&mut client, other, 1).await.error_code, None);
    assert_eq!(found(&mut client, other, &[1]).await, Ok(1));
    node.shutdown().await.unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert!(found(&mut client, one, &[1, 2]).await == Ok(2), "what was acknowledged is there");
    assert_eq!(put(&mut client, one, 4).await.error_code, None);
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_panic_in_a_round_of_retention_is_over_with_it() {
    let folder = TempDir::new().unwrap();
    let interval = Duration::from_millis(20);
    let options =
        crate::NodeOptions { retention: Retention { interval, ..Retention::default() }, ..options(folder.path()) };
    let node = Node::start(options).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let id = client.table("t", 1).await;
    node.service.lifecycle.arm("retention round");
    until("a round", async || (!node.service.lifecycle.is_armed()).then_some(())).await;
    assert_eq!(client.produce(id, 0, anonymous(&[1])).await.error_code, None);
    assert!(node.service.lifecycle.cause().is_none());
    // That of a bucket stays in the bucket.
    node.service.lifecycle.arm("retain a bucket");
    until("a round", async || (client.produce(id, 0, anonymous(&[1])).await.error_code == Some(10)).then_some(()))
        .await;
    node.shutdown().await.unwrap();
}

/// Waits until the node has failed, and shuts it down.
async fn fails(node: Node, what: &str) {
    let seen = within("the failure", node.failed()).await.to_string();
    let Err(error @ NodeError::Broken { .. }) = within("the end", node.shutdown()).await else { panic!("no failure") };
    assert_eq!(error.to_string(), seen);
    assert!(seen.starts_with("the node has failed: ") && seen.contains(what) && seen.contains("panicked"), "{seen}");
}

#[tokio::test]
async fn the_end_of_a_thread_that_writes_logs_ends_the_node_in_order() {
    let (folder, node, mut client) = with_node().await;
    let id = client.table("t", 1).await;
    assert_eq!(client.produce(id, 0, anonymous(&[1])).await.error_code, None);
    let waiting = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(60_000), ..fetch(id, &[(0, 1)]) };
    let mut asked = vec![client.send(&waiting).await];
    node.service.lifecycle.arm("commit thread");
    for _ in 0..5 {
        asked.push(client.send(&produce(id, 0, anonymous(&[2]))).await);
    }
    let mut answered = Vec::new();
    while let Some(answer) = client.receive().await {
        match answer {
            Response::Success { request_id, body } if request_id != asked[0] => {
                let part = decode::<ProduceLogResponse>(body).unwrap().buckets_resp.remove(0);
                assert_eq!((part.error_code, part.error_message.as_deref()), (Some(-1), Some(BROKEN)));
                answered.push(request_id);
            }
            Response::Success { request_id, .. } | Response::Error { request_id, .. } => answered.push(request_id),
            Response::Failure { .. } => panic!("failures are never sent"),
        }
    }
    answered.sort_unstable();
    // Some may not have been read any more; none that was is without an answer.
    assert!(answered.contains(&asked[0]) && answered.contains(&asked[1]), "{answered:?} of {asked:?}");
    fails(node, "the thread thalweg-log-").await;
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(client.produce(id, 0, anonymous(&[3])).await.base_offset, Some(1));
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_listener_or_of_retention_ends_the_node_in_order() {
    let (_folder, node, mut client) = with_node().await;
    node.service.lifecycle.arm("listener");
    let _ = TcpStream::connect(node.address()).await;
    fails(node, "the listener").await;
    assert_eq!(client.receive().await, None, "nothing was asked");

    let folder = TempDir::new().unwrap();
    let retention = Retention { interval: Duration::from_millis(20), ..Retention::default() };
    let node = Node::start(crate::NodeOptions { retention, ..options(folder.path()) }).await.unwrap();
    node.service.lifecycle.arm("retention");
    fails(node, "retention").await;
}

#[tokio::test]
async fn the_end_of_the_watch_over_the_keys_ends_the_node_in_order() {
    let (_folder, node, mut client) = with_node().await;
    let id = keyed(&mut client, "t").await;
    assert_eq!(put(&mut client, id, 1).await.error_code, None);
    node.service.lifecycle.arm("watch");
    fails(node, "the watch over the keys").await;
}
