//! A model of a Fluss cluster's servers, over the wire formats: what they keep and how they answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use thalweg_wire::{
    frame,
    message::{self, *},
    record::{Layout, LogBatch, LogBatches, project, stamp},
    table::TableDescriptor,
};

/// A table of the model.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: i64,
    pub(crate) descriptor: TableDescriptor,
    pub(crate) buckets: Vec<Bucket>,
    /// Metadata requests that are answered before it has leaders.
    pub(crate) leaderless: u32,
}

/// One bucket: its batches as they arrived, offsets stamped.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) leader: Option<i32>,
    pub(crate) batches: Vec<(i64, i64, Vec<u8>)>,
    pub(crate) first: i64,
    pub(crate) end: i64,
    /// Sequence and first offset of the last five batches of each writer.
    writers: BTreeMap<i64, Vec<(i32, i64)>>,
}

/// What a cluster keeps. Every server of it answers from here.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) tables: BTreeMap<(String, String), Table>,
    pub(crate) servers: Vec<i32>,
    pub(crate) next_table: i64,
    pub(crate) next_writer: i64,
    pub(crate) clock: i64,
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

type Refusal = (i32, String);

impl Cluster {
    pub(crate) fn new(servers: i32) -> Self {
        Self { servers: (0..servers).collect(), clock: 1_000, ..Default::default() }
    }

    pub(crate) fn create(&mut self, name: &str, descriptor: TableDescriptor) {
        let count = descriptor.bucket_count.unwrap_or(1);
        let servers = self.servers.len() as u32;
        let buckets = (0..count).map(|bucket| {
            let leader = Some(self.servers[(bucket % servers) as usize]);
            Bucket { leader, ..Default::default() }
        });
        let table = Table { id: self.next_table, buckets: buckets.collect(), descriptor, leaderless: 0 };
        self.next_table += 1;
        self.tables.insert(("db".into(), name.into()), table);
    }

    pub(crate) fn table(&mut self, name: &str) -> &mut Table {
        self.tables.get_mut(&("db".to_owned(), name.to_owned())).expect("the test made it")
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
            ApiKey::ProduceLog => {
                let request: ProduceLogRequest = message::decode(body).expect("well formed");
                done(encode(id, &self.produce(server, &request)))
            }
            ApiKey::ListOffsets => {
                let request: ListOffsetsRequest = message::decode(body).expect("well formed");
                done(encode(id, &self.offsets(server, &request)))
            }
            other => panic!("the model does not know {}", other.name()),
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let has = ApiKey::ALL.iter().filter(|api| !self.lacking.contains(api));
        let api_versions = has.map(|api| PbApiVersion { api_key: api.code().into(), min_version: 0, max_version: 0 });
        ApiVersionsResponse { api_versions: api_versions.collect(), server_type: None }
    }

    fn metadata(&mut self, body: Bytes) -> Result<MetadataResponse, Refusal> {
        let request: MetadataRequest = message::decode(body).expect("well formed");
        let node = |server: &i32| PbServerNode {
            node_id: *server,
            host: format!("server-{server}"),
            port: 9000 + server,
            ..Default::default()
        };
        let mut table_metadata = Vec::new();
        for path in request.table_path {
            let key = (path.database_name.clone(), path.table_name.clone());
            let unknown = (-1, "FlussRuntimeException: Failed to get tables".to_owned());
            let table = self.tables.get_mut(&key).ok_or(unknown)?;
            let led = table.leaderless == 0;
            table.leaderless = table.leaderless.saturating_sub(1);
            let bucket_metadata = table.buckets.iter().enumerate().map(|(at, bucket)| PbBucketMetadata {
                bucket_id: at as i32,
                leader_id: bucket.leader.filter(|_| led),
                ..Default::default()
            });
            table_metadata.push(PbTableMetadata {
                table_path: path,
                table_id: table.id,
                schema_id: 1,
                table_json: table.descriptor.to_json().into(),
                bucket_metadata: bucket_metadata.collect(),
                ..Default::default()
            });
        }
        Ok(MetadataResponse {
            coordinator_server: self.servers.first().map(node),
            tablet_servers: self.servers.iter().map(node).collect(),
            table_metadata,
            ..Default::default()
        })
    }

    fn table_info(&self, body: Bytes) -> Result<GetTableInfoResponse, Refusal> {
        let request: GetTableInfoRequest = message::decode(body).expect("well formed");
        let path = (request.table_path.database_name, request.table_path.table_name);
        let unknown = (7, format!("Table '{}.{}' does not exist.", path.0, path.1));
        let table = self.tables.get(&path).ok_or(unknown)?;
        Ok(GetTableInfoResponse {
            table_id: table.id,
            schema_id: 1,
            table_json: table.descriptor.to_json().into(),
            ..Default::default()
        })
    }

    fn bucket(&mut self, server: i32, table_id: i64, bucket: i32) -> Result<&mut Bucket, i32> {
        let table = self.tables.values_mut().find(|table| table.id == table_id).ok_or(21)?;
        let bucket = table.buckets.get_mut(bucket as usize).ok_or(21)?;
        if bucket.leader == Some(server) { Ok(bucket) } else { Err(12) }
    }

    fn produce(&mut self, server: i32, request: &ProduceLogRequest) -> ProduceLogResponse {
        self.clock += 1;
        let clock = self.clock;
        let answer = |entry: &PbProduceLogReqForBucket| {
            let result = self
                .bucket(server, request.table_id, entry.bucket_id)
                .and_then(|bucket| bucket.append(&entry.records, clock));
            PbProduceLogRespForBucket {
                bucket_id: entry.bucket_id,
                error_code: result.err(),
                base_offset: result.ok(),
                ..Default::default()
            }
        };
        ProduceLogResponse { buckets_resp: request.buckets_req.iter().map(answer).collect() }
    }

    /// The answer, and whether it tells nothing new.
    fn fetch(&mut self, server: i32, request: &FetchLogRequest) -> (FetchLogResponse, bool) {
        let (mut left, mut empty) = (request.max_bytes as usize, true);
        let mut tables_resp = Vec::new();
        for table in &request.tables_req {
            let layout = self
                .tables
                .values()
                .find(|known| known.id == table.table_id)
                .map(|known| Layout::of_schema(&known.descriptor.schema));
            let columns: Vec<usize> = table.projected_fields.iter().map(|column| *column as usize).collect();
            let mut buckets_resp = Vec::new();
            for entry in &table.buckets_req {
                let mut answer = PbFetchLogRespForBucket { bucket_id: entry.bucket_id, ..Default::default() };
                match self.bucket(server, table.table_id, entry.bucket_id) {
                    Err(code) => answer.error_code = Some(code),
                    Ok(bucket) if entry.fetch_offset < bucket.first || entry.fetch_offset > bucket.end => {
                        answer.error_code = Some(19);
                    }
                    Ok(bucket) => {
                        let limit = left.min(entry.max_fetch_bytes as usize);
                        let whole = bucket.read(entry.fetch_offset, limit, empty);
                        empty &= whole.is_empty();
                        left = left.saturating_sub(whole.len());
                        answer.high_watermark = Some(bucket.end);
                        answer.records = Some(match (&layout, table.projection_pushdown_enabled) {
                            (Some(layout), true) => projected(&whole, layout, &columns),
                            _ => whole.into(),
                        });
                    }
                }
                empty &= answer.error_code.is_none();
                buckets_resp.push(answer);
            }
            tables_resp.push(PbFetchLogRespForTable { table_id: table.table_id, buckets_resp });
        }
        (FetchLogResponse { tables_resp }, empty)
    }

    fn offsets(&mut self, server: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let clock = self.clock;
        let answer = |&bucket_id: &i32| {
            let offset =
                self.bucket(server, request.table_id, bucket_id).and_then(|bucket| match request.offset_type {
                    0 => Ok(bucket.first),
                    1 => Ok(bucket.end),
                    _ => match request.start_timestamp.unwrap_or_default() {
                        time if time > clock => Err(38),
                        time => Ok(bucket
                            .batches
                            .iter()
                            .find(|batch| timestamp(&batch.2) >= time)
                            .map_or(bucket.end, |batch| batch.0)),
                    },
                });
            PbListOffsetsRespForBucket {
                bucket_id,
                error_code: offset.err(),
                offset: offset.ok(),
                ..Default::default()
            }
        };
        ListOffsetsResponse { buckets_resp: request.bucket_id.iter().map(answer).collect() }
    }
}

impl Bucket {
    /// Appends a batch with the check of `fluss.md` 3.4; the offset of its first row, or an error code.
    pub(crate) fn append(&mut self, records: &[u8], clock: i64) -> Result<i64, i32> {
        let mut bytes = records.to_vec();
        let batch = LogBatch::parse(&bytes).map_err(|_| 3)?;
        if !batch.checksum_is_right() || batch.bytes().len() != records.len() {
            return Err(14);
        }
        let (writer, sequence, rows) = (batch.writer_id, batch.sequence, i64::from(batch.records));
        if writer >= 0 {
            let known = self.writers.entry(writer).or_default();
            if let Some((_, offset)) = known.iter().find(|(known, _)| *known == sequence) {
                return Ok(*offset);
            }
            if known.last().map_or(0, |(last, _)| last + 1) != sequence {
                return Err(31);
            }
            known.push((sequence, self.end));
            if known.len() > 5 {
                known.remove(0);
            }
        }
        stamp(&mut bytes, self.end, clock, 0).expect("it was parsed");
        self.batches.push((self.end, self.end + rows, bytes));
        self.end += rows;
        Ok(self.end - rows)
    }

    fn read(&self, from: i64, limit: usize, at_least_one: bool) -> Vec<u8> {
        let mut whole = Vec::new();
        for (_, _, bytes) in self.batches.iter().filter(|(_, end, _)| *end > from) {
            if whole.len() + bytes.len() > limit && !(at_least_one && whole.is_empty()) {
                break;
            }
            whole.extend_from_slice(bytes);
        }
        whole
    }
}

fn projected(whole: &[u8], layout: &Layout, columns: &[usize]) -> Bytes {
    let mut out = Vec::new();
    for batch in LogBatches::new(whole) {
        project(&batch.expect("the model keeps whole batches").1, layout, columns, &mut out).expect("columns fit");
    }
    out.into()
}

fn timestamp(batch: &[u8]) -> i64 {
    LogBatch::parse(batch).expect("the model keeps whole batches").commit_timestamp
}

fn encode<M: Shaped>(id: i32, response: &M) -> Result<Vec<u8>, Refusal> {
    Ok(frame::encode_response(id, response).expect("it is short"))
}
