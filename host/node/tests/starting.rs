//! Starting and stopping: quick, alone on its folder, and with clear words when it cannot.

mod support;

use std::time::{Duration, Instant};

use support::{Client, anonymous, options, start};
use tempfile::TempDir;
use thalweg_node::{Node, NodeError, NodeOptions};

#[tokio::test]
async fn a_node_is_ready_at_once() {
    let folder = TempDir::new().unwrap();
    let begun = Instant::now();
    let node = start(&folder.path().join("new/folder")).await;
    let took = begun.elapsed();
    node.shutdown().await.unwrap();
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_second_node_on_the_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let error = Node::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, NodeError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another node"), "{error}");
    node.shutdown().await.unwrap();
    start(folder.path()).await.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_and_a_bad_address_are_named() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let other = TempDir::new().unwrap();
    let listen = node.address().to_string();
    let error = Node::start(NodeOptions { listen: listen.clone(), ..options(other.path()) }).await.unwrap_err();
    assert!(matches!(error, NodeError::AddressTaken { .. }) && error.to_string().contains(&listen), "{error}");
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:http", ":9123", "127.0.0.1:70000"] {
        let listen = address.to_owned();
        let error = Node::start(NodeOptions { listen, ..options(other.path()) }).await.unwrap_err();
        assert!(matches!(error, NodeError::BadAddress { .. }), "{address}: {error}");
    }
    let advertise = Some("nonsense".to_owned());
    let error = Node::start(NodeOptions { advertise, ..options(other.path()) }).await.unwrap_err();
    assert!(matches!(error, NodeError::BadAddress { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_catalogue_is_named() {
    let folder = TempDir::new().unwrap();
    start(folder.path()).await.shutdown().await.unwrap();
    std::fs::write(folder.path().join("catalog.json"), "{\"next_table_id\":").unwrap();
    let error = Node::start(options(folder.path())).await.unwrap_err();
    assert!(matches!(error, NodeError::Damaged { .. }) && error.to_string().contains("catalog.json"), "{error}");
}

/// Format 1 is the same without partitions and keys.
#[tokio::test]
async fn a_folder_of_format_1_opens() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    client.produce(table, 0, anonymous(&[1, 2])).await;
    node.shutdown().await.unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("format"), "1\n").unwrap();
    let _ = std::fs::remove_dir_all(file("keys"));
    let catalog = std::fs::read_to_string(file("catalog.json")).unwrap();
    let old = catalog.replace("\"next_partition_id\":0,", "");
    assert_ne!(old, catalog);
    assert!(!old.contains("partitions"), "{old}");
    std::fs::write(file("catalog.json"), old).unwrap();

    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(client.fetch(table, 0, -2).await.high_watermark, Some(2));
    assert_eq!(std::fs::read_to_string(file("format")).unwrap(), "2\n");
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_stop() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    for value in 0..20 {
        assert_eq!(client.produce(table, 0, anonymous(&[value])).await.base_offset, Some(value));
    }
    let begun = Instant::now();
    node.shutdown().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(client.receive().await.is_none(), "the connection is closed");
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let fetched = client.fetch(table, 0, -2).await;
    let expected: Vec<_> = (0..20).map(|value| (value, value)).collect();
    assert_eq!(support::read(&fetched.records.unwrap()), expected);
    node.shutdown().await.unwrap();
}
