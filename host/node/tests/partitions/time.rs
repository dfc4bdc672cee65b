//! Partitions that follow the time.

use std::time::Duration;

use tempfile::TempDir;
use thalweg_node::Node;
use thalweg_wire::message::*;

use super::rows::{fetch, produce};
use super::{add, descriptor, list, remove, table_id};
use crate::support::{Client, Refusal, anonymous, create, options, path, start, until};

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
    until("the partition that was dropped", async || {
        let names: Vec<_> = list(&mut client, "t", &[]).await.into_iter().map(|(name, _)| name).collect();
        names.iter().eq(made.iter().map(|(name, _)| name)).then_some(())
    })
    .await;
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
