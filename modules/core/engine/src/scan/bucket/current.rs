//! A scan of the current rows of one bucket of a keyed table (ScanKv, `fluss.md` 3.7): a snapshot that the server holds
//! open, read batch by batch.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::{self, PbScanReqForBucket, ScanKvRequest, ScanKvResponse};

use crate::scan::{
    Shared,
    bucket::asker::Asker,
    bucket::values::Values,
    plan::{check_bucket, invalid},
};
use crate::{
    call::{Body, Call, Failure, Key, Target, passing},
    chance::Chance,
    cluster::Cluster,
    offsets::Wrong,
    order::Orders,
    rows::RowReader,
};
use thalweg_contract::{Bucket, Error, ErrorCode, Event, Instant, Settings, TableHandle, TableInfo, Ticket};

/// A snapshot that a server holds open.
#[derive(Debug)]
struct Scanner {
    id: Bytes,
    /// The server that has it.
    leader: i32,
    /// The number of the last request.
    sequence: i32,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The snapshot is to be made.
    Opening,
    /// It is being read.
    Open(Scanner),
    /// Everything came.
    Drained,
}

/// One scan of current rows.
#[derive(Debug)]
pub(crate) struct Current {
    ticket: Ticket,
    info: Arc<TableInfo>,
    reader: RowReader,
    asker: Asker,
    stage: Stage,
    /// What came and was not given yet.
    values: Option<Values>,
    /// Bytes that the user still wants.
    demand: u64,
    /// What it ends with.
    broken: Option<Error>,
}

impl Current {
    /// Checks that the table is keyed and has the bucket.
    pub(crate) fn new(
        ticket: Ticket,
        handle: TableHandle,
        info: &Arc<TableInfo>,
        bucket: Bucket,
    ) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        let descriptor = &info.descriptor;
        check_bucket(&name, descriptor.bucket_count.unwrap_or(1), !descriptor.partition_keys.is_empty(), bucket)?;
        if descriptor.schema.primary_key.is_empty() {
            return Err(invalid(format!("{name} has no primary key, and so no current rows; scan its log")));
        }
        let asker = Asker::new(handle, bucket, crate::scan::plan::place(&name, bucket, None));
        let (reader, info, stage) = (RowReader::of_values(info)?, Arc::clone(info), Stage::Opening);
        Ok(Self { ticket, info, reader, asker, stage, values: None, demand: 0, broken: None })
    }

    pub(crate) fn handle(&self) -> TableHandle {
        self.asker.handle
    }

    pub(crate) fn demand(&mut self, bytes: u64) {
        self.demand = self.demand.saturating_add(bytes);
    }

    /// Asks and gives whatever can be; `Some` when everything was given.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Option<()>, Error> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        if let Some(values) = &mut self.values {
            let place = (&*self.info, self.asker.bucket, self.asker.place.as_str());
            let limit = shared.settings.scan.batch_limit;
            let decoded = values.decode(&mut self.reader, (cluster, self.asker.handle, orders), place, limit)?;
            let Some(scanned) = decoded else { return Ok(None) };
            self.values = None;
            if let Some(scanned) = scanned {
                self.demand = self.demand.saturating_sub(scanned.cost);
                shared.rows += u64::from(scanned.rows);
                orders.event(Event::Rows { ticket: self.ticket, scanned });
            }
        }
        if matches!(self.stage, Stage::Drained) {
            return Ok(Some(()));
        }
        if self.demand == 0 || self.asker.asked.is_some() {
            return Ok(None);
        }
        let leader = match &self.stage {
            Stage::Open(scanner) => Some(scanner.leader),
            _ => self.asker.leader(now, cluster, &shared.settings, chance, orders)?,
        };
        if let Some(leader) = leader {
            let key = shared.call_of(self.ticket);
            self.asker.asked = Some((key, leader));
            let request = self.request(&shared.settings);
            orders.calls.push(Call::new(Key::Scan(key), Target::Server(leader), request));
        }
        Ok(None)
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        match self.stage {
            Stage::Opening if self.demand > 0 => self.asker.next_wake(now),
            _ => None,
        }
    }

    /// The request ended.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        result: Result<Body, Failure>,
        shared: &Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        let Some((_, leader)) = self.asker.asked.take() else { return Ok(()) };
        let (error, malformed) = match result.map(|body| message::decode::<ScanKvResponse>(body.bytes)) {
            Ok(Ok(response)) if response.error_code.unwrap_or(0) == 0 => match self.take(response, leader, orders) {
                Ok(()) => return Ok(()),
                Err(reason) => (passing(ErrorCode::Corrupt(format!("{}: {reason}", self.asker.place))), Some(reason)),
            },
            Ok(Ok(response)) => (self.asker.refused(response.error_code, response.error_message), None),
            Ok(Err(error)) => {
                (passing(ErrorCode::Corrupt(format!("{}: {error}", self.asker.place))), Some(error.to_string()))
            }
            Err(failure) => (failure.into_error(), None),
        };
        match self.stage {
            Stage::Opening if error.retriable => self.asker.failed(now, error, &shared.settings, chance, orders),
            Stage::Opening => self.broken = Some(self.explained(error)),
            // The server may have given what was lost, and does not give it again.
            _ => {
                let text =
                    format!("the scan of the current rows of {} broke off; begin it anew: {error}", self.asker.place);
                self.broken = Some(passing(ErrorCode::Unavailable(text)));
            }
        }
        malformed.map_or(Ok(()), |reason| Err(Wrong::Malformed(format!("in the answer to SCAN_KV: {reason}"))))
    }

    /// Lets go of everything, at the server as well.
    pub(crate) fn discard(self, shared: &mut Shared, orders: &mut Orders) {
        match (self.stage, self.asker.asked) {
            (Stage::Open(scanner), _) => orders.calls.push(close(shared, scanner.leader, scanner.id)),
            (Stage::Opening, Some((key, leader))) => drop(shared.orphans.insert(key, leader)),
            _ => {}
        }
    }

    /// The next request: the first makes the snapshot.
    fn request(&mut self, settings: &Settings) -> ScanKvRequest {
        let wanted = u64::from(settings.scan.bucket_bytes).min(self.demand.max(1));
        let batch_size_bytes = Some(i32::try_from(wanted).unwrap_or(i32::MAX));
        match &mut self.stage {
            Stage::Open(scanner) => {
                scanner.sequence = scanner.sequence.wrapping_add(1);
                let (scanner_id, call_seq_id) = (Some(scanner.id.clone()), Some(scanner.sequence));
                ScanKvRequest { scanner_id, call_seq_id, batch_size_bytes, ..Default::default() }
            }
            Stage::Opening | Stage::Drained => {
                let bucket = PbScanReqForBucket {
                    table_id: self.info.table_id,
                    partition_id: self.asker.bucket.partition,
                    bucket_id: self.asker.bucket.bucket as i32,
                    limit: None,
                };
                let (bucket_scan_req, call_seq_id) = (Some(bucket), Some(0));
                ScanKvRequest { bucket_scan_req, call_seq_id, batch_size_bytes, ..Default::default() }
            }
        }
    }

    /// Takes an answer; fails with what is wrong with it.
    fn take(&mut self, response: ScanKvResponse, leader: i32, orders: &mut Orders) -> Result<(), String> {
        let more = response.has_more_results.unwrap_or(false);
        if let Stage::Opening = self.stage {
            let offset = response.log_offset.and_then(|offset| u64::try_from(offset).ok());
            let offset = offset.ok_or("it has no offset of the log")?;
            let id = response.scanner_id.filter(|id| !id.is_empty());
            self.stage = match (more, id) {
                (true, Some(id)) => Stage::Open(Scanner { id, leader, sequence: 0 }),
                (true, None) => return Err("it has more rows but no scanner".into()),
                (false, _) => Stage::Drained,
            };
            self.asker.succeeded();
            orders.event(Event::Snapshot { ticket: self.ticket, offset });
        } else if !more {
            self.stage = Stage::Drained;
        }
        let records = response.records.filter(|records| !records.is_empty());
        if more && records.is_none() {
            return Err("it has more rows but gives none".into());
        }
        self.values = records.map(|records| Values::new(records, usize::MAX));
        Ok(())
    }

    /// What a server lacks that does not have this.
    fn explained(&self, error: Error) -> Error {
        match error.code {
            ErrorCode::Unsupported(text) => {
                let place = &self.asker.place;
                let text =
                    format!("the current rows of {place} cannot be scanned: {text}; its changes can be, from offset 0");
                Error { code: ErrorCode::Unsupported(text), retriable: false }
            }
            code => Error { code, retriable: error.retriable },
        }
    }
}

/// The request that ends a snapshot; nobody waits for its answer.
fn close(shared: &mut Shared, leader: i32, id: Bytes) -> Call {
    shared.keys += 1;
    let (scanner_id, close_scanner) = (Some(id), Some(true));
    let request = ScanKvRequest { scanner_id, close_scanner, ..Default::default() };
    Call::new(Key::Scan(shared.keys), Target::Server(leader), request)
}

/// A snapshot was made that nobody wants any more: ends it, if it was.
pub(crate) fn forget(shared: &mut Shared, leader: i32, result: Result<Body, Failure>, orders: &mut Orders) {
    let response = result.ok().and_then(|body| message::decode::<ScanKvResponse>(body.bytes).ok());
    let made = response.filter(|response| response.has_more_results == Some(true));
    if let Some(id) = made.and_then(|response| response.scanner_id) {
        let call = close(shared, leader, id);
        orders.calls.push(call);
    }
}
