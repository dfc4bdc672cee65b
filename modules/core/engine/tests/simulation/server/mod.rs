//! A model of a Fluss cluster's servers, over the wire formats: what they keep and how they answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use thalweg_wire::{
    frame,
    message::{self, *},
    table::{Schema, TableDescriptor},
};

mod catalog;
mod keys;
mod log;
mod lookups;
mod put;

pub(crate) use log::Bucket;
pub(crate) use put::Change;

/// A table of the model.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: i64,
    pub(crate) descriptor: TableDescriptor,
    /// The schemas that it had, by number; the last is that of `descriptor`.
    pub(crate) schemas: BTreeMap<i32, Schema>,
    /// Empty if it is partitioned.
    pub(crate) buckets: Vec<Bucket>,
    /// By name.
    pub(crate) partitions: BTreeMap<String, Partition>,
    /// Metadata requests that are answered before it has leaders.
    pub(crate) leaderless: u32,
}

/// A partition of a table of the model.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) id: i64,
    pub(crate) buckets: Vec<Bucket>,
}

/// What a cluster keeps. Every server of it answers from here.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) tables: BTreeMap<(String, String), Table>,
    pub(crate) servers: Vec<i32>,
    pub(crate) next_table: i64,
    pub(crate) next_partition: i64,
    /// The most partitions that a table may have.
    pub(crate) partition_limit: Option<usize>,
    /// Snapshots that are being read.
    pub(crate) scanners: BTreeMap<Vec<u8>, keys::Scanner>,
    pub(crate) next_scanner: u64,
    pub(crate) next_writer: i64,
    pub(crate) clock: i64,
    /// The value of a row that a lookup makes; `None`: these servers make none.
    pub(crate) made: Option<Vec<u8>>,
    /// How many keys each Lookup request had.
    pub(crate) looked_up: Vec<usize>,
    /// The buckets of each fetch, with the most bytes of each.
    pub(crate) fetches: Vec<Vec<(i32, i32)>>,
    /// No bucket of a fetch gives more bytes, be it half a batch, whatever is asked for.
    pub(crate) stingy: Option<usize>,
    /// What fetches tell of the end of a bucket lags behind the rows that they give.
    pub(crate) lagging: bool,
    /// Requests about rows that are refused, as servers do that do not know yet that they lead a new table.
    pub(crate) unready: u32,
    /// APIs that are left out of ApiVersions.
    pub(crate) lacking: Vec<ApiKey>,
    /// How often each API was called.
    pub(crate) calls: BTreeMap<&'static str, u32>,
}

/// How a server answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// With this frame, without prefix.
    Frame(Bytes),
    /// With this one, unless there is something to tell within this many microseconds.
    Wait(u64, Bytes),
}

pub(crate) fn address(server: i32) -> String {
    format!("server-{server}:{}", 9000 + server)
}

pub(crate) type Refusal = (i32, String);

impl Cluster {
    pub(crate) fn new(servers: i32) -> Self {
        Self { servers: (0..servers).collect(), clock: 1_000, ..Default::default() }
    }

    pub(crate) fn create(&mut self, name: &str, descriptor: TableDescriptor) {
        let partitioned = !descriptor.partition_keys.is_empty();
        let buckets = if partitioned { Vec::new() } else { self.buckets(descriptor.bucket_count.unwrap_or(1)) };
        let id = self.next_table;
        let schemas = [(1, descriptor.schema.clone())].into();
        let table = Table { id, schemas, buckets, partitions: BTreeMap::new(), descriptor, leaderless: 0 };
        self.next_table += 1;
        self.tables.insert(("db".into(), name.into()), table);
    }

    /// Buckets without rows, led by all servers in turn.
    fn buckets(&self, count: u32) -> Vec<Bucket> {
        let leaders = self.servers.iter().cycle().take(count as usize);
        leaders.map(|leader| Bucket { leader: Some(*leader), ..Default::default() }).collect()
    }

    pub(crate) fn table(&mut self, name: &str) -> &mut Table {
        self.tables.get_mut(&("db".to_owned(), name.to_owned())).expect("the test made it")
    }

    /// Gives a table another schema; its number.
    pub(crate) fn alter(&mut self, name: &str, schema: Schema) -> i32 {
        let table = self.table(name);
        table.descriptor.schema = schema.clone();
        let id = table.schemas.len() as i32 + 1;
        table.schemas.insert(id, schema);
        id
    }

    /// Answers a request frame (without its prefix) at one of the servers.
    pub(crate) fn answer(&mut self, server: i32, request: Bytes) -> Answer {
        let (header, body) = frame::decode_request(request).expect("the engine sends whole frames");
        let id = header.request_id;
        let api = ApiKey::from_code(header.api_key).expect("a known API");
        *self.calls.entry(api.name()).or_default() += 1;
        let done = |result: Result<Vec<u8>, Refusal>| {
            let whole = result
                .unwrap_or_else(|(code, text)| frame::encode_error_response(id, code, &text).expect("it is short"));
            Answer::Frame(Bytes::from(whole).slice(4..))
        };
        match api {
            ApiKey::FetchLog => {
                let request: FetchLogRequest = message::decode(body).expect("well formed");
                let (response, empty) = self.fetch(server, &request);
                let Answer::Frame(frame) = done(encode(id, &response)) else { unreachable!() };
                let wait = request.max_wait_ms.unwrap_or(100) as u64 * 1000;
                if empty { Answer::Wait(wait, frame) } else { Answer::Frame(frame) }
            }
            ApiKey::ApiVersions => done(encode(id, &self.versions())),
            ApiKey::Metadata => done(self.metadata(body).and_then(|response| encode(id, &response))),
            ApiKey::GetTableInfo => done(self.table_info(body).and_then(|response| encode(id, &response))),
            ApiKey::ListTables => {
                let table_name = self.tables.keys().rev().map(|(_, table)| table.clone()).collect();
                done(encode(id, &ListTablesResponse { table_name }))
            }
            ApiKey::DropTable => {
                let request: DropTableRequest = message::decode(body).expect("well formed");
                let path = (request.table_path.database_name, request.table_path.table_name);
                let dropped = self.tables.remove(&path).map(|_| DropTableResponse {});
                done(dropped.ok_or((7, "Table db.x does not exist.".into())).and_then(|response| encode(id, &response)))
            }
            ApiKey::InitWriter => {
                self.next_writer += 1;
                done(encode(id, &InitWriterResponse { writer_id: self.next_writer }))
            }
            ApiKey::GetTableSchema => done(self.schema(body).and_then(|response| encode(id, &response))),
            ApiKey::ListPartitionInfos => done(self.list_partitions(body).and_then(|response| encode(id, &response))),
            ApiKey::CreatePartition => done(self.create_partition(body).and_then(|response| encode(id, &response))),
            ApiKey::DropPartition => done(self.drop_partition(body).and_then(|response| encode(id, &response))),
            of_rows => done(self.answer_of_rows(server, of_rows, id, body)),
        }
    }

    /// Answers a request about the rows of buckets.
    fn answer_of_rows(&mut self, server: i32, api: ApiKey, id: i32, body: Bytes) -> Result<Vec<u8>, Refusal> {
        match api {
            ApiKey::ProduceLog => reply(id, body, |request| self.produce(server, request)),
            ApiKey::PutKv => reply(id, body, |request| self.put(server, request)),
            ApiKey::ListOffsets => reply(id, body, |request| self.offsets(server, request)),
            ApiKey::LimitScan => reply(id, body, |request| self.limit_scan(server, request)),
            ApiKey::ScanKv => reply(id, body, |request| self.scan_kv(server, request)),
            ApiKey::GetTableStats => reply(id, body, |request| self.stats(server, request)),
            ApiKey::Lookup => reply(id, body, |request| self.lookup(server, request)),
            ApiKey::PrefixLookup => reply(id, body, |request| self.prefix_lookup(server, request)),
            other => panic!("the model does not know {}", other.name()),
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let has = ApiKey::ALL.iter().filter(|api| !self.lacking.contains(api));
        let api_versions = has.map(|api| PbApiVersion { api_key: api.code().into(), min_version: 0, max_version: 0 });
        ApiVersionsResponse { api_versions: api_versions.collect(), server_type: None }
    }
}

fn reply<R: Shaped, M: Shaped>(id: i32, body: Bytes, answer: impl FnOnce(&R) -> M) -> Result<Vec<u8>, Refusal> {
    encode(id, &answer(&message::decode(body).expect("well formed")))
}

fn encode<M: Shaped>(id: i32, response: &M) -> Result<Vec<u8>, Refusal> {
    Ok(frame::encode_response(id, response).expect("it is short"))
}
