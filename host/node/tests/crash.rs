//! The node killed with SIGKILL while keys are written, and started again: every batch is there once, in the log and
//! among the keys. `THALWEG_CRASHES` sets how often (default 3).

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Client, create, key_batch, path};
use tempfile::TempDir;
use thalweg_wire::frame::Response;
use thalweg_wire::message::{
    GetTableInfoRequest, GetTableStatsRequest, ListOffsetsRequest, PbPutKvReqForBucket, PbScanReqForBucket,
    PbTableStatsReqForBucket, PutKvRequest, PutKvResponse, ScanKvRequest, decode,
};
use thalweg_wire::record::{KvBatchBuilder, ValueBatch};
use thalweg_wire::table::{Schema, TableDescriptor};

/// Keys that there may be, so that most batches update and delete too.
const KEYS: u32 = 400;

/// A node in a process of its own.
struct Killable {
    process: Child,
    address: SocketAddr,
}

impl Killable {
    fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts a node with more arguments.
    fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let test = std::env::current_exe().unwrap();
        let serve = test.ancestors().nth(2).unwrap().join("examples/serve");
        let mut process = Command::new(serve)
            .arg(data)
            .arg("127.0.0.1:0")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example serve");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().nth(2).and_then(|address| address.parse().ok());
        Self { process, address: address.unwrap_or_else(|| panic!("no address in '{line}'")) }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A repeatable number.
fn random(seed: u32) -> u32 {
    let mixed = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_shr(33) as u32
}

/// The records of a batch: a key of one SMALLINT and a value of one, or a deletion.
fn records(sequence: u32) -> Vec<(u16, Option<u16>)> {
    let record = |at: u32| {
        let seed = random(sequence * 100 + at);
        let key = (seed % KEYS) as u16;
        (key, (!seed.is_multiple_of(4)).then_some((seed >> 9) as u16))
    };
    (0..random(sequence) % 60).map(record).collect()
}

fn put(table_id: i64, sequence: u32) -> PutKvRequest {
    put_records(table_id, sequence, records(sequence))
}

fn put_records(table_id: i64, sequence: u32, records: Vec<(u16, Option<u16>)>) -> PutKvRequest {
    let mut builder = KvBatchBuilder::new();
    for (key, value) in records {
        let key = key.to_le_bytes();
        match value {
            Some(value) => builder.upsert(&key, &[&[0][..], &key, &value.to_le_bytes()].concat()).unwrap(),
            None => builder.delete(&key).unwrap(),
        }
    }
    let part = PbPutKvReqForBucket { records: key_batch(builder, (5, sequence as i32)).into(), ..Default::default() };
    PutKvRequest { acks: -1, table_id, timeout_ms: 20_000, buckets_req: vec![part], ..Default::default() }
}

/// What a batch does to the rows, and how many offsets its changes take.
fn model(rows: &mut BTreeMap<u16, u16>, sequence: u32) -> i64 {
    apply(rows, records(sequence))
}

fn apply(rows: &mut BTreeMap<u16, u16>, records: Vec<(u16, Option<u16>)>) -> i64 {
    let mut changes = 0;
    for (key, value) in records {
        changes += match value {
            Some(value) => 1 + i64::from(rows.insert(key, value).is_some()),
            None => i64::from(rows.remove(&key).is_some()),
        };
    }
    changes.max(1)
}

async fn current(client: &mut Client, table_id: i64) -> (Vec<(u16, u16)>, i64) {
    let bucket_scan_req = Some(PbScanReqForBucket { table_id, ..Default::default() });
    let request =
        ScanKvRequest { bucket_scan_req, call_seq_id: Some(0), batch_size_bytes: Some(8 << 20), ..Default::default() };
    let answer = client.call(request).await.unwrap();
    let number = |bytes: &[u8]| u16::from_le_bytes(bytes.try_into().unwrap());
    let records = answer.records.unwrap_or_default();
    let values = if records.is_empty() { Vec::new() } else { ValueBatch::parse(&records).unwrap().values().collect() };
    let rows = values.into_iter().map(|value| value.unwrap().row).map(|row| (number(&row[1..3]), number(&row[3..5])));
    (rows.collect(), answer.log_offset.unwrap())
}

#[tokio::test]
async fn keys_and_changelog_survive_a_killed_node_together() {
    let crashes: u32 = std::env::var("THALWEG_CRASHES").ok().and_then(|count| count.parse().ok()).unwrap_or(3);
    let folder = TempDir::new().unwrap();
    let mut node = Killable::start(folder.path());
    let mut client = Client::connect(node.address).await;
    let mut schema = Schema::parse_sql("k SMALLINT NOT NULL, v SMALLINT NOT NULL").unwrap();
    schema.primary_key = vec![0];
    client.call(create("t", &TableDescriptor::new(schema))).await.unwrap();
    let id = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    let (mut rows, mut end, mut sequence) = (BTreeMap::new(), 0, 0);
    for crash in 0..=crashes {
        let killed_at = sequence + 40 + random(crash) % 50;
        loop {
            client.send(&put(id, sequence)).await;
            if sequence == killed_at && crash < crashes {
                // The batch is on its way: not there yet, in the log, or among the keys.
                tokio::time::sleep(Duration::from_micros(u64::from(random(crash + 77) % 3000))).await;
                node.kill();
                node = Killable::start(folder.path());
                client = Client::connect(node.address).await;
                client.send(&put(id, sequence)).await;
            }
            let Some(Response::Success { body, .. }) = client.receive().await else { panic!("no answer") };
            let answer: PutKvResponse = decode(body).unwrap();
            end += model(&mut rows, sequence);
            assert_eq!(answer.buckets_resp[0].log_end_offset, Some(end), "batch {sequence}: {answer:?}");
            sequence += 1;
            if sequence > killed_at {
                break;
            }
        }
        let (found, offset) = current(&mut client, id).await;
        let mut expected: Vec<(u16, u16)> = rows.clone().into_iter().collect();
        expected.sort_by_key(|(key, _)| key.to_le_bytes());
        assert_eq!((found, offset), (expected, end));
        let buckets_req = vec![PbTableStatsReqForBucket::default()];
        let stats = client.call(GetTableStatsRequest { table_id: id, buckets_req, target_columns: vec![] });
        assert_eq!(stats.await.unwrap().buckets_resp[0].row_count, Some(rows.len() as i64));
        let offsets = ListOffsetsRequest { offset_type: 1, table_id: id, bucket_id: vec![0], ..Default::default() };
        assert_eq!(client.call(offsets).await.unwrap().buckets_resp[0].offset, Some(end));
    }
    node.kill();
}

/// So little memory that rows go to files all the time; killed wherever that is.
#[tokio::test]
async fn keys_in_files_are_as_far_as_their_log_after_a_kill() {
    const ROWS: u32 = 4000;
    let many = |sequence: u32| -> Vec<(u16, Option<u16>)> {
        let record = |at: u32| {
            let seed = random(sequence * ROWS + at);
            (seed as u16, (!seed.is_multiple_of(5)).then_some((seed >> 11) as u16))
        };
        (0..ROWS).map(record).collect()
    };
    let folder = TempDir::new().unwrap();
    let start = || Killable::start_with(folder.path(), &["os", "8388608"]);
    let mut node = start();
    let mut client = Client::connect(node.address).await;
    let mut schema = Schema::parse_sql("k SMALLINT NOT NULL, v SMALLINT NOT NULL").unwrap();
    schema.primary_key = vec![0];
    client.call(create("t", &TableDescriptor::new(schema))).await.unwrap();
    let id = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    let (mut rows, mut end) = (BTreeMap::new(), 0);
    for sequence in 0..240 {
        client.send(&put_records(id, sequence, many(sequence))).await;
        if sequence % 60 == 59 {
            tokio::time::sleep(Duration::from_micros(u64::from(random(sequence) % 8000))).await;
            node.kill();
            node = start();
            client = Client::connect(node.address).await;
            client.send(&put_records(id, sequence, many(sequence))).await;
        }
        let Some(Response::Success { body, .. }) = client.receive().await else { panic!("no answer") };
        let answer: PutKvResponse = decode(body).unwrap();
        end += apply(&mut rows, many(sequence));
        assert_eq!(answer.buckets_resp[0].log_end_offset, Some(end), "batch {sequence}: {answer:?}");
        if sequence % 60 == 59 {
            let mut expected: Vec<(u16, u16)> = rows.clone().into_iter().collect();
            expected.sort_by_key(|(key, _)| key.to_le_bytes());
            assert!(current(&mut client, id).await == (expected, end), "the rows after the kill at {sequence}");
            let buckets_req = vec![PbTableStatsReqForBucket::default()];
            let stats = client.call(GetTableStatsRequest { table_id: id, buckets_req, target_columns: vec![] });
            assert_eq!(stats.await.unwrap().buckets_resp[0].row_count, Some(rows.len() as i64));
        }
    }
    node.kill();
    let spaces = std::fs::read_dir(folder.path().join("keys/keyspaces")).unwrap();
    let spaces = spaces.map(|space| space.unwrap().path()).filter(|space| !space.ends_with("0"));
    let files = |space: std::path::PathBuf| std::fs::read_dir(space.join("tables")).unwrap().count();
    assert!(spaces.map(files).sum::<usize>() > 0, "no rows went to files");
}
