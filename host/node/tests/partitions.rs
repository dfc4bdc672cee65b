//! Partitions as a client sees them, with the codes and texts of a real server.

mod support;

use std::time::{Duration, Instant};

use support::{Client, Refusal, anonymous, create, options, path, start};
use tempfile::TempDir;
use thalweg_node::{Limits, Node, NodeOptions};
use thalweg_wire::message::*;
use thalweg_wire::table::{Schema, TableDescriptor};

fn descriptor(keys: &[&str], buckets: u32, properties: &[(&str, &str)]) -> TableDescriptor {
    let columns = "id BIGINT, n BIGINT, day STRING, region STRING";
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(columns).unwrap());
    descriptor.partition_keys = keys.iter().map(|key| (*key).to_owned()).collect();
    descriptor.bucket_count = Some(buckets);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    descriptor
}

fn spec(pairs: &[(&str, &str)]) -> PbPartitionSpec {
    let pair = |(key, value): &(&str, &str)| PbKeyValue { key: (*key).to_owned(), value: (*value).to_owned() };
    PbPartitionSpec { partition_key_values: pairs.iter().map(pair).collect() }
}

fn add(table: &str, pairs: &[(&str, &str)], ignore: bool) -> CreatePartitionRequest {
    CreatePartitionRequest { table_path: path(table), partition_spec: spec(pairs), ignore_if_not_exists: ignore }
}

fn remove(table: &str, pairs: &[(&str, &str)], ignore: bool) -> DropPartitionRequest {
    DropPartitionRequest { table_path: path(table), partition_spec: spec(pairs), ignore_if_not_exists: ignore }
}

fn refusal(code: i32, text: &str) -> Result<(), Refusal> {
    Err(Refusal(code, text.to_owned()))
}

/// Names and numbers of the partitions that have some values.
async fn list(client: &mut Client, table: &str, pairs: &[(&str, &str)]) -> Vec<(String, i64)> {
    let partial_partition_spec = (!pairs.is_empty()).then(|| spec(pairs));
    let request = ListPartitionInfosRequest { table_path: path(table), partial_partition_spec, ..Default::default() };
    let name = |info: &PbPartitionInfo| {
        let values = info.partition_spec.partition_key_values.iter().map(|pair| pair.value.as_str());
        values.collect::<Vec<_>>().join("$")
    };
    let listed = client.call(request).await.unwrap().partitions_info;
    listed.iter().map(|info| (name(info), info.partition_id)).collect()
}

async fn table_id(client: &mut Client, table: &str) -> i64 {
    client.call(GetTableInfoRequest { table_path: path(table) }).await.unwrap().table_id
}

fn produce(table_id: i64, partition_id: i64, records: Vec<u8>) -> ProduceLogRequest {
    let mut request = support::produce(table_id, 0, records);
    request.buckets_req[0].partition_id = Some(partition_id);
    request
}

async fn fetch(client: &mut Client, table_id: i64, partition_id: Option<i64>) -> PbFetchLogRespForBucket {
    let mut request = support::fetch(table_id, &[(0, -2)]);
    request.tables_req[0].buckets_req[0].partition_id = partition_id;
    client.call(request).await.unwrap().tables_resp.remove(0).buckets_resp.remove(0)
}

#[tokio::test]
async fn partitions_come_and_go() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day", "region"], 2, &[]))).await.unwrap();
    client.call(create("flat", &descriptor(&[], 1, &[]))).await.unwrap();
    assert!(list(&mut client, "t", &[]).await.is_empty());
    for (day, region) in [("1", "eu"), ("1", "us"), ("2", "eu")] {
        client.call(add("t", &[("region", region), ("day", day)], false)).await.unwrap();
    }
    let [first, second, third] = &list(&mut client, "t", &[]).await[..] else { panic!("three partitions") };
    assert_eq!([&first.0, &second.0, &third.0], ["1$eu", "1$us", "2$eu"]);
    assert!(first.1 < second.1 && second.1 < third.1);
    assert_eq!(list(&mut client, "t", &[("day", "1")]).await, [first.clone(), second.clone()]);
    assert_eq!(list(&mut client, "t", &[("region", "eu"), ("day", "2")]).await, std::slice::from_ref(third));
    assert!(list(&mut client, "t", &[("day", "$")]).await.is_empty());
    assert!(list(&mut client, "t", &[("day", "1"), ("day", "2")]).await.is_empty());

    let eu = [("day", "1"), ("region", "eu")];
    let again = client.call(add("t", &eu, false)).await.map(drop);
    assert_eq!(again, refusal(42, "Partition 'day=1/region=eu' already exists for table fluss.t"));
    client.call(add("t", &eu, true)).await.unwrap();
    client.call(remove("t", &eu, false)).await.unwrap();
    let gone = client.call(remove("t", &eu, false)).await.map(drop);
    assert_eq!(gone, refusal(36, "Partition 'day=1/region=eu' does not exist for table fluss.t"));
    client.call(remove("t", &eu, true)).await.unwrap();
    client.call(add("t", &eu, false)).await.unwrap();
    assert!(list(&mut client, "t", &eu).await[0].1 > third.1, "a number is not used again");

    let missing = "Table 'fluss.no' does not exist.";
    assert_eq!(client.call(add("no", &eu, true)).await.map(drop), refusal(7, missing));
    assert_eq!(client.call(remove("no", &eu, true)).await.map(drop), refusal(7, missing));
    let flat = client.call(add("flat", &eu, true)).await.map(drop);
    assert_eq!(flat, refusal(37, "Only partitioned table support create partition."));
    let flat = client.call(remove("flat", &eu, true)).await.map(drop);
    assert_eq!(flat, refusal(37, "Only partitioned table support drop partition."));
    let partial_partition_spec = Some(spec(&[("hour", "1")]));
    let other = ListPartitionInfosRequest { table_path: path("t"), partial_partition_spec, ..Default::default() };
    let other = client.call(other).await.map(drop);
    assert_eq!(other, refusal(43, "table don't contains this partitionKey: hour"));
}

#[tokio::test]
async fn what_makes_no_partition_is_refused() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { partitions: 3, buckets: 10, all_buckets: 12, ..Limits::default() };
    let node = Node::start(NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day"], 1, &[]))).await.unwrap();
    client.call(create("wide", &descriptor(&["day"], 4, &[]))).await.unwrap();
    client.call(create("more", &descriptor(&["day"], 1, &[]))).await.unwrap();
    let mut bad = async |table: &str, pairs: &[(&str, &str)]| {
        client.call(add(table, pairs, true)).await.map(drop).map_err(|refusal| (refusal.0, refusal.1))
    };
    let spec = |text: &str| Err((43, text.to_owned()));
    let size = "PartitionSpec size is not equal to partition keys size for partitioned table fluss.t.";
    assert_eq!(bad("t", &[]).await, spec(size));
    assert_eq!(bad("t", &[("day", "1"), ("hour", "1")]).await, spec(size));
    let key =
        "PartitionSpec PartitionSpec{{hour=1}} does not contain partition key 'day' for partitioned table fluss.t.";
    assert_eq!(bad("t", &[("hour", "1")]).await, spec(key));
    let faults = [
        ("", "the empty string is not allowed"),
        ("..", "'..' is not allowed"),
        ("a b", "'a b' contains one or more characters other than ASCII alphanumerics, '_' and '-'"),
        ("$é", "'$é' contains one or more characters other than ASCII alphanumerics, '_' and '-'"),
        (
            "__x",
            "'__' is not allowed as prefix, since it is reserved for internal databases/internal tables/internal \
             partitions in Fluss server",
        ),
    ];
    for (value, fault) in faults {
        assert_eq!(
            bad("t", &[("day", value)]).await,
            spec(&format!("The partition value {value} is invalid: {fault}"))
        );
    }
    assert_eq!(bad("t", &[("day", &"x".repeat(201))]).await.unwrap_err().0, 43);
    for value in ["1", "2", "3"] {
        bad("t", &[("day", value)]).await.unwrap();
    }
    let many = "Exceed the maximum number of partitions for table fluss.t, only allow 3 partitions.";
    assert_eq!(bad("t", &[("day", "4")]).await, Err((45, many.to_owned())));
    for value in ["1", "2"] {
        bad("wide", &[("day", value)]).await.unwrap();
    }
    let many = "Adding partition '3' would result in 12 total buckets for table fluss.wide, exceeding the maximum of 10 \
                buckets.";
    assert_eq!(bad("wide", &[("day", "3")]).await, Err((49, many.to_owned())));
    let full = "This node has 11 buckets and takes 12 at most, so there is no room for";
    bad("more", &[("day", "1")]).await.unwrap();
    let none = bad("more", &[("day", "2")]).await.unwrap_err();
    assert!(none.0 == 49 && none.1.starts_with("This node has 12 buckets"), "{none:?}");
    client.call(remove("more", &[("day", "1")], false)).await.unwrap();
    let none = client.call(create("flat", &descriptor(&[], 2, &[]))).await.unwrap_err();
    assert!(none.0 == 49 && none.1.starts_with(full), "{none:?}");
    client.call(create("flat", &descriptor(&[], 1, &[]))).await.unwrap();
}

#[tokio::test]
async fn partitions_are_found_by_name_and_number() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day"], 2, &[]))).await.unwrap();
    for day in ["a", "b"] {
        client.call(add("t", &[("day", day)], false)).await.unwrap();
    }
    let partitions = list(&mut client, "t", &[]).await;
    let table_id = table_id(&mut client, "t").await;
    let named = |name: &str| PbPhysicalTablePath {
        database_name: "fluss".to_owned(),
        table_name: "t".to_owned(),
        partition_name: Some(name.to_owned()),
    };
    let request = MetadataRequest {
        table_path: vec![path("t")],
        partitions_path: vec![named("a"), named("a")],
        partitions_id: partitions.iter().map(|(_, id)| *id).collect(),
    };
    let answer = client.call(request).await.unwrap();
    assert!(answer.table_metadata[0].bucket_metadata.is_empty(), "the buckets are those of the partitions");
    let found = |partition: &PbPartitionMetadata| {
        let buckets = partition.bucket_metadata.iter().map(|bucket| (bucket.bucket_id, bucket.leader_id));
        assert_eq!(buckets.collect::<Vec<_>>(), [(0, Some(0)), (1, Some(0))]);
        assert_eq!(partition.table_id, table_id);
        (partition.partition_name.clone(), partition.partition_id)
    };
    assert_eq!(answer.partition_metadata.iter().map(found).collect::<Vec<_>>(), partitions);

    let missing = MetadataRequest { partitions_path: vec![named("a"), named("c")], ..Default::default() };
    let missing = client.call(missing).await.map(drop);
    assert_eq!(missing, refusal(36, "Table partition 'fluss.t(p=c)' does not exist."));
    let missing = MetadataRequest { partitions_id: vec![partitions[0].1, 77], ..Default::default() };
    let missing = client.call(missing).await.map(drop);
    let text = "The partition id '77' does not exist or you don't have permission to access it.";
    assert_eq!(missing, refusal(36, text));
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

#[tokio::test]
async fn partitions_follow_the_time() {
    let folder = TempDir::new().unwrap();
    let mut options = options(folder.path());
    options.retention.interval = Duration::from_millis(50);
    let node = Node::start(options).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let properties = [
        ("table.auto-partition.enabled", "true"),
        ("table.auto-partition.time-unit", "YEAR"),
        ("table.auto-partition.num-precreate", "3"),
        ("table.auto-partition.num-retention", "1"),
    ];
    client.call(create("t", &descriptor(&["day"], 1, &properties))).await.unwrap();
    let made = list(&mut client, "t", &[]).await;
    assert_eq!(made.len(), 3, "they are there with the table");
    let table = table_id(&mut client, "t").await;
    let answer = client.call(produce(table, made[2].1, anonymous(&[1]))).await.unwrap();
    assert_eq!(answer.buckets_resp[0].base_offset, Some(0));

    // As Fluss from 1.0 on: what would be dropped at once, or is no year, is not made.
    for ignore in [false, true] {
        let refused = client.call(add("t", &[("day", "1999")], ignore)).await.unwrap_err();
        let oldest = made[0].0.parse::<i32>().unwrap() - 1;
        let text = format!("Partition value '1999' is out-of-date. The earliest retained partition is '{oldest}'.");
        assert_eq!(refused, Refusal(43, text));
        let refused = client.call(add("t", &[("day", "eu")], ignore)).await.unwrap_err();
        let text =
            "Partition value 'eu' does not match the expected format 'yyyy' for auto-partition time unit 'YEAR'.";
        assert_eq!(refused, Refusal(43, text.to_owned()));
    }
    client.call(remove("t", &[("day", &made[1].0)], false)).await.unwrap();
    let begun = Instant::now();
    loop {
        let names: Vec<_> = list(&mut client, "t", &[]).await.into_iter().map(|(name, _)| name).collect();
        if names.iter().eq(made.iter().map(|(name, _)| name)) {
            break;
        }
        assert!(begun.elapsed() < support::PATIENCE, "{names:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fetch(&mut client, table, Some(made[2].1)).await.high_watermark, Some(1));
}

#[tokio::test]
async fn partitions_follow_the_time_from_when_they_are_told() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day"], 1, &[]))).await.unwrap();
    for day in ["19990101", "eu"] {
        client.call(add("t", &[("day", day)], false)).await.unwrap();
    }
    let change = |(key, value): (&str, &str)| PbAlterConfig {
        config_key: format!("table.auto-partition.{key}"),
        config_value: Some(value.to_owned()),
        op_type: 0,
    };
    let config_changes = [("enabled", "true"), ("num-precreate", "5")].map(change).to_vec();
    client.call(AlterTableRequest { table_path: path("t"), config_changes, ..Default::default() }).await.unwrap();
    // The one that is too old is gone, and the one that is no day comes after all of them.
    let names: Vec<_> = list(&mut client, "t", &[]).await.into_iter().map(|(name, _)| name).collect();
    assert!(names.len() == 6 && names[5] == "eu" && !names.contains(&"19990101".to_owned()), "{names:?}");
}

#[tokio::test]
async fn partitions_outlive_the_node() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(create("t", &descriptor(&["day"], 1, &[]))).await.unwrap();
    for day in ["a", "b"] {
        client.call(add("t", &[("day", day)], false)).await.unwrap();
    }
    client.call(remove("t", &[("day", "b")], false)).await.unwrap();
    let alter = AlterTableRequest {
        table_path: path("t"),
        config_changes: vec![PbAlterConfig { config_key: "x".into(), config_value: Some("y".into()), op_type: 0 }],
        ..Default::default()
    };
    client.call(alter).await.unwrap();
    let before = list(&mut client, "t", &[]).await;
    // As a crash leaves it: nothing is closed.
    drop(client);
    drop(node);
    let node = loop {
        match Node::start(options(folder.path())).await {
            Ok(node) => break node,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut client = Client::connect(node.address()).await;
    assert_eq!(list(&mut client, "t", &[]).await, before);
    client.call(add("t", &[("day", "b")], false)).await.unwrap();
    assert_eq!(list(&mut client, "t", &[("day", "b")]).await[0].1, before[0].1 + 2);
}
