//! Partitions that are asked for, listed, missing and made anew.

use bytes::Bytes;
use thalweg_wire::{
    frame::encode_response,
    message::{PbBucketMetadata, PbKeyValue, PbPartitionSpec, PbServerNode, PbTableMetadata},
    table::{Schema, TableDescriptor, TablePath},
};

use thalweg_wire::message::{
    ListPartitionInfosResponse, MetadataResponse, PbPartitionInfo, PbPartitionMetadata, ServerErrorCode,
};

use super::{Cluster, News, Partition, Question, partition::Which, wire_path};
use crate::{
    call::{Answered, Body, Call, Failure, Key},
    chance::Chance,
};
use thalweg_contract::{Instant, Settings};

/// An answer as it comes.
type Frame = Result<Vec<u8>, thalweg_wire::frame::FrameError>;

/// A cluster that is asked, and the answers that a test gives it.
struct Rig {
    cluster: Cluster,
    chance: Chance,
    now: Instant,
}

const TABLE: i64 = 7;

fn path() -> TablePath {
    TablePath { database: "d".into(), table: "t".into() }
}

fn bucket(bucket_id: i32, leader: Option<i32>) -> PbBucketMetadata {
    PbBucketMetadata { bucket_id, leader_id: leader, ..Default::default() }
}

fn metadata(name: &str, id: i64, leader: Option<i32>) -> PbPartitionMetadata {
    PbPartitionMetadata {
        table_id: TABLE,
        partition_name: name.into(),
        partition_id: id,
        bucket_metadata: vec![bucket(0, Some(0)), bucket(1, leader)],
        ..Default::default()
    }
}

fn partitions(metadata: Vec<PbPartitionMetadata>) -> Frame {
    encode_response(0, &MetadataResponse { partition_metadata: metadata, ..Default::default() })
}

/// The cluster, and the table with these columns.
fn described(table_id: i64, schema_id: i32, columns: &str, leader: Option<i32>) -> Frame {
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(columns).expect("columns"));
    descriptor.bucket_count = Some(2);
    descriptor.partition_keys = vec!["p".into()];
    let server = PbServerNode { node_id: 0, host: "h".into(), port: 1, ..Default::default() };
    let table = PbTableMetadata {
        table_path: wire_path(&path()),
        table_id,
        schema_id,
        table_json: descriptor.to_json().into_bytes().into(),
        bucket_metadata: vec![bucket(0, leader), bucket(1, leader)],
        ..Default::default()
    };
    let (coordinator_server, tablet_servers) = (Some(server.clone()), vec![server]);
    let description =
        MetadataResponse { coordinator_server, tablet_servers, table_metadata: vec![table], ..Default::default() };
    encode_response(0, &description)
}

impl Rig {
    /// With a table of two buckets and one partition column.
    fn new() -> Self {
        let cluster = Cluster::new(0, &Settings::new(vec!["h:1".into()]).connection);
        let mut rig = Self { cluster, chance: Chance::new(1), now: 0 };
        rig.cluster.open(0, path(), 1);
        rig.answer(described(TABLE, 1, "p STRING NOT NULL, n INT", None));
        rig.cluster.take_news();
        rig
    }

    /// What is asked once that is due.
    fn asked(&mut self) -> Vec<u64> {
        self.now += 10_000_000;
        let mut calls = Vec::new();
        self.cluster.tick(self.now, &mut calls);
        // The table itself is refreshed as well; that is not what these tests look at.
        let key = |call: &Call| match call.key {
            Key::Cluster(key) => Some(key),
            _ => None,
        };
        let calls = calls.iter().filter_map(key);
        let of_tables = |key: &u64| matches!(self.cluster.questions.get(key), Some(Question::Metadata(_)));
        let (tables, others): (Vec<_>, Vec<_>) = calls.partition(of_tables);
        if others.is_empty() { tables } else { others }
    }

    fn reply(&mut self, key: u64, result: Result<Body, Failure>) -> Vec<Call> {
        let answer = Answered { key: Key::Cluster(key), result, address: "h:1".into() };
        let mut calls = Vec::new();
        self.cluster.answered(self.now, key, answer, &mut self.chance, &mut calls).expect("it makes sense");
        calls
    }

    fn answer(&mut self, frame: Frame) -> Vec<Call> {
        let [key] = self.asked()[..] else { panic!("one question") };
        self.reply(key, Ok(body(frame)))
    }

    fn refuse(&mut self) -> Vec<Call> {
        let [key] = self.asked()[..] else { panic!("one question") };
        self.reply(key, Err(absent()))
    }

    /// What was told of partitions.
    fn told(&mut self) -> Vec<String> {
        let told = self.cluster.take_news().into_iter().filter_map(|news| match news {
            News::Partition(0, name) => Some(name),
            News::PartitionId(0, id) => Some(id.to_string()),
            News::Partitions(0) => Some("all".into()),
            _ => None,
        });
        told.collect()
    }

    fn id(&self, name: &str) -> Option<i64> {
        match self.cluster.partition(0, name) {
            Partition::Known { id, .. } => Some(id),
            _ => None,
        }
    }
}

fn body(frame: Frame) -> Body {
    let bytes = Bytes::from(frame.expect("it is short")).slice(9..);
    Body { length: bytes.len(), bytes: bytes.clone(), frame: bytes, buffer: 1 }
}

fn absent() -> Failure {
    let code = ServerErrorCode::PARTITION_NOT_EXISTS.code();
    Failure::Refused { code, message: "there is none".into() }
}

#[test]
fn a_partition_is_known_once_it_was_asked_for() {
    let mut rig = Rig::new();
    assert_eq!(rig.cluster.partition(0, "a"), Partition::Asked);
    rig.cluster.want_partition(rig.now, 0, "a");
    rig.answer(partitions(vec![metadata("a", 5, Some(0))]));
    assert_eq!(rig.told(), ["a"]);
    let known = Partition::Known { id: 5, name: "a", leaders: &[Some(0), Some(0)] };
    assert_eq!(rig.cluster.partition(0, "a"), known);
    assert_eq!(rig.cluster.partition_by_id(0, 5), known);
    assert_eq!(rig.cluster.partition_by_id(0, 6), Partition::Asked);
}

#[test]
fn a_partition_without_leaders_is_asked_for_again() {
    let mut rig = Rig::new();
    rig.cluster.want_partition(rig.now, 0, "a");
    rig.answer(partitions(vec![metadata("a", 5, None)]));
    rig.answer(partitions(vec![metadata("a", 5, Some(0))]));
    assert!(matches!(rig.cluster.partition(0, "a"), Partition::Known { leaders: [Some(0), Some(0)], .. }));
}

#[test]
fn one_that_is_missing_harms_no_other() {
    let mut rig = Rig::new();
    rig.cluster.want_partition(rig.now, 0, "a");
    rig.cluster.want_partition(rig.now, 0, "b");
    let again = rig.refuse();
    assert_eq!((again.len(), rig.told().len()), (2, 0), "each is asked for alone");
    for call in again {
        let Key::Cluster(key) = call.key else { panic!("a question of the cluster's") };
        match rig.cluster.questions.get(&key) {
            Some(Question::Partitions(asked)) if asked[0].1 == Which::Name("a".into()) => {
                rig.reply(key, Err(absent()));
            }
            _ => {
                rig.reply(key, Ok(body(partitions(vec![metadata("b", 6, Some(0))]))));
            }
        }
    }
    assert_eq!((rig.id("a"), rig.id("b")), (None, Some(6)));
    assert!(matches!(rig.cluster.partition(0, "a"), Partition::Missing(_)));
}

#[test]
fn one_made_anew_takes_the_place_of_the_one_before() {
    let mut rig = Rig::new();
    for id in [5, 9] {
        rig.cluster.want_partition(rig.now, 0, "a");
        rig.answer(partitions(vec![metadata("a", id, Some(0))]));
    }
    assert_eq!(rig.id("a"), Some(9));
    assert!(matches!(rig.cluster.partition_by_id(0, 5), Partition::Missing(_)));
    assert!(rig.told().contains(&"5".to_owned()), "who has a stake in the one before is told");
}

#[test]
fn a_list_tells_which_are_there_and_which_no_longer() {
    let mut rig = Rig::new();
    rig.cluster.want_partition(rig.now, 0, "a");
    rig.answer(partitions(vec![metadata("a", 5, Some(0))]));
    rig.told();
    rig.cluster.list_partitions(rig.now, 0);
    let info = |value: &str, partition_id| PbPartitionInfo {
        partition_id,
        partition_spec: PbPartitionSpec {
            partition_key_values: vec![PbKeyValue { key: "p".into(), value: value.into() }],
        },
        ..Default::default()
    };
    let partitions_info = vec![info("c", 8), info("b", 7)];
    rig.answer(encode_response(0, &ListPartitionInfosResponse { partitions_info, ..Default::default() }));
    let listed: &[_] = &[("b".to_owned(), 7), ("c".to_owned(), 8)];
    assert_eq!(rig.cluster.partitions(0), Some(listed));
    assert!(matches!(rig.cluster.partition(0, "a"), Partition::Missing(_)));
    assert_eq!(rig.told(), ["a", "5", "all"]);
}

#[test]
fn a_table_without_partitions_has_none() {
    let mut cluster = Cluster::new(0, &Settings::new(vec!["h:1".into()]).connection);
    cluster.want_partition(0, 3, "a");
    assert!(matches!(&cluster.take_news()[..], [News::Partition(3, _)]));
    assert!(matches!(cluster.partition(3, "a"), Partition::Missing(_)));
}

#[test]
fn a_table_with_more_columns_is_opened_beside_itself() {
    let mut rig = Rig::new();
    rig.cluster.changed(rig.now, &path());
    rig.cluster.open(rig.now, path(), 2);
    rig.answer(described(TABLE, 2, "p STRING NOT NULL, n INT, note STRING", Some(0)));
    let news = rig.cluster.take_news();
    assert!(news.iter().any(|news| matches!(news, News::Opened(2, Ok(1)))), "{news:?}");
    let schemas = [0, 1].map(|handle| rig.cluster.table(handle).expect("it is there").info.schema_id);
    assert_eq!(schemas, [1, 2]);
    for handle in [0, 1] {
        assert!(news.iter().any(|news| matches!(news, News::Leaders(of) if *of == handle)), "{news:?}");
        assert_eq!(rig.cluster.table(handle).expect("it is there").leaders, [Some(0), Some(0)]);
    }
    // A server that is behind takes nothing away.
    rig.cluster.refresh(rig.now, 0);
    rig.answer(described(TABLE, 1, "p STRING NOT NULL, n INT", None));
    rig.cluster.open(rig.now, path(), 3);
    let news = rig.cluster.take_news();
    assert!(news.iter().any(|news| matches!(news, News::Opened(3, Ok(1)))), "{news:?}");
    // And one that was made anew ends both.
    rig.cluster.refresh(rig.now, 0);
    rig.answer(described(TABLE + 1, 1, "p STRING NOT NULL, n INT", None));
    assert!([0, 1].iter().all(|handle| rig.cluster.table(*handle).is_err()));
}
