//! A client of one connection: messages out, answers in.

use std::net::SocketAddr;

use bytes::Bytes;
use thalweg_wire::frame::{self, Response};
use thalweg_wire::message::{
    CreatePartitionRequest, CreateTableRequest, GetTableInfoRequest, ListPartitionInfosRequest, LookupRequest,
    LookupResponse, PbKeyValue, PbLookupReqForBucket, PbPartitionSpec, PbTablePath, PutKvRequest, PutKvResponse,
    Request, decode,
};
use thalweg_wire::record::{RowFormat, Scalar};
use thalweg_wire::table::{DataType, Schema, TableDescriptor};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Failure;
use super::load::{Batches, Table};

/// A connection to a node.
pub(super) struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    next: i32,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok(Self { read: BufReader::new(read), write, next: 0 })
    }

    async fn send<R: Request>(&mut self, request: &R) -> Result<(), Failure> {
        self.next += 1;
        let frame = frame::encode_request(R::API.code(), 0, self.next, request)?;
        Ok(self.write.write_all(&frame).await?)
    }

    async fn receive(&mut self) -> Result<Bytes, Failure> {
        let mut prefix = [0; 4];
        self.read.read_exact(&mut prefix).await?;
        let mut bytes = vec![0; frame::response_length(prefix)?];
        self.read.read_exact(&mut bytes).await?;
        match frame::decode_response(Bytes::from(bytes))? {
            Response::Success { body, .. } => Ok(body),
            Response::Error { message, .. } => Err(message.into()),
            Response::Failure { .. } => Err("the node failed".into()),
        }
    }

    async fn call<R: Request>(&mut self, request: R) -> Result<R::Response, Failure> {
        self.send(&request).await?;
        Ok(decode(self.receive().await?)?)
    }

    /// Creates a table.
    pub(super) async fn table(&mut self, name: &str, buckets: u32, by_day: bool) -> Result<Table, Failure> {
        let day = if by_day { ", day STRING NOT NULL" } else { "" };
        let mut schema = Schema::parse_sql(&format!("id BIGINT NOT NULL, name STRING, amount DOUBLE{day}"))?;
        schema.primary_key = if by_day { vec![0, 3] } else { vec![0] };
        let mut descriptor = TableDescriptor::new(schema);
        descriptor.bucket_count = Some(buckets);
        descriptor.partition_keys = if by_day { vec!["day".to_owned()] } else { Vec::new() };
        let table_json = descriptor.to_json().into();
        let request = CreateTableRequest { table_path: path(name), table_json, ignore_if_exists: false };
        self.call(request).await?;
        let id = self.call(GetTableInfoRequest { table_path: path(name) }).await?.table_id;
        Ok(Table { id, partition: None, day: None })
    }

    /// Creates the partition of a day.
    pub(super) async fn partition(&mut self, name: &str, id: i64, day: u32) -> Result<Table, Failure> {
        let day = format!("day{day}");
        let pair = PbKeyValue { key: "day".to_owned(), value: day.clone() };
        let spec = PbPartitionSpec { partition_key_values: vec![pair] };
        let request =
            CreatePartitionRequest { table_path: path(name), partition_spec: spec, ignore_if_not_exists: false };
        self.call(request).await?;
        let request = ListPartitionInfosRequest { table_path: path(name), ..Default::default() };
        let all = self.call(request).await?.partitions_info;
        let partition = all.iter().map(|info| info.partition_id).max();
        Ok(Table { id, partition, day: Some(day) })
    }

    /// Writes all batches, so many of them on the way at once.
    pub(super) async fn put_all(&mut self, batches: Batches, window: usize) -> Result<(), Failure> {
        let mut waiting = 0;
        for batch in batches.0 {
            if waiting == window {
                self.settled().await?;
                waiting -= 1;
            }
            self.send(&batch).await?;
            waiting += 1;
        }
        for _ in 0..waiting {
            self.settled().await?;
        }
        Ok(())
    }

    /// Writes one batch.
    pub(super) async fn put_one(&mut self, batch: &PutKvRequest) -> Result<(), Failure> {
        self.send(batch).await?;
        self.settled().await
    }

    async fn settled(&mut self) -> Result<(), Failure> {
        let answer: PutKvResponse = decode(self.receive().await?)?;
        match answer.buckets_resp.into_iter().find_map(|bucket| bucket.error_message) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Looks up so many keys a request, in so many requests, four at once. Returns how many keys were found.
    pub(super) async fn look_up(
        &mut self,
        table_id: i64,
        rows: i64,
        requests: i64,
        keys: i64,
    ) -> Result<usize, Failure> {
        let mut found = 0;
        for request in 0..requests + 4 {
            if request >= 4 {
                let answer: LookupResponse = decode(self.receive().await?)?;
                let values = answer.buckets_resp.iter().flat_map(|bucket| &bucket.values);
                found += values.filter(|value| value.values.is_some()).count();
            }
            if request < requests {
                let key = |at: i64| {
                    let id = ((request * keys + at) * 7919) % rows;
                    let mut key = Vec::new();
                    Scalar::BigInt(id).write("", &DataType::BigInt, RowFormat::Compacted, &mut key).expect("a key");
                    Bytes::from(key)
                };
                let part = PbLookupReqForBucket { keys: (0..keys).map(key).collect(), ..Default::default() };
                self.send(&LookupRequest { table_id, buckets_req: vec![part], ..Default::default() }).await?;
            }
        }
        Ok(found)
    }
}

fn path(name: &str) -> PbTablePath {
    PbTablePath { database_name: "fluss".to_owned(), table_name: name.to_owned() }
}
