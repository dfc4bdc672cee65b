//! Upserts and deletes on primary-key tables (`fluss.md` 3.5).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thalweg_wire::message::{PbPutKvReqForBucket, PbPutKvRespForBucket, PutKvRequest, PutKvResponse, ServerErrorCode};
use thalweg_wire::record::KvBatch;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::produce::{LONGEST_WAIT, check_acks, late};
use crate::bucket::commit::PutResult;
use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::keys::{MergeError, Put};
use crate::runtime::memory::Share;

/// Hands the batches over in the order in which they came, at once; what comes back waits for the disk.
pub(crate) fn put(
    service: &Service,
    request: PutKvRequest,
) -> impl Future<Output = Result<(PutKvResponse, Option<Share>), Failure>> + Send + use<> {
    let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0)).min(LONGEST_WAIT);
    let deadline = Instant::now() + wait;
    let lifecycle = Arc::clone(&service.lifecycle);
    let begin = |part: &PbPutKvReqForBucket| (part.partition_id, part.bucket_id, begin(service, &request, part));
    let parts: Vec<_> = request.buckets_req.iter().map(begin).collect();
    async move {
        let mut buckets = Vec::with_capacity(parts.len());
        for (partition_id, bucket_id, part) in parts {
            let result = match part {
                Ok(fate) => match timeout_at(deadline, fate).await {
                    Ok(Ok(fate)) => fate.map_err(Failure::from),
                    Ok(Err(_)) => Err(lifecycle.given_up()),
                    Err(_) => Err(late()),
                },
                Err(failure) => Err(failure),
            };
            buckets.push(answer(partition_id, bucket_id, result));
        }
        Ok((PutKvResponse { buckets_resp: buckets }, None))
    }
}

fn answer(partition_id: Option<i64>, bucket_id: i32, result: Result<i64, Failure>) -> PbPutKvRespForBucket {
    let answer = PbPutKvRespForBucket { partition_id, bucket_id, ..Default::default() };
    match result {
        Ok(end) => PbPutKvRespForBucket { log_end_offset: Some(end), ..answer },
        Err(failure) => {
            PbPutKvRespForBucket { error_code: Some(failure.code.code()), error_message: Some(failure.text), ..answer }
        }
    }
}

fn begin(
    service: &Service,
    request: &PutKvRequest,
    part: &PbPutKvReqForBucket,
) -> Result<oneshot::Receiver<PutResult>, Failure> {
    check_acks(request.acks)?;
    let (bucket, keys) = service.keyed(request.table_id, part.partition_id, part.bucket_id)?;
    if part.records.len() as u64 > service.limits.segment_bytes {
        let (size, most) = (part.records.len(), service.limits.segment_bytes);
        let text = format!("The records take {size} bytes, more than the {most} of a segment.");
        return Err(Failure::new(ServerErrorCode::RECORD_TOO_LARGE, text));
    }
    let overwrite = match request.agg_mode {
        None | Some(0) => false,
        Some(1) => true,
        Some(other) => {
            let text = format!("There is no merge mode {other}: it must be 0 (default) or 1 (overwrite).");
            return Err(Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text));
        }
    };
    let batch = KvBatch::parse(&part.records).map_err(MergeError::Damaged)?;
    if batch.bytes().len() < part.records.len() {
        let text = "The records of a bucket must be one key batch, but more follows it.";
        return Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text));
    }
    let table = keys.table();
    if table.version(batch.schema_id).is_none() {
        let (id, table) = (batch.schema_id, request.table_id);
        let text = format!("Schema with schema id {id} does not exist for the table with the id {table}.");
        // As for logs: a single node knows every schema that there is.
        return Err(Failure::invalid_table(text));
    }
    let put = Put::new(&batch, part.records.clone(), &table, &request.target_columns, overwrite)?;
    let put = if table.numbering.is_some() { put.numbered(service.numbers(request.table_id)) } else { put };
    Ok(service.committer.put(bucket, keys, put))
}
