//! Appending to logs (`fluss.md` 3.3 and 3.4).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thalweg_wire::message::{
    InitWriterRequest, InitWriterResponse, PbProduceLogReqForBucket, PbProduceLogRespForBucket, ProduceLogRequest,
    ProduceLogResponse, ServerErrorCode,
};
use thalweg_wire::record::{LogBatch, RecordError, RowFields, RowFormat};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::bucket::commit::AppendResult;
use crate::catalog::Table;
use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::ids::BucketId;
use crate::log::batch::{Batch, split};
use crate::runtime::memory::Share;

/// The longest that a producer waits for the disk, whatever it asks for.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A number for a writer that no writer has had before.
pub(crate) fn init_writer(service: &Service, _: InitWriterRequest) -> Result<InitWriterResponse, Failure> {
    Ok(InitWriterResponse { writer_id: service.catalog.new_writer()? })
}

/// What has become of the part for one bucket.
enum Part {
    /// It is written when this comes.
    Waiting(oneshot::Receiver<AppendResult>),
    /// There is nothing to write.
    Done(Result<i64, Failure>),
}

/// Hands the batches over in the order in which they came, at once; what comes back waits for the disk.
pub(crate) fn produce(
    service: &Service,
    request: ProduceLogRequest,
) -> impl Future<Output = Result<(ProduceLogResponse, Option<Share>), Failure>> + Send + use<> {
    let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0)).min(LONGEST_WAIT);
    let deadline = Instant::now() + wait;
    let (acks, table) = (request.acks, request.table_id);
    let lifecycle = Arc::clone(&service.lifecycle);
    let begin = |part: PbProduceLogReqForBucket| {
        let begun = begin(service, acks, table, &part).unwrap_or_else(|failure| Part::Done(Err(failure)));
        (part.partition_id, part.bucket_id, begun)
    };
    let parts: Vec<_> = request.buckets_req.into_iter().map(begin).collect();
    async move {
        let mut buckets = Vec::with_capacity(parts.len());
        for (partition_id, bucket_id, part) in parts {
            let result = match part {
                Part::Done(result) => result,
                Part::Waiting(fate) => match timeout_at(deadline, fate).await {
                    Ok(Ok(fate)) => fate.map_err(Failure::from),
                    Ok(Err(_)) => Err(lifecycle.given_up()),
                    Err(_) => Err(late()),
                },
            };
            buckets.push(answer(partition_id, bucket_id, result));
        }
        Ok((ProduceLogResponse { buckets_resp: buckets }, None))
    }
}

fn answer(partition_id: Option<i64>, bucket_id: i32, result: Result<i64, Failure>) -> PbProduceLogRespForBucket {
    let answer = PbProduceLogRespForBucket { partition_id, bucket_id, ..Default::default() };
    match result {
        Ok(offset) => PbProduceLogRespForBucket { base_offset: Some(offset), ..answer },
        Err(failure) => PbProduceLogRespForBucket {
            error_code: Some(failure.code.code()),
            error_message: Some(failure.text),
            ..answer
        },
    }
}

/// Nothing came from the disk until the deadline.
pub(super) fn late() -> Failure {
    let text = "The batch was not on the disk in time; it may be written all the same.";
    Failure::new(ServerErrorCode::REQUEST_TIME_OUT, text)
}

/// Checks for how many copies a client waits; there is one here, whatever it says.
pub(super) fn check_acks(acks: i32) -> Result<(), Failure> {
    if (-1..=1).contains(&acks) {
        return Ok(());
    }
    let text = format!("Invalid required acks {acks}: it must be -1, 0 or 1.");
    Err(Failure::new(ServerErrorCode::INVALID_REQUIRED_ACKS, text))
}

fn begin(service: &Service, acks: i32, table: i64, part: &PbProduceLogReqForBucket) -> Result<Part, Failure> {
    check_acks(acks)?;
    let id = BucketId { table, partition: part.partition_id, bucket: part.bucket_id };
    let bucket = service.bucket(id)?;
    let state = service.catalog.state();
    let table = state.table_of_id(table).ok_or_else(|| Failure::unknown_bucket(id))?;
    if table.definition.keyed.is_some() {
        // Fluss takes them, and its rows by key know nothing of them.
        let text = format!("The table with the id {} has a primary key: put its rows by key.", table.id);
        return Err(Failure::invalid_table(text));
    }
    if part.records.len() as u64 > service.limits.segment_bytes {
        let (size, most) = (part.records.len(), service.limits.segment_bytes);
        let text = format!("The records take {size} bytes, more than the {most} of a segment.");
        return Err(Failure::new(ServerErrorCode::RECORD_TOO_LARGE, text));
    }
    let batches = split(&part.records).map_err(corrupt)?;
    if let Some(batch) = batches.iter().find(|batch| !knows(table.schema_id, batch)) {
        let (id, table) = (batch.header.schema_id, table.id);
        let text = format!("Schema with schema id {id} does not exist for the table with the id {table}.");
        // Not SCHEMA_NOT_EXIST, which clients take as a reason to try again: a replica may not know a new schema yet.
        // A single node knows every schema that there is, so the same batch never fits and its writer must be told.
        return Err(Failure::invalid_table(text));
    }
    if let Some(format) = table.definition.row_format {
        batches.iter().try_for_each(|batch| check_rows(table, format, batch)).map_err(|error| {
            // Not CORRUPT_RECORD either: fluss-rs, which writes Arrow messages whatever the format is, would send the
            // same again and again.
            let format = table.definition.properties.log_format.name();
            let text = format!("The records are not rows of the table in its log format {format}: {error}.");
            Failure::invalid_table(text)
        })?;
    }
    if batches.is_empty() {
        return Ok(Part::Done(Ok(bucket.log.high_watermark())));
    }
    Ok(Part::Waiting(service.committer.append(bucket, batches)))
}

fn corrupt(error: RecordError) -> Failure {
    Failure::new(ServerErrorCode::CORRUPT_RECORD, format!("The records are corrupt: {error}."))
}

/// Checks that a batch holds single rows, as many as it says, with the columns of their table.
fn check_rows(table: &Table, format: RowFormat, batch: &Batch) -> Result<(), RecordError> {
    let layout = table.definition.layout_of(batch.header.schema_id).unwrap_or(&table.definition.layout);
    for row in LogBatch::parse(&batch.bytes)?.log_rows() {
        RowFields::parse_as(layout, format, row?.row)?;
    }
    Ok(())
}

fn knows(latest: i32, batch: &Batch) -> bool {
    (1..=latest).contains(&i32::from(batch.header.schema_id))
}
