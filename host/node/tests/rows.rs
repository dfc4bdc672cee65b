//! Rows in and rows out: appends, fetches, projections, offsets, repeats, restarts.

mod support;

use std::time::{Duration, Instant};

use support::{Client, anonymous, batch, fetch, options, path, produce, read, start};
use tempfile::TempDir;
use thalweg_node::{Durability, Limits, Node, Retention};
use thalweg_wire::frame::Response;
use thalweg_wire::message::*;

fn offsets(table_id: i64, offset_type: i32, buckets: &[i32], time: Option<i64>) -> ListOffsetsRequest {
    ListOffsetsRequest {
        follower_server_id: -1,
        offset_type,
        table_id,
        bucket_id: buckets.to_vec(),
        start_timestamp: time,
        ..Default::default()
    }
}

async fn latest(client: &mut Client, table: i64, bucket: i32) -> i64 {
    client.call(offsets(table, 1, &[bucket], None)).await.unwrap().buckets_resp[0].offset.unwrap()
}

#[tokio::test]
async fn what_is_appended_is_fetched() {
    for durability in [Durability::Fsync, Durability::Os, Durability::Memory] {
        let folder = TempDir::new().unwrap();
        let node = Node::start(thalweg_node::NodeOptions { durability, ..options(folder.path()) }).await.unwrap();
        let mut client = Client::connect(node.address()).await;
        let table = client.table("t", 2).await;
        assert_eq!(client.produce(table, 1, anonymous(&[5, 6, 7])).await.base_offset, Some(0));
        let two = [anonymous(&[8]), anonymous(&[9, 10])].concat();
        assert_eq!(client.produce(table, 1, two).await.base_offset, Some(3));
        let fetched = client.fetch(table, 1, -2).await;
        assert_eq!(fetched.error_code, None);
        assert_eq!((fetched.high_watermark, fetched.log_start_offset), (Some(6), Some(0)));
        assert_eq!(read(&fetched.records.unwrap()), [(0, 5), (3, 8), (4, 9)]);
        assert_eq!(read(&client.fetch(table, 1, 3).await.records.unwrap()), [(3, 8), (4, 9)]);
        let other = client.fetch(table, 0, -2).await;
        assert_eq!((other.records, other.high_watermark), (Some(bytes::Bytes::new()), Some(0)));
        let beyond = client.fetch(table, 1, 7).await;
        assert_eq!(beyond.error_code, Some(19));
        assert_eq!((beyond.log_start_offset, beyond.high_watermark), (Some(0), Some(6)));
        assert_eq!(client.fetch(table, 2, 0).await.error_code, Some(21));
        assert_eq!(client.fetch(table + 1, 0, 0).await.error_code, Some(21));
        node.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn wrong_appends_are_refused_bucket_by_bucket() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { segment_bytes: 10_000, ..Limits::default() };
    let node = Node::start(thalweg_node::NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    let mut corrupt = anonymous(&[1]);
    *corrupt.last_mut().unwrap() ^= 1;
    let mut schema = anonymous(&[1]);
    schema[25] = 9;
    let crc = crc32c::crc32c(&schema[25..]);
    schema[21..25].copy_from_slice(&crc.to_le_bytes());
    let large = anonymous(&vec![1; 1000]);
    for (records, code) in [(corrupt, 14), (vec![1, 2, 3], 14), (schema, 15), (large, 13), (batch((4, 3), &[1]), 31)] {
        assert_eq!(client.produce(table, 0, records).await.error_code, Some(code));
        // Only what the network may have done to a batch is worth another try.
        assert_eq!(ServerErrorCode::from_code(code).is_retriable(), code == 14, "{code}");
    }
    let acks = ProduceLogRequest { acks: 2, ..produce(table, 0, anonymous(&[1])) };
    assert_eq!(client.call(acks).await.unwrap().buckets_resp[0].error_code, Some(18));
    assert_eq!(client.produce(table, 1, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(client.produce(table, -1, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(client.produce(99, 0, anonymous(&[1])).await.error_code, Some(21));
    assert_eq!(latest(&mut client, table, 0).await, 0);
    assert_eq!(client.produce(table, 0, anonymous(&[1])).await.base_offset, Some(0));
}

#[tokio::test]
async fn columns_are_projected() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    client.produce(table, 0, anonymous(&[5, 6, 7])).await;
    let mut projected = async |fields: &[i32]| {
        let mut request = fetch(table, &[(0, 0)]);
        request.tables_req[0].projection_pushdown_enabled = true;
        request.tables_req[0].projected_fields = fields.to_vec();
        let answer = client.call(request).await.unwrap();
        answer.tables_resp[0].buckets_resp[0].clone()
    };
    assert_eq!(read(&projected(&[1]).await.records.unwrap()), [(0, -5)]);
    assert_eq!(read(&projected(&[0]).await.records.unwrap()), [(0, 5)]);
    for wrong in [&[][..], &[1, 0], &[0, 0], &[2], &[-1]] {
        assert_eq!(projected(wrong).await.error_code, Some(34), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_fetch_waits_for_rows_and_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    let waiting = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(10_000), ..fetch(table, &[(0, 0), (1, 0)]) };
    let begun = Instant::now();
    let waiting = client.send(&waiting).await;
    // A request behind it is answered first.
    assert_eq!(latest(&mut client, table, 1).await, 0);
    let appended = client.send(&produce(table, 1, anonymous(&[4]))).await;
    let mut answered = Vec::new();
    for _ in 0..2 {
        let Some(Response::Success { request_id, body }) = client.receive().await else { panic!("no answer") };
        answered.push(request_id);
        if request_id == waiting {
            let answer: FetchLogResponse = decode(body).unwrap();
            let buckets = &answer.tables_resp[0].buckets_resp;
            assert_eq!(buckets.len(), 2, "each bucket is answered");
            assert_eq!((buckets[0].bucket_id, read(buckets[0].records.as_ref().unwrap())), (1, vec![(0, 4)]));
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, [waiting, appended]);
    assert!(begun.elapsed() < Duration::from_secs(5));

    let nothing = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(200), ..fetch(table, &[(0, 0)]) };
    let begun = Instant::now();
    let answer = client.call(nothing).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(199));
    assert_eq!(answer.tables_resp[0].buckets_resp[0].records, Some(bytes::Bytes::new()));
    // An error that waiting does not mend ends the wait.
    let wrong = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(10_000), ..fetch(table, &[(0, 0), (1, 50)]) };
    let begun = Instant::now();
    let answer = client.call(wrong).await.unwrap();
    assert_eq!(
        (answer.tables_resp[0].buckets_resp[0].bucket_id, answer.tables_resp[0].buckets_resp[0].error_code),
        (1, Some(19))
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn answers_are_bounded_but_never_empty() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 3).await;
    for bucket in 0..3 {
        for _ in 0..4 {
            client.produce(table, bucket, anonymous(&[7; 100])).await;
        }
    }
    let mut lengths = async |max_bytes: i32, per_bucket: i32| {
        let mut request = FetchLogRequest { max_bytes, ..fetch(table, &[(0, 0), (1, 0), (2, 0)]) };
        request.tables_req[0].buckets_req.iter_mut().for_each(|bucket| bucket.max_fetch_bytes = per_bucket);
        let mut answer = client.call(request).await.unwrap().tables_resp.remove(0).buckets_resp;
        // The order is that of a hash map of Java.
        assert_eq!(answer.iter().map(|bucket| bucket.bucket_id).collect::<Vec<_>>(), [2, 1, 0]);
        answer.reverse();
        answer.iter().map(|bucket| bucket.records.as_ref().unwrap().len()).collect::<Vec<_>>()
    };
    let one = anonymous(&[7; 100]).len();
    assert_eq!(lengths(1 << 20, 1 << 20).await, [4 * one, 4 * one, 4 * one]);
    // Wherever a limit is, there an answer ends.
    assert_eq!(lengths(1 << 20, 4000).await, [4000, 4000, 4000]);
    assert_eq!(lengths(1 << 20, 49).await, [49, 49, one]);
    assert_eq!(lengths(1 << 20, 48).await, [0, 0, one]);
    assert_eq!(lengths(1, 1).await, [0, 0, one]);
    assert_eq!(lengths(0, 0).await, [0, 0, one]);
    assert_eq!(lengths(10_000, 1 << 20).await, [0, 10_000 - 4 * one, 4 * one]);
    assert_eq!(lengths(4 * one as i32 + 48, 1 << 20).await, [0, 0, 4 * one]);
}

#[tokio::test]
async fn a_projection_gives_as_many_whole_batches_as_fit() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    for bucket in 0..2 {
        for _ in 0..4 {
            client.produce(table, bucket, anonymous(&[7; 100])).await;
        }
    }
    let mut batches = async |max_bytes: i32, per_bucket: i32| {
        let mut request = FetchLogRequest { max_bytes, ..fetch(table, &[(0, 0), (1, 0)]) };
        let asked = &mut request.tables_req[0];
        (asked.projection_pushdown_enabled, asked.projected_fields) = (true, vec![1]);
        asked.buckets_req.iter_mut().for_each(|bucket| bucket.max_fetch_bytes = per_bucket);
        let mut answer = client.call(request).await.unwrap().tables_resp.remove(0).buckets_resp;
        answer.reverse();
        let whole = |records: &bytes::Bytes| (read(records).len(), records.len());
        answer.iter().map(|bucket| whole(bucket.records.as_ref().unwrap())).collect::<Vec<_>>()
    };
    let all = batches(1 << 20, 1 << 20).await;
    let one = all[0].1 as i32 / 4;
    assert_eq!(all, [(4, 4 * one as usize); 2]);
    assert!(one < anonymous(&[7; 100]).len() as i32 - 700);
    let some = |first: usize, second: usize| vec![(first, first * one as usize), (second, second * one as usize)];
    assert_eq!(batches(1 << 20, 2 * one).await, some(2, 2));
    assert_eq!(batches(1 << 20, 2 * one - 1).await, some(1, 1));
    assert_eq!(batches(1 << 20, one - 1).await, some(0, 1));
    assert_eq!(batches(5 * one, 1 << 20).await, some(1, 4));
    // The room for one batch is that of the batch as it lies there.
    assert_eq!(batches(1, 1).await, some(0, 1));
}

#[tokio::test]
async fn after_a_wait_the_limit_of_the_last_bucket_is_that_of_all() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    let asked = |min_bytes| {
        let (min_bytes, max_wait_ms) = (Some(min_bytes), Some(500));
        let mut asked = FetchLogRequest { min_bytes, max_wait_ms, ..fetch(table, &[(0, 0), (1, 0)]) };
        asked.tables_req[0].buckets_req.iter_mut().for_each(|bucket| bucket.max_fetch_bytes = 60);
        asked
    };
    let one = anonymous(&[1, 2]).len();
    let mut answer = async |min_bytes, bucket| {
        let waiting = client.send(&asked(min_bytes)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.send(&produce(table, bucket, anonymous(&[1, 2]))).await;
        loop {
            let Some(Response::Success { request_id, body }) = client.receive().await else { panic!("no answer") };
            if request_id == waiting {
                let mut answer = decode::<FetchLogResponse>(body).unwrap().tables_resp.remove(0).buckets_resp;
                answer.sort_by_key(|bucket| bucket.bucket_id);
                break answer.iter().map(|bucket| bucket.records.as_ref().unwrap().len()).collect::<Vec<_>>();
            }
        }
    };
    assert_eq!(answer(1, 0).await, [one, 0]);
    // What was there before the wait was the one whole batch, and then there is none any more.
    assert_eq!(answer(one as i32 + 1, 1).await, [0, 60]);
}

#[tokio::test]
async fn offsets_are_listed() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    client.produce(table, 0, anonymous(&[1, 2])).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    client.produce(table, 0, anonymous(&[3])).await;
    let mut ask = async |kind: i32, time: Option<i64>| {
        let answer = client.call(offsets(table, kind, &[0, 1, 5], time)).await.unwrap().buckets_resp;
        assert_eq!(answer[2].error_code, Some(21));
        (answer[0].offset.ok_or(answer[0].error_code), answer[1].offset.ok_or(answer[1].error_code))
    };
    assert_eq!(ask(0, None).await, (Ok(0), Ok(0)));
    assert_eq!(ask(1, None).await, (Ok(3), Ok(0)));
    assert_eq!(ask(2, Some(1000)).await, (Ok(0), Ok(0)));
    assert_eq!(ask(2, Some(now)).await, (Ok(2), Ok(0)));
    assert_eq!(ask(2, Some(now + 60_000)).await, (Err(Some(38)), Err(Some(38))));
    assert_eq!(ask(2, None).await, (Err(Some(38)), Err(Some(38))));
    assert_eq!(ask(9, None).await, (Err(Some(2)), Err(Some(2))));
}

#[tokio::test]
async fn the_last_rows_are_scanned() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table_id = client.table("t", 2).await;
    for value in 0..10 {
        client.produce(table_id, 0, anonymous(&[value, 0])).await;
    }
    let mut scan = async |bucket_id: i32, limit: i32| {
        client.call(LimitScanRequest { table_id, bucket_id, limit, ..Default::default() }).await.unwrap()
    };
    let some = scan(0, 3).await;
    assert_eq!((some.is_log_table, some.error_code), (Some(true), None));
    assert_eq!(read(&some.records.unwrap()), [(16, 8), (18, 9)]);
    assert_eq!(read(&scan(0, 1000).await.records.unwrap()).len(), 10);
    assert_eq!(scan(1, 3).await.records, Some(bytes::Bytes::new()));
    assert_eq!(scan(2, 3).await.error_code, Some(21));
}

#[tokio::test]
async fn the_last_rows_take_their_share_of_the_memory() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { answer_memory: 16 << 20, transfer: Duration::from_millis(300), ..Limits::default() };
    let node = Node::start(thalweg_node::NodeOptions { limits, ..options(folder.path()) }).await.unwrap();
    let (mut idle, mut client) = (Client::connect(node.address()).await, Client::connect(node.address()).await);
    let table_id = client.table("t", 1).await;
    let rows = anonymous(&vec![1; 256 << 10]);
    for _ in 0..5 {
        client.produce(table_id, 0, rows.clone()).await;
    }
    // One who does not read holds what answers may take.
    let mut greedy = fetch(table_id, &[(0, 0)]);
    greedy.max_bytes = 64 << 20;
    greedy.tables_req[0].buckets_req[0].max_fetch_bytes = 64 << 20;
    idle.send(&greedy).await;
    let scan = LimitScanRequest { table_id, bucket_id: 0, limit: i32::MAX, ..Default::default() };
    let deadline = Instant::now() + support::PATIENCE;
    while client.call(scan).await.unwrap().error_code != Some(25) {
        assert!(Instant::now() < deadline, "scans never wait for memory");
    }
    drop(idle);
    while client.call(scan).await.unwrap().error_code.is_some() {
        assert!(Instant::now() < deadline, "the memory never comes back");
    }
}

#[tokio::test]
async fn many_appends_on_the_way_keep_their_order() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 1).await;
    let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
    let mut sent = Vec::new();
    for sequence in 0..200 {
        sent.push(client.send(&produce(table, 0, batch((writer, sequence), &[i64::from(sequence)]))).await);
    }
    for _ in 0..200 {
        let Some(Response::Success { request_id, body }) = client.receive().await else { panic!("no answer") };
        let answer: ProduceLogResponse = decode(body).unwrap();
        let sequence = sent.iter().position(|id| *id == request_id).unwrap();
        assert_eq!(answer.buckets_resp[0].base_offset, Some(sequence as i64));
    }
    let fetched = client.fetch(table, 0, -2).await;
    let expected: Vec<_> = (0..200).map(|value| (value, value)).collect();
    assert_eq!(read(&fetched.records.unwrap()), expected);
}

#[tokio::test]
async fn repeats_are_recognised_after_a_restart() {
    let folder = TempDir::new().unwrap();
    for kill in [false, true] {
        let node = start(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        let name = format!("t{kill}");
        let table = client.table(&name, 1).await;
        let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
        for sequence in 0..8 {
            client.produce(table, 0, batch((writer, sequence), &[1])).await;
        }
        if kill {
            // Nothing is closed; only the lock has to go.
            drop(node);
            tokio::time::sleep(Duration::from_millis(300)).await;
        } else {
            node.shutdown().await.unwrap();
        }
        let node = start(folder.path()).await;
        let mut client = Client::connect(node.address()).await;
        for sequence in 3..8 {
            let repeated = client.produce(table, 0, batch((writer, sequence), &[1])).await;
            assert_eq!((repeated.error_code, repeated.base_offset), (None, Some(i64::from(sequence))));
        }
        assert_eq!(client.produce(table, 0, batch((writer, 9), &[1])).await.error_code, Some(31));
        assert_eq!(client.produce(table, 0, batch((writer, 8), &[1])).await.base_offset, Some(8));
        assert_eq!(latest(&mut client, table, 0).await, 9);
        node.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_table_leaves_no_files() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let table = client.table("t", 2).await;
    client.produce(table, 0, anonymous(&[1])).await;
    let files = folder.path().join("tables").join(table.to_string());
    assert!(files.exists());
    let waiting = FetchLogRequest { min_bytes: Some(1), max_wait_ms: Some(10_000), ..fetch(table, &[(0, 1)]) };
    let waiting = client.send(&waiting).await;
    let mut other = Client::connect(node.address()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.call(DropTableRequest { table_path: path("t"), ignore_if_not_exists: false }).await.unwrap();
    assert!(!files.exists());
    let begun = Instant::now();
    let Some(Response::Success { request_id, .. }) = client.receive().await else { panic!("no answer") };
    assert_eq!(request_id, waiting);
    assert!(begun.elapsed() < Duration::from_secs(5), "who waits for a dropped table is told");
    assert_eq!(other.produce(table, 0, anonymous(&[1])).await.error_code, Some(21));
}

#[tokio::test]
async fn old_rows_go() {
    let folder = TempDir::new().unwrap();
    let retention = Retention { interval: Duration::from_millis(50), ..Retention::default() };
    let node = Node::start(thalweg_node::NodeOptions { retention, ..options(folder.path()) }).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let mut descriptor = support::descriptor(1);
    descriptor.properties.insert("table.log.ttl".to_owned(), "300 ms".to_owned());
    client.call(support::create("t", &descriptor)).await.unwrap();
    let table = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap().table_id;
    client.produce(table, 0, anonymous(&[1, 2])).await;
    let begun = Instant::now();
    loop {
        let earliest = client.call(offsets(table, 0, &[0], None)).await.unwrap().buckets_resp[0].offset;
        if earliest == Some(2) {
            break;
        }
        assert!(begun.elapsed() < support::PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(250));
    assert_eq!(client.fetch(table, 0, 0).await.error_code, Some(19));
    let earliest = client.fetch(table, 0, -2).await;
    assert_eq!((earliest.log_start_offset, earliest.high_watermark), (Some(2), Some(2)));
    assert_eq!(client.produce(table, 0, anonymous(&[3])).await.base_offset, Some(2));
}
