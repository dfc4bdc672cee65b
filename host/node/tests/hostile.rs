//! What a node does with bytes that mean it no good: an error or the end of that connection, and nothing else.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{Client, anonymous, options, produce, start};
use tempfile::TempDir;
use thalweg_node::{Limits, Node, NodeOptions};
use thalweg_wire::frame::Response;
use thalweg_wire::message::{ApiKey, ApiVersionsRequest, InitWriterRequest, ListOffsetsRequest, MetadataRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Whether a connection still gets its answers.
async fn is_served(client: &mut Client) -> bool {
    client.call(MetadataRequest::default()).await.is_ok_and(|metadata| metadata.tablet_servers.len() == 1)
}

#[tokio::test]
async fn lying_lengths_end_their_connection_only() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut bystander = Client::connect(node.address()).await;
    for length in [i32::MAX, i32::MIN, -1, 0, 7, (100 << 20) + 1] {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(&length.to_be_bytes()).await.unwrap();
        stream.write_all(&[0; 100]).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(support::PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
        // Whose header can be read is answered before the connection ends.
        let answered = length > 100 << 20;
        assert!(read.is_err() || answer.is_empty() != answered, "{length}");
        assert!(is_served(&mut bystander).await);
    }
}

#[tokio::test]
async fn truncated_requests_do_no_harm() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut bystander = Client::connect(node.address()).await;
    let table = bystander.table("t", 1).await;
    let key = ApiKey::ProduceLog.code();
    let whole = thalweg_wire::frame::encode_request(key, 0, 1, &produce(table, 0, anonymous(&[1, 2, 3]))).unwrap();
    for cut in (0..whole.len()).step_by(7) {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(&whole[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(support::PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
        assert!(answer.is_empty());
    }
    assert!(is_served(&mut bystander).await);
    assert_eq!(bystander.fetch(table, 0, 0).await.high_watermark, Some(0));
}

#[tokio::test]
async fn unknown_calls_and_undecodable_bodies_are_answered() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let error = async |client: &mut Client, key: i16, body: &[u8]| {
        let id = client.send_raw(key, body).await;
        match client.receive().await {
            Some(Response::Error { request_id, code, message }) => {
                assert_eq!(request_id, id);
                assert!(!message.is_empty());
                code
            }
            other => panic!("{key}: {other:?}"),
        }
    };
    for key in [0, -1, 999, 1013, 1022, i16::MAX, ApiKey::AddServerTag.code()] {
        assert_eq!(error(&mut client, key, &[]).await, 2, "{key}");
    }
    assert_eq!(error(&mut client, ApiKey::Authenticate.code(), b"\x0a\x05PLAIN\x12\x00").await, 46);
    let with_required_fields = [
        ApiKey::ApiVersions,
        ApiKey::CreateDatabase,
        ApiKey::DropDatabase,
        ApiKey::DatabaseExists,
        ApiKey::GetDatabaseInfo,
        ApiKey::CreateTable,
        ApiKey::DropTable,
        ApiKey::GetTableInfo,
        ApiKey::ListTables,
        ApiKey::TableExists,
        ApiKey::GetTableSchema,
        ApiKey::AlterTable,
        ApiKey::ListPartitionInfos,
        ApiKey::CreatePartition,
        ApiKey::DropPartition,
        ApiKey::ProduceLog,
        ApiKey::PutKv,
        ApiKey::Lookup,
        ApiKey::PrefixLookup,
        ApiKey::GetTableStats,
        ApiKey::FetchLog,
        ApiKey::ListOffsets,
        ApiKey::LimitScan,
        ApiKey::Authenticate,
    ];
    for key in with_required_fields {
        assert_eq!(error(&mut client, key.code(), &[]).await, -1, "{key}");
        assert_eq!(error(&mut client, key.code(), &[0xff; 30]).await, -1, "{key}");
    }
    assert!(is_served(&mut client).await);
}

#[tokio::test]
async fn everything_listed_is_served() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let request = ApiVersionsRequest { client_software_name: "t".to_owned(), client_software_version: "1".to_owned() };
    let versions = client.call(request).await.unwrap();
    assert_eq!(versions.server_type, None);
    let listed: Vec<i32> = versions.api_versions.iter().map(|version| version.api_key).collect();
    for key in ApiKey::ALL {
        let id = client.send_raw(key.code(), &[0xff]).await;
        let unsupported = match client.receive().await {
            Some(Response::Error { request_id, code, .. }) => {
                assert_eq!(request_id, id);
                code == 2
            }
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(unsupported, !listed.contains(&i32::from(key.code())), "{key}");
    }
}

#[tokio::test]
async fn the_slow_and_the_silent_are_cut_off() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { idle: Duration::from_millis(300), transfer: Duration::from_millis(300), ..Limits::default() };
    let node = Node::start(NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let mut silent = TcpStream::connect(node.address()).await.unwrap();
    let mut slow = TcpStream::connect(node.address()).await.unwrap();
    slow.write_all(&[0, 0, 0, 100, 3]).await.unwrap();
    for stream in [&mut silent, &mut slow] {
        let read = timeout(support::PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        read.expect("the connection ends").ok();
    }
    let mut client = Client::connect(node.address()).await;
    assert!(is_served(&mut client).await);
}

#[tokio::test]
async fn there_are_as_many_connections_as_allowed() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { connections: 2, ..Limits::default() };
    let node = Node::start(NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let mut first = Client::connect(node.address()).await;
    let mut second = Client::connect(node.address()).await;
    assert!(is_served(&mut first).await && is_served(&mut second).await);
    let mut third = TcpStream::connect(node.address()).await.unwrap();
    let read = timeout(support::PATIENCE, third.read_to_end(&mut Vec::new())).await;
    read.expect("the connection ends").ok();
    drop(first);
    let served = async {
        loop {
            let mut client = Client::connect(node.address()).await;
            let id = client.send(&InitWriterRequest::default()).await;
            if let Some(Response::Success { request_id, .. }) = client.receive().await {
                return request_id == id;
            }
        }
    };
    assert!(timeout(support::PATIENCE, served).await.expect("a free place"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random bytes, as frames and as bodies of every call.
    #[test]
    fn random_bytes_do_no_harm(
        loose in proptest::collection::vec(any::<u8>(), 0..300),
        bodies in proptest::collection::vec((1000i16..1065, proptest::collection::vec(any::<u8>(), 0..60)), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let node = start(folder.path()).await;
            let mut stream = TcpStream::connect(node.address()).await.unwrap();
            stream.write_all(&loose).await.unwrap();
            let mut client = Client::connect(node.address()).await;
            for (key, body) in &bodies {
                client.send_raw(*key, body).await;
            }
            for _ in &bodies {
                assert!(client.receive().await.is_some());
            }
            assert!(is_served(&mut client).await);
        });
    }
}

/// A table may have 128,000.
#[tokio::test]
async fn as_many_buckets_as_a_table_may_have_can_be_named() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table_id = client.table("t", 1).await;
    let ask = |buckets| ListOffsetsRequest {
        follower_server_id: -1,
        offset_type: 1,
        table_id,
        bucket_id: (0..buckets).collect(),
        ..Default::default()
    };
    let answer = client.call(ask(128_000)).await.unwrap().buckets_resp;
    assert_eq!((answer.len(), answer[0].offset, answer[1].error_code), (128_000, Some(0), Some(21)));
    assert_eq!(client.call(ask(200_000)).await.unwrap_err().0, -1);
}
