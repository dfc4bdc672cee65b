//! Reading logs, with a long poll (`fluss.md` 3.6).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thalweg_wire::message::{
    FetchLogRequest, FetchLogResponse, PbFetchLogReqForBucket, PbFetchLogReqForTable, PbFetchLogRespForBucket,
    PbFetchLogRespForTable, ServerErrorCode,
};
use thalweg_wire::record::{LogBatches, project};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::bound;
use crate::catalog::Table;
use crate::failure::Failure;
use crate::log::{Bucket, BucketId};
use crate::memory::Share;
use crate::service::Service;

/// The offset that stands for the first one that there is.
const EARLIEST: i64 = -2;
/// How long a fetch waits that says for how many bytes, but not how long.
const DEFAULT_WAIT: Duration = Duration::from_millis(100);

/// What is asked of one bucket.
struct Part {
    partition: Option<i64>,
    bucket_id: i32,
    bucket: Result<Arc<Bucket>, Failure>,
    offset: i64,
    most: usize,
    /// The columns wanted; `None`: all.
    columns: Option<Arc<Columns>>,
}

/// Some columns of a table.
struct Columns {
    table: Arc<Table>,
    positions: Vec<usize>,
}

/// What one bucket gives.
struct Piece {
    records: Bytes,
    high_watermark: i64,
    start: i64,
}

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
    let mut waited = false;
    loop {
        // Looked up again after each wait: a table may have been dropped meanwhile.
        let parts: Arc<[Part]> = request.tables_req.iter().flat_map(|table| parts(&service, table)).collect();
        for bucket in parts.iter().filter_map(|part| part.bucket.as_ref().ok()) {
            bucket.watch(&grown);
        }
        let (pieces, share) = read(&service, &parts, total).await?;
        let bytes: usize = pieces.iter().flatten().map(|piece| piece.records.len()).sum();
        let decided = pieces.iter().any(|piece| piece.as_ref().is_err_and(|failure| waited || ends_the_wait(failure)));
        if bytes >= enough || decided || Instant::now() >= deadline {
            return Ok((respond(&request, &parts, pieces), share));
        }
        drop((pieces, share));
        let _ = timeout_at(deadline, grown.notified()).await;
        waited = true;
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
    let part = |asked: &PbFetchLogReqForBucket| {
        let id = BucketId { table, partition: asked.partition_id, bucket: asked.bucket_id };
        let bucket = service.logs.bucket(id).ok_or_else(|| Failure::unknown_bucket(id));
        Part {
            partition: asked.partition_id,
            bucket_id: asked.bucket_id,
            bucket: bucket.and_then(|bucket| columns.as_ref().map(|_| bucket).map_err(Clone::clone)),
            offset: asked.fetch_offset,
            most: size(asked.max_fetch_bytes),
            columns: columns.clone().ok().flatten(),
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
    if let Some(format) = table.row_format {
        let (id, format) = (table.id, format!("{format:?}").to_uppercase());
        let text = format!(
            "Column projection is only supported for ARROW format, but the table with the id {id} is {format} format."
        );
        return Err(Failure::new(ServerErrorCode::INVALID_COLUMN_PROJECTION, text));
    }
    let count = table.descriptor.schema.columns.len();
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

impl Columns {
    /// The same batches with only these columns.
    fn project(&self, records: &Bytes) -> Result<Bytes, Failure> {
        let mut projected = Vec::with_capacity(records.len());
        for batch in LogBatches::new(records) {
            batch.and_then(|(_, batch)| project(&batch, &self.table.layout, &self.positions, &mut projected)).map_err(
                |error| {
                    let text = format!("The rows cannot be projected: {error}.");
                    Failure::new(ServerErrorCode::INVALID_COLUMN_PROJECTION, text)
                },
            )?;
        }
        Ok(projected.into())
    }
}

type Pieces = Vec<Result<Piece, Failure>>;

/// Reads once. Only what is on the disk takes a thread and a share of the memory.
async fn read(service: &Service, parts: &Arc<[Part]>, total: usize) -> Result<(Pieces, Option<Share>), Failure> {
    let readable = parts.iter().filter(|part| part.has_more()).map(|part| part.most).fold(0, usize::saturating_add);
    if readable == 0 && !parts.iter().any(Part::has_more) {
        return Ok((parts.iter().map(|part| part.read(0, false)).collect(), None));
    }
    let mut share =
        service.answers.take(readable.min(total).max(1), service.limits.transfer).await.ok_or_else(Failure::busy)?;
    let parts = Arc::clone(parts);
    let pieces = tokio::task::spawn_blocking(move || read_all(&parts, total));
    let pieces = pieces.await.map_err(|_| Failure::broken())?;
    share.shrink(pieces.iter().flatten().map(|piece| piece.records.len()).sum());
    Ok((pieces, Some(share)))
}

fn read_all(parts: &[Part], total: usize) -> Pieces {
    let mut left = total;
    let mut first = true;
    let read = |part: &Part| {
        let piece = part.read(left, first)?;
        left = left.saturating_sub(piece.records.len());
        first &= piece.records.is_empty();
        Ok(piece)
    };
    parts.iter().map(read).collect()
}

impl Part {
    /// The offset to read from, once it is known where the bucket begins.
    fn from(&self, bucket: &Bucket) -> i64 {
        if self.offset == EARLIEST { bucket.start() } else { self.offset }
    }

    fn has_more(&self) -> bool {
        self.bucket.as_ref().is_ok_and(|bucket| self.from(bucket) < bucket.high_watermark())
    }

    fn read(&self, left: usize, at_least_one: bool) -> Result<Piece, Failure> {
        let bucket = self.bucket.as_ref().map_err(Clone::clone)?;
        // The end is asked for first, so that it is not ahead of the rows.
        let high_watermark = bucket.high_watermark();
        let from = self.from(bucket);
        bucket.check_offset(from)?;
        let most = self.most.min(left);
        let records = if from >= high_watermark || (most == 0 && !at_least_one) {
            Bytes::new()
        } else {
            bucket.read(from, most, at_least_one)?
        };
        let records = match &self.columns {
            Some(columns) => columns.project(&records)?,
            None => records,
        };
        Ok(Piece { records, high_watermark: bucket.high_watermark(), start: bucket.start() })
    }
}

fn respond(request: &FetchLogRequest, parts: &[Part], pieces: Pieces) -> FetchLogResponse {
    let mut answers = parts.iter().zip(pieces);
    let mut table = |asked: &PbFetchLogReqForTable| PbFetchLogRespForTable {
        table_id: asked.table_id,
        buckets_resp: answers.by_ref().take(asked.buckets_req.len()).map(|(part, piece)| answer(part, piece)).collect(),
    };
    FetchLogResponse { tables_resp: request.tables_req.iter().map(&mut table).collect() }
}

/// Java takes a present error code for a failure, so success has none; it needs records and high watermark.
fn answer(part: &Part, piece: Result<Piece, Failure>) -> PbFetchLogRespForBucket {
    let answer =
        PbFetchLogRespForBucket { partition_id: part.partition, bucket_id: part.bucket_id, ..Default::default() };
    match piece {
        Ok(piece) => PbFetchLogRespForBucket {
            high_watermark: Some(piece.high_watermark),
            log_start_offset: Some(piece.start),
            records: Some(piece.records),
            ..answer
        },
        Err(failure) => PbFetchLogRespForBucket {
            high_watermark: range(part, &failure).map(Bucket::high_watermark),
            log_start_offset: range(part, &failure).map(Bucket::start),
            error_code: Some(failure.code.code()),
            error_message: Some(failure.text),
            ..answer
        },
    }
}

/// Whose range is told with a failure: that of a bucket that does not have the offset asked for.
fn range<'a>(part: &'a Part, failure: &Failure) -> Option<&'a Bucket> {
    part.bucket.as_deref().ok().filter(|_| failure.code == ServerErrorCode::LOG_OFFSET_OUT_OF_RANGE)
}
