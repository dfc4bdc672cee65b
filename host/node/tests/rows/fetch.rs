//! Fetches: columns, waits, limits.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use thalweg_wire::frame::Response;
use thalweg_wire::message::*;

use crate::offsets::latest;
use crate::support::{Client, anonymous, fetch, produce, read, start};

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
        // The node takes a connection's requests in turn: once it has answered the next one, the first is waiting.
        let next = client.send(&fetch(table, &[(0, 0)])).await;
        loop {
            let Some(Response::Success { request_id, .. }) = client.receive().await else { panic!("no answer") };
            if request_id == next {
                break;
            }
        }
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
