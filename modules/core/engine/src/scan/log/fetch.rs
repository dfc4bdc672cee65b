//! Fetch requests of one scan and one leader, and their answers.

use std::{collections::HashMap, ops::Range};

use thalweg_wire::{
    message::{
        self, FetchLogRequest, FetchLogResponse, PbFetchLogReqForBucket, PbFetchLogReqForTable,
        PbFetchLogRespForBucket, ServerErrorCode,
    },
    record::{CutBatch, LogBatch},
};

use crate::scan::{
    chunk::{Chunk, corrupt},
    log::cursor::{Cursor, Shortfall},
    log::portion::Portions,
    plan::Plan,
    source::Source,
};
use crate::{
    backoff::micros,
    call::{Body, fatal, passing, server_error},
};
use thalweg_contract::{Bucket, Error, ErrorCode, ScanSettings, Work};

/// The request for these portions of buckets of one leader.
pub(crate) fn request(plan: &Plan, portions: &Portions, settings: &ScanSettings) -> FetchLogRequest {
    let size = |bytes: u32| i32::try_from(bytes).unwrap_or(i32::MAX);
    let buckets_req = portions.list.iter().map(|portion| PbFetchLogReqForBucket {
        partition_id: portion.bucket.partition,
        bucket_id: portion.bucket.bucket as i32,
        fetch_offset: i64::try_from(portion.position).unwrap_or(i64::MAX),
        max_fetch_bytes: size(portion.bytes),
        ..Default::default()
    });
    let table = PbFetchLogReqForTable {
        table_id: plan.table_id,
        projection_pushdown_enabled: plan.projection.is_some(),
        projected_fields: plan.projection.clone().unwrap_or_default(),
        buckets_req: buckets_req.collect(),
        ..Default::default()
    };
    FetchLogRequest {
        follower_server_id: -1,
        max_bytes: size(portions.total),
        tables_req: vec![table],
        max_wait_ms: Some(i32::try_from(micros(settings.max_wait) / 1000).unwrap_or(i32::MAX)),
        min_bytes: Some(size(settings.min_bytes)),
        ..Default::default()
    }
}

/// Reads an answer but for its records; fails with what is wrong with it.
pub(crate) fn decode(body: &Body, source: &mut Source<'_>) -> Result<FetchLogResponse, String> {
    let message = body.frame.len() - body.bytes.len()..source.length();
    let skimmed = message::skim_fetch_log(&mut |range| source.read(range), message);
    message::decode(skimmed.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

/// What an answer says of each bucket that was asked, in the order asked; fails with what is wrong with it.
pub(crate) fn answers(
    plan: &Plan,
    asked: &[Bucket],
    response: FetchLogResponse,
) -> Result<Vec<(Bucket, PbFetchLogRespForBucket)>, String> {
    let places: HashMap<(Option<i64>, i32), usize> =
        asked.iter().enumerate().map(|(at, bucket)| ((bucket.partition, bucket.bucket as i32), at)).collect();
    let mut answers: Vec<Option<PbFetchLogRespForBucket>> = vec![None; asked.len()];
    for table in response.tables_resp {
        if table.table_id != plan.table_id {
            return Err(format!("table {} was not asked for", table.table_id));
        }
        for bucket in table.buckets_resp {
            let place = places.get(&(bucket.partition_id, bucket.bucket_id)).and_then(|&at| answers.get_mut(at));
            let place = place.ok_or_else(|| {
                let partition = bucket.partition_id.map_or_else(String::new, |id| format!(" of partition {id}"));
                format!("bucket {}{partition} was not asked for", bucket.bucket_id)
            })?;
            if place.is_some() {
                return Err(format!("bucket {} is there twice", bucket.bucket_id));
            }
            *place = Some(bucket);
        }
    }
    let whole = answers.into_iter().zip(asked).map(|(answer, asked)| match answer {
        Some(answer) => Ok((*asked, answer)),
        None => Err(format!("{} is missing", plan.place(*asked))),
    });
    whole.collect()
}

/// Whether a server refuses to send only some columns: it has rows from before one of them was added.
pub(crate) fn cannot_project(answer: &PbFetchLogRespForBucket) -> bool {
    answer.error_code == Some(ServerErrorCode::INVALID_COLUMN_PROJECTION.code())
}

/// The error that an answer has for a bucket, if it has one.
pub(crate) fn refused(plan: &Plan, cursor: &Cursor, answer: &PbFetchLogRespForBucket) -> Option<Error> {
    let place = plan.place(cursor.bucket);
    let code = ServerErrorCode::from_code(answer.error_code.unwrap_or(0));
    let text = answer.error_message.clone().unwrap_or_default();
    if code == ServerErrorCode::NONE {
        return answer.remote_log_fetch_info.as_ref().map(|_| {
            let text = format!("the rows from offset {} of {place} lie in tiered storage", cursor.position);
            fatal(ErrorCode::Unsupported(format!("{text}, which cannot be read yet; begin at a later offset")))
        });
    }
    let message = match code {
        ServerErrorCode::LOG_OFFSET_OUT_OF_RANGE => {
            // A server of Fluss itself says it in its text only.
            let range = answer.log_start_offset.zip(answer.high_watermark);
            let range = range.map_or_else(String::new, |(first, end)| format!("; it has those from {first} to {end}"));
            format!("{place} has no offset {}{range}: {text}", cursor.position)
        }
        _ => format!("{place}: {text}"),
    };
    let mut error = server_error(code.code(), message);
    // An internal error of the server is not final: Fluss's own clients try again.
    error.retriable |= code == ServerErrorCode::UNKNOWN_SERVER_ERROR;
    // Whether the partition is still there is for the cluster to say.
    error.retriable |= code == ServerErrorCode::PARTITION_NOT_EXISTS && cursor.bucket.partition.is_some();
    Some(error)
}

/// What was cut out of the records of an answer.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    /// The batches, with their work.
    pub(crate) chunks: Vec<(Chunk, Option<Work>)>,
    /// The number of a schema that must be known before more can be cut.
    pub(crate) missing_schema: Option<i32>,
    /// Whether the cursor moved.
    pub(crate) moved: bool,
    /// The length of the last whole batch, in bytes.
    pub(crate) last: u32,
    /// The batch at the end of which the server sent the beginning only.
    pub(crate) tail: Option<CutBatch>,
}

/// Cuts the records of an answer into chunks, and moves the cursor behind them. `projected` says whether the server was
/// asked to send only some columns.
pub(crate) fn cut(
    plan: &Plan,
    cursor: &mut Cursor,
    records: Range<usize>,
    (source, projected): (&mut Source<'_>, bool),
    batch_limit: u32,
) -> Result<Cut, Error> {
    let from = cursor.position;
    let mut found = Cut::default();
    let mut at = records.start;
    while at < records.end {
        let position = i64::try_from(cursor.position).unwrap_or(i64::MAX);
        let corrupt = |reason: &str| corrupt(plan, cursor.bucket, position, reason);
        let bytes = source.beginning(at..records.end).map_err(|error| corrupt(&error.to_string()))?;
        let bytes = bytes.ok_or_else(|| corrupt("its bytes cannot be had"))?;
        let (place, there) = (at, records.end - at);
        let length = LogBatch::length_of(&bytes).map_err(|error| corrupt(&error.to_string()))?;
        if length.is_none_or(|length| length > there) {
            found.tail = Some(CutBatch { there, length });
            break;
        }
        let batch = LogBatch::parse_beginning(&bytes).map_err(|error| corrupt(&error.to_string()))?;
        at += batch.length();
        let (base, end) = (batch.base_offset as u64, batch.end_offset() as u64);
        if end <= cursor.position {
            continue;
        }
        if batch.records > 0 && base < cursor.end {
            let schema = i32::from(batch.schema_id);
            if !plan.reading.knows(schema) {
                found.missing_schema = Some(schema);
                return Ok(found);
            }
            let from = (&mut *source, place, projected);
            found.chunks.push(Chunk::new(plan, cursor.bucket, cursor.window(), &batch, from, batch_limit)?);
        }
        cursor.position = end;
        found.moved = true;
        found.last = u32::try_from(batch.length()).unwrap_or(u32::MAX);
        if !cursor.is_open() {
            return Ok(found);
        }
    }
    if !records.is_empty() && !found.moved && found.tail.is_none() {
        let reason = "the answer to a fetch has only batches that end before it";
        return Err(corrupt(plan, cursor.bucket, i64::try_from(from).unwrap_or(i64::MAX), reason));
    }
    Ok(found)
}

/// The error of a batch of `length` bytes, the next of its bucket, which no frame has room for.
pub(crate) fn too_large(plan: &Plan, cursor: &Cursor, length: u32, frame_limit: u32) -> Error {
    let (place, position) = (plan.place(cursor.bucket), cursor.position);
    let text =
        format!("the batch at offset {position} of {place} is {length} bytes long, which is too much for frames");
    fatal(ErrorCode::Invalid(format!("{text} of at most {frame_limit} bytes; raise the setting `frame_limit`")))
}

/// The error of a bucket that gets nothing where it should.
pub(crate) fn lean(plan: &Plan, cursor: &Cursor, lean: Shortfall) -> Error {
    let (place, position) = (plan.place(cursor.bucket), cursor.position);
    match lean {
        Shortfall::Cut { there, announced } => {
            let length = announced.map_or_else(|| "its length".to_owned(), |length| format!("{length} bytes"));
            let reason = format!("the server sends {there} bytes of it where there is room for {length}");
            corrupt(plan, cursor.bucket, i64::try_from(position).unwrap_or(i64::MAX), &reason)
        }
        Shortfall::Empty { end } => {
            let text =
                format!("the server has rows up to offset {end} of {place}, but sends none from offset {position}");
            passing(ErrorCode::Unavailable(text))
        }
    }
}
