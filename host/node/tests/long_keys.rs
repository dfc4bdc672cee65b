//! Keys at and beyond the limit: refused by name, whatever is asked, and of no harm to anything else.

mod support;

use bytes::Bytes;
use support::{Client, Refusal, create, key_batch, path, start};
use tempfile::TempDir;
use thalweg_wire::frame::MAX_PLAIN_REQUEST_LENGTH;
use thalweg_wire::message::{
    GetTableInfoRequest, LookupRequest, PbLookupReqForBucket, PbPrefixLookupReqForBucket, PbPutKvReqForBucket,
    PbPutKvRespForBucket, PrefixLookupRequest, PutKvRequest,
};
use thalweg_wire::record::{KvBatchBuilder, MAX_KEY_LENGTH, NO_WRITER};
use thalweg_wire::table::{Schema, TableDescriptor};

/// RECORD_TOO_LARGE, which no client tries again.
const TOO_LARGE: i32 = 13;

/// A key of two texts, of which the first is the bucket key; blind tables never look for the row before.
fn descriptor(blind: bool) -> TableDescriptor {
    let mut schema = Schema::parse_sql("a STRING NOT NULL, b STRING NOT NULL").unwrap();
    schema.primary_key = vec![0, 1];
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_keys = vec!["a".to_owned()];
    let image = if blind { "WAL" } else { "FULL" };
    descriptor.properties.insert("table.changelog.image".to_owned(), image.to_owned());
    descriptor
}

async fn table(client: &mut Client, name: &str, blind: bool) -> i64 {
    client.call(create(name, &descriptor(blind))).await.unwrap();
    client.call(GetTableInfoRequest { table_path: path(name) }).await.unwrap().table_id
}

/// The key (`a`, `xx..`) that has so many bytes in all.
fn key(length: usize) -> Vec<u8> {
    // A text of 16,384 bytes and more has a length of three bytes.
    let text = length - 5;
    let mut key = vec![1, b'a', (text & 0x7f) as u8 | 0x80, (text >> 7 & 0x7f) as u8 | 0x80, (text >> 14) as u8];
    key.resize(length, b'x');
    key
}

async fn put(client: &mut Client, table_id: i64, lengths: &[usize], delete: bool) -> PbPutKvRespForBucket {
    let mut builder = KvBatchBuilder::new();
    for length in lengths {
        let key = key(*length);
        let row = [&[0], &key[..]].concat();
        if delete { builder.delete(&key).unwrap() } else { builder.upsert(&key, &row).unwrap() }
    }
    let part = PbPutKvReqForBucket { records: key_batch(builder, NO_WRITER).into(), ..Default::default() };
    let request =
        PutKvRequest { acks: -1, table_id, timeout_ms: 10_000, buckets_req: vec![part], ..Default::default() };
    client.call(request).await.unwrap().buckets_resp.remove(0)
}

/// How many rows are found, or the code and text of the refusal.
async fn lookup(client: &mut Client, table_id: i64, keys: &[Vec<u8>], insert: bool) -> Result<usize, Refusal> {
    let keys = keys.iter().map(|key| Bytes::from(key.clone())).collect();
    let part = PbLookupReqForBucket { keys, ..Default::default() };
    let request =
        LookupRequest { table_id, buckets_req: vec![part], insert_if_not_exists: Some(insert), ..Default::default() };
    let answer = client.call(request).await?.buckets_resp.remove(0);
    match answer.error_code {
        Some(code) => Err(Refusal(code, answer.error_message.unwrap_or_default())),
        None => Ok(answer.values.iter().filter(|value| value.values.is_some()).count()),
    }
}

async fn prefix(client: &mut Client, table_id: i64, prefix: Vec<u8>) -> Result<usize, Refusal> {
    let part = PbPrefixLookupReqForBucket { keys: vec![prefix.into()], ..Default::default() };
    let request = PrefixLookupRequest { table_id, buckets_req: vec![part] };
    let answer = client.call(request).await?.buckets_resp.remove(0);
    match answer.error_code {
        Some(code) => Err(Refusal(code, answer.error_message.unwrap_or_default())),
        None => Ok(answer.value_lists.iter().map(|list| list.values.len()).sum()),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>, place: &str) {
    let Err(Refusal(code, text)) = result else { panic!("taken: {result:?}") };
    assert_eq!(code, TOO_LARGE, "{text}");
    assert!(text.contains(place) && text.contains("65532 bytes") && text.contains("65531 at most"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused_by_name_and_harms_nothing() {
    let folder = TempDir::new().unwrap();
    let mut node = start(folder.path()).await;
    let (longest, too_long) = (MAX_KEY_LENGTH, MAX_KEY_LENGTH + 1);
    let mut ids = Vec::new();
    for round in 0..2 {
        let mut client = Client::connect(node.address()).await;
        for (name, blind) in [("looks", false), ("blind", true)] {
            if round == 0 {
                ids.push(table(&mut client, name, blind).await);
                assert_eq!(put(&mut client, ids[usize::from(blind)], &[longest, 30_000], false).await.error_code, None);
            }
            let id = ids[usize::from(blind)];
            for delete in [false, true] {
                let refusal = put(&mut client, id, &[20_000, too_long], delete).await;
                let (code, text) = (refusal.error_code, refusal.error_message.unwrap_or_default());
                assert_eq!(code, Some(-1), "{text}");
                assert!(text.contains("Record 1 of the batch") && text.contains("65532 bytes"), "{text}");
            }
            for insert in [false, true] {
                refused(lookup(&mut client, id, &[key(20_000), key(too_long)], insert).await, "row 1");
            }
            refused(prefix(&mut client, id, key(too_long)).await, "row 0");
            assert_eq!(prefix(&mut client, id, key(longest)).await, Ok(1));
            assert_eq!(prefix(&mut client, id, vec![1, b'a']).await, Ok(2));
            let found = lookup(&mut client, id, &[key(longest), key(30_000), key(20_000)], false).await;
            assert_eq!(found, Ok(2), "the rest of a refused batch is not written");
        }
        node.shutdown().await.unwrap();
        node = start(folder.path()).await;
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_is_answered_and_the_connection_goes_on() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let id = table(&mut client, "t", false).await;
    assert_eq!(put(&mut client, id, &[60_000], false).await.error_code, None);
    let fit = MAX_PLAIN_REQUEST_LENGTH / 60_010;
    for keys in [fit, fit + 1, 10 * fit, fit] {
        let found = lookup(&mut client, id, &vec![key(60_000); keys], false).await;
        if keys == fit {
            assert_eq!(found, Ok(keys));
        } else {
            let Err(Refusal(code, text)) = found else { panic!("{found:?}") };
            assert_eq!(code, TOO_LARGE, "{text}");
            assert!(text.contains("LOOKUP") && text.contains("4194304") && text.contains("less at once"), "{text}");
        }
    }
    let refusal = client.call(PrefixLookupRequest {
        table_id: id,
        buckets_req: vec![PbPrefixLookupReqForBucket { keys: vec![vec![0; 5 << 20].into()], ..Default::default() }],
    });
    assert_eq!(refusal.await.unwrap_err().0, TOO_LARGE);
    // A table with a comment of many megabytes, too.
    let mut huge = descriptor(false);
    huge.comment = Some("x".repeat(9 << 20));
    assert_eq!(client.call(create("huge", &huge)).await.unwrap_err().0, TOO_LARGE);
    assert_eq!(lookup(&mut client, id, &[key(60_000)], false).await, Ok(1));
}
