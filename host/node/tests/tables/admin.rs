//! Requests about the cluster, snapshots and access: answered as a server does that has none of them.

use crate::support::{Client, Refusal, create, path, start, start_again};
use tempfile::TempDir;
use thalweg_wire::message::{
    AcquireKvSnapshotLeaseRequest, AlterClusterConfigsRequest, AlterDatabaseRequest, ApiKey, ApiVersionsRequest,
    CancelRebalanceRequest, CreateDatabaseRequest, DescribeClusterConfigsRequest, DropKvSnapshotLeaseRequest,
    GetClusterHealthRequest, GetDatabaseInfoRequest, GetKvSnapshotMetadataRequest, GetLakeSnapshotRequest,
    GetLatestKvSnapshotsRequest, GetTableInfoRequest, ListKvSnapshotsRequest, ListRebalanceProgressRequest,
    ListRemoteLogManifestsRequest, PbAlterConfig, PbKvSnapshotLeaseForBucket, PbKvSnapshotLeaseForTable, PbTableBucket,
    RebalanceRequest, ReleaseKvSnapshotLeaseRequest,
};
use thalweg_wire::table::{DatabaseDescriptor, Schema, TableDescriptor};

async fn keyed(client: &mut Client, name: &str, partitioned: bool) -> i64 {
    let schema = Schema::parse_sql("id BIGINT NOT NULL, day STRING NOT NULL").unwrap();
    let mut table = TableDescriptor::new(schema.with_primary_key(&["id", "day"]).unwrap());
    table.bucket_count = Some(3);
    if partitioned {
        table.partition_keys = vec!["day".to_owned()];
    }
    client.call(create(name, &table)).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

fn is<T: std::fmt::Debug>(answer: Result<T, Refusal>, code: i32, text: &str) {
    let Refusal(found, said) = answer.expect_err(text);
    assert!(found == code && said.contains(text), "{found} {said} instead of {code} {text}");
}

#[tokio::test]
async fn the_cluster_is_this_node() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.table("t", 5).await;
    keyed(&mut client, "k", false).await;

    let configs = client.call(DescribeClusterConfigsRequest {}).await.unwrap().configs;
    let config = |key: &str| configs.iter().find(|one| one.config_key == key).and_then(|one| one.config_value.clone());
    assert_eq!(config("default.bucket.number").as_deref(), Some("1"));
    assert_eq!(config("advertised.listeners"), Some(format!("CLIENT://{}", node.address())));
    assert!(configs.iter().all(|one| one.config_source == "INITIAL_SERVER_CONFIG"));
    client.call(AlterClusterConfigsRequest::default()).await.unwrap();
    let change = PbAlterConfig { config_key: "max.bucket.num".to_owned(), ..Default::default() };
    let alter = AlterClusterConfigsRequest { alter_configs: vec![change] };
    is(client.call(alter).await, 64, "The config key max.bucket.num is not allowed to be changed dynamically.");

    let health = client.call(GetClusterHealthRequest {}).await.unwrap();
    assert_eq!(
        (health.num_replicas, health.in_sync_replicas, health.active_leader_replicas, health.status),
        (8, 8, 8, 0)
    );
    is(client.call(RebalanceRequest { goals: vec![0] }).await, 61, "the only server");
    let progress = client.call(ListRebalanceProgressRequest::default()).await.unwrap();
    assert_eq!((progress.rebalance_id, progress.rebalance_status), (None, None));
    client.call(CancelRebalanceRequest::default()).await.unwrap();
    // As a server on which none ever ran, whatever id is named.
    let id = Some("r".to_owned());
    let progress = client.call(ListRebalanceProgressRequest { rebalance_id: id.clone() }).await.unwrap();
    assert_eq!(progress.rebalance_id, None);
    client.call(CancelRebalanceRequest { rebalance_id: id }).await.unwrap();
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn there_are_no_snapshots() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let log = client.table("t", 1).await;
    let plain = keyed(&mut client, "k", false).await;
    let parted = keyed(&mut client, "p", true).await;

    let latest = |table: &str, partition: Option<&str>| GetLatestKvSnapshotsRequest {
        table_path: path(table),
        partition_name: partition.map(str::to_owned),
    };
    let answer = client.call(latest("k", None)).await.unwrap();
    assert_eq!((answer.table_id, answer.partition_id), (plain, None));
    assert!(answer.latest_snapshots.iter().map(|one| (one.bucket_id, one.snapshot_id)).eq((0..3).map(|at| (at, None))));
    is(client.call(latest("t", None)).await, 20, "Table 'fluss.t' is not a primary key table");
    is(client.call(latest("k", Some("x"))).await, 37, "is not a partitioned table");
    is(client.call(latest("p", None)).await, 36, "partition name is not provided");
    is(client.call(latest("p", Some("x"))).await, 36, "The partition 'x' of table 'fluss.p' does not exist");
    is(client.call(latest("none", None)).await, 7, "does not exist");

    let list = |table_id| ListKvSnapshotsRequest { table_id, partition_id: None };
    assert!(client.call(list(plain)).await.unwrap().active_snapshots.is_empty());
    is(client.call(list(log)).await, 20, "is not a primary key table");
    is(client.call(list(99)).await, 21, "does not know the table id 99");
    let metadata = GetKvSnapshotMetadataRequest { table_id: parted, bucket_id: 0, snapshot_id: 7, partition_id: None };
    is(client.call(metadata).await, 41, "Kv snapshot not found");

    let bucket_snapshots = vec![PbKvSnapshotLeaseForBucket { bucket_id: 1, snapshot_id: 7, partition_id: None }];
    let lease = |table_id| AcquireKvSnapshotLeaseRequest {
        lease_id: "l".to_owned(),
        lease_duration_ms: 1000,
        snapshots_to_lease: vec![PbKvSnapshotLeaseForTable { table_id, bucket_snapshots: bucket_snapshots.clone() }],
    };
    assert_eq!(client.call(lease(plain)).await.unwrap().unavailable_snapshots, lease(plain).snapshots_to_lease);
    is(client.call(lease(log)).await, 20, "is not a primary key table");
    let released = PbTableBucket { table_id: plain, partition_id: None, bucket_id: 1 };
    let release = ReleaseKvSnapshotLeaseRequest { lease_id: "l".to_owned(), buckets_to_release: vec![released] };
    client.call(release).await.unwrap();
    client.call(DropKvSnapshotLeaseRequest { lease_id: "l".to_owned() }).await.unwrap();

    let lake = |snapshot_id, readable| GetLakeSnapshotRequest { table_path: path("t"), snapshot_id, readable };
    is(
        client.call(lake(None, None)).await,
        53,
        &format!("Lake table snapshot doesn't exist for table: fluss.t, table id: {log}"),
    );
    is(client.call(lake(Some(3), None)).await, 53, "snapshot id: 3");
    is(client.call(lake(None, Some(true))).await, 53, "Lake table readable snapshot doesn't exist");
    is(client.call(lake(Some(3), Some(true))).await, -1, "cannot set both");
    let manifests = |table_id| ListRemoteLogManifestsRequest { table_id, partition_id: None };
    assert!(client.call(manifests(log)).await.unwrap().manifests.is_empty());
    is(client.call(manifests(99)).await, 21, "does not know the table id 99");
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn access_is_not_controlled_and_what_is_served_is_told() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let request = ApiVersionsRequest { client_software_name: "t".into(), client_software_version: "1".into() };
    let served: Vec<i32> = client.call(request).await.unwrap().api_versions.iter().map(|one| one.api_key).collect();
    for key in [ApiKey::ListAcls, ApiKey::CreateAcls, ApiKey::DropAcls] {
        assert!(served.contains(&i32::from(key.code())));
        client.send_raw(key.code(), &[]).await;
        let Some(thalweg_wire::frame::Response::Error { code, message, .. }) = client.receive().await else {
            panic!("{key} is not refused")
        };
        assert_eq!((code, message.as_str()), (47, "No Authorizer is configured."));
    }
    // Whatever is not told is refused as such, and the reverse.
    for key in ApiKey::ALL {
        client.send_raw(key.code(), &[0xff]).await;
        let refused = match client.receive().await.expect("an answer") {
            thalweg_wire::frame::Response::Error { code, message, .. } => {
                code == 2 && message.contains("This node does not serve")
            }
            _ => false,
        };
        assert_eq!(refused, !served.contains(&i32::from(key.code())), "{key}");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_database_changes_its_comment_and_properties() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let database_name = "d".to_owned();
    client.call(CreateDatabaseRequest { database_name: database_name.clone(), ..Default::default() }).await.unwrap();
    let alter = |changes: &[(&str, Option<&str>, i32)], comment: Option<&str>| AlterDatabaseRequest {
        database_name: "d".to_owned(),
        ignore_if_not_exists: false,
        config_changes: changes
            .iter()
            .map(|(key, value, op_type)| PbAlterConfig {
                config_key: (*key).to_owned(),
                config_value: value.map(str::to_owned),
                op_type: *op_type,
            })
            .collect(),
        comment: comment.map(str::to_owned),
    };
    client.call(alter(&[("owner", Some("me"), 0), ("tier", Some("1"), 0)], Some("a note"))).await.unwrap();
    client.call(alter(&[("tier", None, 1)], None)).await.unwrap();
    is(client.call(alter(&[("owner", Some("x"), 2)], Some("lost"))).await, 16, "nothing else");
    let missing = AlterDatabaseRequest { database_name: "none".to_owned(), ..alter(&[], None) };
    is(client.call(missing.clone()).await, 4, "does not exist");
    client.call(AlterDatabaseRequest { ignore_if_not_exists: true, ..missing }).await.unwrap();
    drop((node, client));
    let node = start_again(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let info = client.call(GetDatabaseInfoRequest { database_name }).await.unwrap();
    let found = DatabaseDescriptor::from_json(&info.database_json).unwrap();
    assert_eq!(found.comment.as_deref(), Some("a note"));
    assert_eq!(found.custom_properties.into_iter().collect::<Vec<_>>(), [("owner".to_owned(), "me".to_owned())]);
    assert!(info.modified_time >= info.created_time);
    node.shutdown().await.unwrap();
}
