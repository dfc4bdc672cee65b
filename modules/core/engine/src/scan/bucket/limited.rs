//! A limit scan: some rows of one bucket in one request (LimitScan, `fluss.md` 3.7).

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use thalweg_wire::{
    message::{self, LimitScanRequest, LimitScanResponse},
    record::LogBatches,
};

use crate::scan::{
    Shared,
    bucket::asker::Asker,
    bucket::values::Values,
    chunk::{Chunk, corrupt},
    log::cursor::Cursor,
    log::fetch,
    plan::{Plan, check_bucket, invalid},
    source::Source,
};
use crate::{
    call::{Body, Call, Failure, Key, Target, passing},
    chance::Chance,
    cluster::Cluster,
    offsets::Wrong,
    order::Orders,
    rows::{MissingSchema, RowReader},
};
use thalweg_contract::{
    Bucket, BufferId, End, Error, ErrorCode, Event, Instant, ScanSpec, Start, TableHandle, TableInfo, Ticket,
    WholeFrames, WorkOutput,
};

/// What a table has rows in.
#[derive(Debug)]
enum Rows {
    /// A log: its batches, and a schema that must be known first.
    Log { plan: Box<Plan>, cursor: Box<Cursor>, missing_schema: Option<MissingSchema> },
    /// Keys.
    Keys { reader: Box<RowReader>, values: Option<Values> },
}

/// One limit scan.
#[derive(Debug)]
pub(crate) struct Limited {
    ticket: Ticket,
    info: Arc<TableInfo>,
    limit: u32,
    source: Rows,
    asker: Asker,
    answered: bool,
}

impl Limited {
    /// Checks that the table has the bucket.
    pub(crate) fn new(
        ticket: Ticket,
        handle: TableHandle,
        info: &Arc<TableInfo>,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Self, Error> {
        let name = format!("{}.{}", info.path.database, info.path.table);
        let descriptor = &info.descriptor;
        check_bucket(&name, descriptor.bucket_count.unwrap_or(1), !descriptor.partition_keys.is_empty(), bucket)?;
        if limit == 0 || i32::try_from(limit).is_err() {
            return Err(invalid(format!("a limit scan of {name} takes 1 to {} rows, not {limit}", i32::MAX)));
        }
        let place = crate::scan::plan::place(&name, bucket, None);
        let source = if descriptor.schema.primary_key.is_empty() {
            let (start, end) = (Start::Earliest, End::Never);
            let spec = ScanSpec { columns: None, buckets: vec![bucket], partitions: Vec::new(), start, end };
            let cursor = Box::new(Cursor::new(bucket, 0, u64::MAX));
            Rows::Log { plan: Box::new(Plan::new(info, &spec)?), cursor, missing_schema: None }
        } else {
            Rows::Keys { reader: Box::new(RowReader::of_values(info)?), values: None }
        };
        let (asker, info) = (Asker::new(handle, bucket, place), Arc::clone(info));
        Ok(Self { ticket, info, limit, source, asker, answered: false })
    }

    pub(crate) fn handle(&self) -> TableHandle {
        self.asker.handle
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
        if self.answered {
            return self.give(cluster, shared, orders);
        }
        if let Rows::Log { plan, missing_schema: slot @ Some(_), .. } = &mut self.source
            && let Some(missing_schema) = slot
        {
            let Some(schema) = missing_schema.look(cluster, self.asker.handle, orders)? else { return Ok(None) };
            plan.reading.learn(missing_schema.schema(), &schema)?;
            *slot = None;
        }
        if let Some(leader) = self.asker.leader(now, cluster, &shared.settings, chance, orders)? {
            let key = shared.call_of(self.ticket);
            self.asker.asked = Some((key, leader));
            let request = LimitScanRequest {
                table_id: self.info.table_id,
                partition_id: self.asker.bucket.partition,
                bucket_id: self.asker.bucket.bucket as i32,
                limit: self.limit as i32,
            };
            orders.calls.push(Call::new(Key::Scan(key), Target::Server(leader), request));
        }
        Ok(None)
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        self.asker.next_wake(now)
    }

    /// The request ended.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        result: Result<Body, Failure>,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        self.asker.asked = None;
        let (error, malformed) = match result {
            Ok(body) => match message::decode::<LimitScanResponse>(body.bytes.clone()) {
                Ok(response) if response.error_code.unwrap_or(0) == 0 => {
                    let records = response.records.unwrap_or_default();
                    return self.take(records, &body, shared, orders).map_err(Wrong::Refused);
                }
                Ok(response) => (self.asker.refused(response.error_code, response.error_message), None),
                Err(error) => {
                    let reason = format!("in the answer to LIMIT_SCAN: {error}");
                    (passing(ErrorCode::Corrupt(reason.clone())), Some(reason))
                }
            },
            Err(failure) => (failure.into_error(), None),
        };
        if !error.retriable {
            return Err(Wrong::Refused(error));
        }
        self.asker.failed(now, error, &shared.settings, chance, orders);
        malformed.map_or(Ok(()), |reason| Err(Wrong::Malformed(reason)))
    }

    /// Work on a batch is done. Gives the buffer that it lies in now, if any.
    pub(crate) fn done(&mut self, key: u64, output: WorkOutput) -> Result<Option<BufferId>, Error> {
        let chunk = match &mut self.source {
            Rows::Log { plan, cursor, .. } => {
                cursor.queue.iter_mut().find(|chunk| chunk.work == Some(key)).map(|chunk| (plan, chunk))
            }
            Rows::Keys { .. } => None,
        };
        match chunk {
            Some((plan, chunk)) => chunk.done(plan, output),
            None => Err(passing(ErrorCode::Other("work was done that nobody waits for".into()))),
        }
    }

    /// Lets go of everything.
    pub(crate) fn discard(self, shared: &mut Shared, orders: &mut Orders) {
        let Rows::Log { cursor, .. } = self.source else { return };
        for buffer in cursor.queue.iter().filter(|chunk| chunk.work.is_none()).filter_map(Chunk::lies_in) {
            shared.buffers.drop(buffer, orders);
        }
    }

    /// Takes the records of an answer.
    fn take(&mut self, records: Bytes, body: &Body, shared: &mut Shared, orders: &mut Orders) -> Result<(), Error> {
        self.asker.succeeded();
        let (plan, cursor, missing_schema) = match &mut self.source {
            Rows::Keys { values, .. } => {
                *values = (!records.is_empty()).then(|| Values::new(records, self.limit as usize));
                self.answered = true;
                return Ok(());
            }
            Rows::Log { plan, cursor, missing_schema } => (plan, cursor, missing_schema),
        };
        // Whole batches: those that end the bucket, and before the rows that are wanted perhaps some that are not.
        let mut end = 0;
        let mut batches = LogBatches::new(&records);
        for batch in batches.by_ref() {
            let (_, batch) = batch.map_err(|error| corrupt(plan, cursor.bucket, end as i64, &error.to_string()))?;
            end = batch.end_offset() as u64;
            if !plan.reading.knows(i32::from(batch.schema_id)) {
                *missing_schema = Some(MissingSchema::of(i32::from(batch.schema_id)));
                return Ok(());
            }
        }
        if batches.cut().is_some() {
            // Which rows are the last is not known then.
            return Err(corrupt(plan, cursor.bucket, end as i64, "the answer to a limit scan ends within it"));
        }
        self.answered = true;
        **cursor = Cursor::new(cursor.bucket, end.saturating_sub(u64::from(self.limit)), u64::MAX);
        let limit = shared.settings.scan.batch_limit;
        let place = position(&body.frame, &records);
        let place = place.ok_or_else(|| corrupt(plan, cursor.bucket, end as i64, "it lies outside of its frame"))?;
        let mut frame = WholeFrames;
        let mut source = Source::new(body, &mut frame);
        for (chunk, work) in fetch::cut(plan, cursor, place, (&mut source, false), limit)?.chunks {
            shared.queue(self.ticket, body.buffer, cursor, chunk, work, orders);
        }
        Ok(())
    }

    /// Gives what came; `Some` when that was all.
    fn give(&mut self, cluster: &Cluster, shared: &mut Shared, orders: &mut Orders) -> Result<Option<()>, Error> {
        let (ticket, limit) = (self.ticket, shared.settings.scan.batch_limit);
        let mut rows = |scanned: thalweg_contract::Scanned, orders: &mut Orders| {
            shared.rows += u64::from(scanned.rows);
            orders.event(Event::Rows { ticket, scanned });
        };
        match &mut self.source {
            Rows::Keys { reader, values } => {
                let Some(pending) = values else { return Ok(Some(())) };
                let place = (&*self.info, self.asker.bucket, self.asker.place.as_str());
                match pending.decode(reader, (cluster, self.asker.handle, orders), place, limit)? {
                    None => Ok(None),
                    Some(scanned) => {
                        if let Some(scanned) = scanned {
                            rows(scanned, orders);
                        }
                        *values = None;
                        Ok(Some(()))
                    }
                }
            }
            Rows::Log { plan, cursor, .. } => {
                while cursor.has_ready()
                    && let Some(chunk) = cursor.queue.pop_front()
                {
                    rows(chunk.give(plan, limit)?, orders);
                }
                Ok(cursor.queue.is_empty().then_some(()))
            }
        }
    }
}

/// Where a part of a frame that is at hand lies in it.
fn position(frame: &[u8], part: &[u8]) -> Option<Range<usize>> {
    if part.is_empty() {
        return Some(0..0);
    }
    let from = (part.as_ptr() as usize).checked_sub(frame.as_ptr() as usize)?;
    let end = from.checked_add(part.len())?;
    (end <= frame.len()).then_some(from..end)
}
