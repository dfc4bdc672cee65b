//! A client of bytes and messages, and batches for it to send.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use thalweg_node::{Node, NodeOptions};
use thalweg_wire::frame::{self, Response};
use thalweg_wire::message::{
    CreateTableRequest, FetchLogRequest, PbFetchLogReqForBucket, PbFetchLogReqForTable, PbFetchLogRespForBucket,
    PbProduceLogReqForBucket, PbProduceLogRespForBucket, PbTablePath, ProduceLogRequest, Request, decode,
};
use thalweg_wire::record::{
    BatchContent, BatchHead, Compression, KvBatchBuilder, KvContent, LogBatches, Node as ArrowNode, encode_message,
    kv_head,
};
use thalweg_wire::table::{Schema, TableDescriptor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything in a test may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A refusal: code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) i32, pub(crate) String);

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    next_id: i32,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), next_id: 1 }
    }

    /// Sends a request and returns its number.
    pub(crate) async fn send<R: Request>(&mut self, request: &R) -> i32 {
        self.next_id += 1;
        let frame = frame::encode_request(R::API.code(), 0, self.next_id, request).unwrap();
        self.stream.write_all(&frame).await.unwrap();
        self.next_id
    }

    /// Sends any frame.
    pub(crate) async fn send_raw(&mut self, key: i16, body: &[u8]) -> i32 {
        self.next_id += 1;
        let length = 8 + body.len() as i32;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend(key.to_be_bytes());
        bytes.extend(0i16.to_be_bytes());
        bytes.extend(self.next_id.to_be_bytes());
        bytes.extend(body);
        self.stream.write_all(&bytes).await.unwrap();
        self.next_id
    }

    /// The next answer; `None` when the node has closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Response> {
        let read = async {
            let mut prefix = [0; 4];
            self.stream.read_exact(&mut prefix).await.ok()?;
            let mut bytes = vec![0; frame::response_length(prefix).unwrap()];
            self.stream.read_exact(&mut bytes).await.ok()?;
            Some(frame::decode_response(Bytes::from(bytes)).unwrap())
        };
        timeout(PATIENCE, read).await.expect("an answer or the end of the connection")
    }

    /// Sends a request and waits for its answer, which must be the next one.
    pub(crate) async fn call<R: Request>(&mut self, request: R) -> Result<R::Response, Refusal> {
        let id = self.send(&request).await;
        match self.receive().await.expect("an answer") {
            Response::Success { request_id, body } => {
                assert_eq!(request_id, id);
                Ok(decode(body).unwrap())
            }
            Response::Error { request_id, code, message } => {
                assert_eq!(request_id, id);
                Err(Refusal(code, message))
            }
            Response::Failure { .. } => panic!("failures are never sent"),
        }
    }

    /// Creates a table of `id BIGINT, n BIGINT` and returns its number.
    pub(crate) async fn table(&mut self, name: &str, buckets: u32) -> i64 {
        let descriptor = descriptor(buckets);
        self.call(create(name, &descriptor)).await.unwrap();
        let path = path(name);
        self.call(thalweg_wire::message::GetTableInfoRequest { table_path: path }).await.unwrap().table_id
    }

    pub(crate) async fn produce(
        &mut self,
        table_id: i64,
        bucket_id: i32,
        records: Vec<u8>,
    ) -> PbProduceLogRespForBucket {
        let answer = self.call(produce(table_id, bucket_id, records)).await.unwrap();
        assert_eq!(answer.buckets_resp.len(), 1);
        answer.buckets_resp.into_iter().next().unwrap()
    }

    /// Fetches one bucket without waiting.
    pub(crate) async fn fetch(&mut self, table_id: i64, bucket_id: i32, offset: i64) -> PbFetchLogRespForBucket {
        let answer = self.call(fetch(table_id, &[(bucket_id, offset)])).await.unwrap();
        answer.tables_resp.into_iter().next().unwrap().buckets_resp.into_iter().next().unwrap()
    }
}

/// Asks again and again until there is something; fails when patience ends.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts a node again that was dropped and not shut down: once its lock on the folder is gone.
pub(crate) async fn start_again(folder: &Path) -> Node {
    until("the lock", async || Node::start(options(folder)).await.ok()).await
}

pub(crate) async fn start(folder: &Path) -> Node {
    Node::start(options(folder)).await.unwrap()
}

pub(crate) fn options(folder: &Path) -> NodeOptions {
    NodeOptions { listen: "127.0.0.1:0".to_owned(), ..NodeOptions::new(folder) }
}

pub(crate) fn path(name: &str) -> PbTablePath {
    let (database, table) = name.split_once('.').unwrap_or(("fluss", name));
    PbTablePath { database_name: database.to_owned(), table_name: table.to_owned() }
}

pub(crate) fn descriptor(buckets: u32) -> TableDescriptor {
    let mut descriptor = TableDescriptor::new(Schema::parse_sql("id BIGINT, n BIGINT").unwrap());
    descriptor.bucket_count = Some(buckets);
    descriptor
}

pub(crate) fn create(name: &str, descriptor: &TableDescriptor) -> CreateTableRequest {
    CreateTableRequest { table_path: path(name), table_json: descriptor.to_json().into(), ignore_if_exists: false }
}

pub(crate) fn produce(table_id: i64, bucket_id: i32, records: Vec<u8>) -> ProduceLogRequest {
    let bucket = PbProduceLogReqForBucket { bucket_id, records: records.into(), ..Default::default() };
    ProduceLogRequest { acks: -1, table_id, timeout_ms: 30_000, buckets_req: vec![bucket] }
}

pub(crate) fn fetch(table_id: i64, buckets: &[(i32, i64)]) -> FetchLogRequest {
    let bucket = |&(bucket_id, fetch_offset): &(i32, i64)| PbFetchLogReqForBucket {
        bucket_id,
        fetch_offset,
        max_fetch_bytes: 1 << 20,
        ..Default::default()
    };
    let buckets_req = buckets.iter().map(bucket).collect();
    let table = PbFetchLogReqForTable { table_id, buckets_req, ..Default::default() };
    FetchLogRequest { follower_server_id: -1, max_bytes: 16 << 20, tables_req: vec![table], ..Default::default() }
}

/// A batch of rows (id, n) = (value, -value), of a writer or of none.
pub(crate) fn batch(writer: (i64, i32), values: &[i64]) -> Vec<u8> {
    let rows = values.len() as u32;
    let column = ArrowNode { length: rows, nulls: 0 };
    let message = encode_message(rows, &[column; 2], &[0, rows * 8, 0, rows * 8], Compression::None);
    let ids = values.iter().flat_map(|value| value.to_le_bytes());
    let body: Vec<u8> = ids.chain(values.iter().flat_map(|value| (-value).to_le_bytes())).collect();
    let content = BatchContent {
        schema_id: 1,
        writer,
        records: rows,
        changes: None,
        message: &message,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    let mut bytes = BatchHead::encode(&content).unwrap().into_bytes();
    bytes.extend(body);
    bytes
}

/// A key batch of these records, of a writer or of none (`NO_WRITER`).
pub(crate) fn key_batch(builder: KvBatchBuilder, writer: (i64, i32)) -> Vec<u8> {
    let records = builder.records();
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let head = kv_head(&KvContent { schema_id: 1, records, body_length, body_checksum }, writer).unwrap();
    [&head[..], &body].concat()
}

pub(crate) fn anonymous(values: &[i64]) -> Vec<u8> {
    batch((-1, -1), values)
}

/// Base offset and first value of each batch, of which the ids are the first column.
pub(crate) fn read(records: &[u8]) -> Vec<(i64, i64)> {
    let first = |bytes: &[u8], columns: usize, rows: usize| {
        let at = bytes.len() - columns * rows * 8;
        i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    };
    LogBatches::new(records)
        .map(|batch| {
            let (_, batch) = batch.unwrap();
            // A projected batch keeps its checksum, which is wrong then.
            let columns = if batch.checksum_is_right() { 2 } else { 1 };
            (batch.base_offset, first(batch.bytes(), columns, batch.records as usize))
        })
        .collect()
}
