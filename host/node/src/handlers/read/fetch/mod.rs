//! Reading logs, with a long poll (`fluss.md` 3.6).

mod filter;
mod frame;
mod order;
mod part;

use std::sync::Arc;
use std::time::Duration;

use thalweg_wire::message::{
    FetchLogRequest, FetchLogResponse, PbFetchLogReqForBucket, PbFetchLogReqForTable, PbFetchLogRespForBucket,
    PbFetchLogRespForTable, ServerErrorCode,
};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::filter::Filter;
pub(crate) use self::frame::frame;
use self::part::{Columns, Part, Piece};
use crate::failure::Failure;
use crate::handlers::bound;
use crate::handlers::service::Service;
use crate::ids::BucketId;
use crate::log::Log;
use crate::runtime::memory::Share;

/// How long a fetch waits that says for how many bytes, but not how long.
const DEFAULT_WAIT: Duration = Duration::from_millis(100);

/// Reads the buckets that are asked for. Waits until there is enough, but for no longer than asked.
pub(crate) async fn fetch(
    service: Arc<Service>,
    request: FetchLogRequest,
) -> Result<(FetchLogResponse, Option<Share>), Failure> {
    let total = size(request.max_bytes).min(service.limits.answer_bytes);
    let enough = size(request.min_bytes.unwrap_or(0));
    let wait = match (request.min_bytes, request.max_wait_ms) {
        (None, _) => Duration::ZERO,
        (Some(_), None) => DEFAULT_WAIT,
        (Some(_), Some(wait)) => Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(service.limits.fetch_wait),
    };
    let deadline = Instant::now() + wait;
    bound(request.tables_req.iter().map(|table| table.buckets_req.len()).sum())?;
    let grown = Arc::new(Notify::new());
    let mut limits = ReadLimits { total, at_least_one: true };
    let mut waited = false;
    loop {
        // Looked up again after each wait: a table may have been dropped meanwhile.
        let mut parts: Vec<Part> = request.tables_req.iter().flat_map(|table| parts(&service, table)).collect();
        order::sort(&mut parts, |part| part.id);
        let parts: Arc<[Part]> = parts.into();
        for bucket in parts.iter().filter_map(|part| part.bucket.as_ref().ok()) {
            bucket.log.watch(&grown);
        }
        let (pieces, share) = read(&service, &parts, limits).await?;
        let bytes: usize = pieces.iter().flatten().map(|piece| piece.records.len()).sum();
        // Whoever asks goes on behind what was left out.
        let passed = pieces.iter().flatten().any(|piece| piece.filtered_end.is_some());
        let decided = pieces.iter().any(|piece| piece.as_ref().is_err_and(|failure| waited || ends_the_wait(failure)));
        if bytes >= enough || decided || passed || Instant::now() >= deadline {
            return Ok((respond(&parts, pieces), share));
        }
        if !waited {
            limits = limits.after_a_wait(&parts, bytes);
        }
        drop((pieces, share));
        let _ = timeout_at(deadline, grown.notified()).await;
        waited = true;
    }
}

/// How much an answer holds.
#[derive(Debug, Clone, Copy)]
struct ReadLimits {
    /// Bytes of all buckets.
    total: usize,
    /// Whether the first bucket that has anything gives a whole batch even when that is larger.
    at_least_one: bool,
}

impl ReadLimits {
    /// What a tablet server goes by when it reads anew after it has waited: what its last bucket was allowed is then the
    /// limit of all, and whoever gave anything before has given the one whole batch.
    fn after_a_wait(self, parts: &[Part], bytes: usize) -> Self {
        let last = parts.iter().rev().find(|part| part.bucket.is_ok());
        let total = last.map_or(self.total, |last| self.total.saturating_sub(bytes).min(last.most));
        Self { total, at_least_one: bytes == 0 }
    }
}

fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}

fn ends_the_wait(failure: &Failure) -> bool {
    failure.code != ServerErrorCode::UNKNOWN_TABLE_OR_BUCKET && failure.code != ServerErrorCode::NOT_LEADER_OR_FOLLOWER
}

fn parts(service: &Service, request: &PbFetchLogReqForTable) -> Vec<Part> {
    let table = request.table_id;
    let columns = columns(service, request);
    let filter = service.catalog.state().table_of_id(table).and_then(|table| Filter::of(table, request)).map(Arc::new);
    let part = |asked: &PbFetchLogReqForBucket| {
        let id = BucketId { table, partition: asked.partition_id, bucket: asked.bucket_id };
        let bucket = service.bucket(id);
        Part {
            id,
            bucket: bucket.and_then(|bucket| columns.as_ref().map(|_| bucket).map_err(Clone::clone)),
            offset: asked.fetch_offset,
            most: size(asked.max_fetch_bytes),
            columns: columns.clone().ok().flatten(),
            filter: filter.clone(),
        }
    };
    request.buckets_req.iter().map(part).collect()
}

/// The columns that are asked for. They must rise, as Fluss demands.
fn columns(service: &Service, request: &PbFetchLogReqForTable) -> Result<Option<Arc<Columns>>, Failure> {
    if !request.projection_pushdown_enabled {
        return Ok(None);
    }
    let state = service.catalog.state();
    let Some(table) = state.table_of_id(request.table_id) else { return Ok(None) };
    if let Some(format) = table.definition.row_format {
        let (id, format) = (table.id, format!("{format:?}").to_uppercase());
        let text = format!(
            "Column projection is only supported for ARROW format, but the table with the id {id} is {format} format."
        );
        return Err(Failure::new(ServerErrorCode::INVALID_COLUMN_PROJECTION, text));
    }
    let count = table.definition.descriptor.schema.columns.len();
    let positions: Vec<usize> =
        request.projected_fields.iter().filter_map(|field| usize::try_from(*field).ok()).collect();
    let fits = positions.len() == request.projected_fields.len()
        && positions.is_sorted_by(|a, b| a < b)
        && positions.last().is_some_and(|last| *last < count);
    if !fits {
        let text = format!(
            "The projected fields {:?} must be positions of the table's {count} columns, ascending, each once and at \
             least one.",
            request.projected_fields
        );
        return Err(Failure::new(ServerErrorCode::INVALID_COLUMN_PROJECTION, text));
    }
    Ok(Some(Arc::new(Columns { table: Arc::clone(table), positions })))
}

type Pieces = Vec<Result<Piece, Failure>>;

/// Reads once. Only what is on the disk takes a thread and a share of the memory.
async fn read(service: &Service, parts: &Arc<[Part]>, limits: ReadLimits) -> Result<(Pieces, Option<Share>), Failure> {
    let readable = parts.iter().filter(|part| part.has_more()).map(|part| part.most).fold(0, usize::saturating_add);
    if readable == 0 && !parts.iter().any(Part::has_more) {
        return Ok((parts.iter().map(|part| part.read(0, false)).collect(), None));
    }
    let wanted = readable.min(limits.total).max(1);
    let mut share = service.answers.take(wanted, service.limits.transfer).await.ok_or_else(Failure::busy)?;
    let parts = Arc::clone(parts);
    let pieces = tokio::task::spawn_blocking(move || read_all(&parts, limits));
    let pieces = pieces.await.map_err(|_| Failure::broken())?;
    share.shrink(pieces.iter().flatten().map(|piece| piece.records.len()).sum());
    Ok((pieces, Some(share)))
}

fn read_all(parts: &[Part], limits: ReadLimits) -> Pieces {
    let ReadLimits { total: mut left, mut at_least_one } = limits;
    let read = |part: &Part| {
        let piece = part.read(left, at_least_one)?;
        left = left.saturating_sub(piece.records.len());
        at_least_one &= piece.records.is_empty();
        Ok(piece)
    };
    parts.iter().map(read).collect()
}

fn respond(parts: &[Part], pieces: Pieces) -> FetchLogResponse {
    let mut tables: Vec<PbFetchLogRespForTable> = Vec::new();
    for (part, piece) in parts.iter().zip(pieces) {
        let (table_id, answer) = (part.id.table, answer(part, piece));
        match tables.iter_mut().find(|table| table.table_id == table_id) {
            Some(table) => table.buckets_resp.push(answer),
            None => tables.push(PbFetchLogRespForTable { table_id, buckets_resp: vec![answer] }),
        }
    }
    FetchLogResponse { tables_resp: tables }
}

/// Java takes a present error code for a failure, so success has none; it needs records and high watermark.
fn answer(part: &Part, piece: Result<Piece, Failure>) -> PbFetchLogRespForBucket {
    let answer =
        PbFetchLogRespForBucket { partition_id: part.id.partition, bucket_id: part.id.bucket, ..Default::default() };
    match piece {
        Ok(piece) => PbFetchLogRespForBucket {
            high_watermark: Some(piece.high_watermark),
            log_start_offset: Some(piece.start),
            records: Some(piece.records),
            filtered_end_offset: piece.filtered_end,
            ..answer
        },
        Err(failure) => PbFetchLogRespForBucket {
            high_watermark: range(part, &failure).map(Log::high_watermark),
            log_start_offset: range(part, &failure).map(Log::start),
            error_code: Some(failure.code.code()),
            error_message: Some(failure.text),
            ..answer
        },
    }
}

/// Whose range is told with a failure: that of a bucket that does not have the offset asked for.
fn range<'a>(part: &'a Part, failure: &Failure) -> Option<&'a Log> {
    let bucket = part.bucket.as_ref().ok()?;
    Some(&*bucket.log).filter(|_| failure.code == ServerErrorCode::LOG_OFFSET_OUT_OF_RANGE)
}
