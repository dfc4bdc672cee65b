//! Partitions made, listed, found and dropped.

use tempfile::TempDir;
use thalweg_node::{Limits, Node, NodeOptions};
use thalweg_wire::message::*;

use super::{add, descriptor, list, refusal, remove, spec, table_id};
use crate::support::{Client, create, options, path, start, start_again};

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
    let node = start_again(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(list(&mut client, "t", &[]).await, before);
    client.call(add("t", &[("day", "b")], false)).await.unwrap();
    assert_eq!(list(&mut client, "t", &[("day", "b")]).await[0].1, before[0].1 + 2);
}
