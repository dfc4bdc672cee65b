//! Scans of the current rows of primary-key tables (`fluss.md` 3.7).

use std::sync::Arc;

use thalweg_wire::message::{LimitScanResponse, PbScanReqForBucket, ScanKvRequest, ScanKvResponse, ServerErrorCode};

use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::keys::{BucketKeys, ScanBatch, ScanError, ScanId, first_rows};
use crate::runtime::memory::Share;

/// Begins a scan, reads on, or ends it.
pub(crate) async fn scan(
    service: Arc<Service>,
    request: ScanKvRequest,
) -> Result<(ScanKvResponse, Option<Share>), Failure> {
    let scanner_id = request.scanner_id.clone();
    let answer = match carry_out(&service, request).await {
        Ok(answer) => answer,
        Err(failure) => {
            let (error_code, error_message) = (Some(failure.code.code()), Some(failure.text));
            (ScanKvResponse { error_code, error_message, scanner_id, ..Default::default() }, None)
        }
    };
    Ok(answer)
}

/// What is asked for.
enum Asked {
    Begin(PbScanReqForBucket),
    Next(ScanId, i32),
}

async fn carry_out(service: &Arc<Service>, request: ScanKvRequest) -> Result<(ScanKvResponse, Option<Share>), Failure> {
    let id = request.scanner_id.as_deref().map(|id| ScanId::try_from(id).map_err(|_| ScanError::Unknown));
    let closes = request.close_scanner == Some(true);
    let asked = match (request.bucket_scan_req, id) {
        (Some(_), Some(_)) => return Err(invalid("A scan request names either a bucket or a scanner, not both.")),
        (None, None) => return Err(invalid("A scan request must name a bucket or a scanner.")),
        (Some(_), None) if closes => return Err(invalid("A scan request cannot close what it begins.")),
        (None, Some(id)) if closes => {
            id.iter().for_each(|id| service.scanners.close(id));
            let answer =
                ScanKvResponse { scanner_id: request.scanner_id, has_more_results: Some(false), ..Default::default() };
            return Ok((answer, None));
        }
        (Some(bucket), None) => Asked::Begin(bucket),
        (None, Some(id)) => Asked::Next(id?, request.call_seq_id.unwrap_or(-1)),
    };
    let bytes = request.batch_size_bytes.and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
    let bytes = bytes.ok_or_else(|| invalid("batch_size_bytes must be given and be greater than 0."))?;
    match (request.call_seq_id, &asked) {
        (None, _) => return Err(invalid("call_seq_id is required, so that batches come in order.")),
        (Some(call), Asked::Begin(_)) if call != 0 => {
            return Err(ScanError::OutOfOrder { expected: 0, found: call }.into());
        }
        _ => {}
    }
    let bytes = bytes.min(service.limits.answer_bytes);
    let mut share = service.answers.take(bytes, service.limits.transfer).await.ok_or_else(Failure::busy)?;
    let service = Arc::clone(service);
    let read = tokio::task::spawn_blocking(move || read(&service, asked, bytes));
    let answer = read.await.map_err(|_| Failure::broken())??;
    share.shrink(answer.records.as_ref().map_or(0, bytes::Bytes::len));
    Ok((answer, Some(share)))
}

fn read(service: &Service, asked: Asked, bytes: usize) -> Result<ScanKvResponse, Failure> {
    match asked {
        Asked::Next(id, call) => Ok(answer(service.scanners.next(&id, call, bytes)?)),
        Asked::Begin(asked) => {
            let (bucket, keys) = service.keyed(asked.table_id, asked.partition_id, asked.bucket_id)?;
            let limit = asked.limit.and_then(|limit| u64::try_from(limit).ok()).filter(|limit| *limit > 0);
            let (batch, offset) = service.scanners.begin(bucket.id(), &keys, limit, bytes)?;
            let nothing = ScanKvResponse { has_more_results: Some(false), ..Default::default() };
            Ok(ScanKvResponse { log_offset: Some(offset), ..batch.map_or(nothing, answer) })
        }
    }
}

fn answer(batch: ScanBatch) -> ScanKvResponse {
    ScanKvResponse {
        scanner_id: Some(batch.id.to_vec().into()),
        has_more_results: Some(batch.more),
        records: batch.rows.map(Into::into),
        ..Default::default()
    }
}

/// The first rows of a bucket in the order of their keys, as many as fit into one answer.
pub(crate) async fn limit(
    service: Arc<Service>,
    keys: Arc<BucketKeys>,
    limit: i32,
) -> Result<(LimitScanResponse, Option<Share>), Failure> {
    let most = service.limits.answer_bytes;
    let mut share = service.answers.take(most, service.limits.transfer).await.ok_or_else(Failure::busy)?;
    let limit = u64::try_from(limit).unwrap_or(0);
    let read = tokio::task::spawn_blocking(move || first_rows(&keys, limit, most));
    let answer = LimitScanResponse { is_log_table: Some(false), ..Default::default() };
    Ok(match read.await.map_err(|_| Failure::broken())? {
        Ok(rows) => {
            share.shrink(rows.len());
            (LimitScanResponse { records: Some(rows.into()), ..answer }, Some(share))
        }
        Err(error) => {
            let failure = Failure::from(error);
            let (error_code, error_message) = (Some(failure.code.code()), Some(failure.text));
            (LimitScanResponse { error_code, error_message, ..answer }, None)
        }
    })
}

fn invalid(text: &str) -> Failure {
    Failure::new(ServerErrorCode::INVALID_SCAN_REQUEST, text)
}
