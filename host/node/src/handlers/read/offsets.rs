//! Where a bucket begins and ends, and its last rows (`fluss.md` 3.7).

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::{
    LimitScanRequest, LimitScanResponse, ListOffsetsRequest, ListOffsetsResponse, PbListOffsetsRespForBucket,
    ServerErrorCode,
};

use super::scan_kv;
use crate::bucket::Bucket;
use crate::failure::Failure;
use crate::handlers::bound;
use crate::handlers::service::Service;
use crate::ids::BucketId;
use crate::log::ReadError;
use crate::runtime::clock;
use crate::runtime::memory::Share;

/// What is asked of each bucket.
enum Question {
    Earliest,
    Latest,
    AtTime(i64),
}

/// Lists offsets of a table's buckets.
pub(crate) fn list(service: &Service, request: ListOffsetsRequest) -> Result<ListOffsetsResponse, Failure> {
    bound(request.bucket_id.len())?;
    let question = question(&request);
    let answer = |bucket_id: &i32| {
        let id = BucketId { table: request.table_id, partition: request.partition_id, bucket: *bucket_id };
        let result = match (&question, service.bucket(id)) {
            (Ok(question), Ok(bucket)) => ask(&bucket, question).map_err(Failure::from),
            (Err(failure), Ok(_)) => Err(failure.clone()),
            (_, Err(failure)) => Err(failure),
        };
        let answer = PbListOffsetsRespForBucket { bucket_id: *bucket_id, ..Default::default() };
        match result {
            Ok(offset) => PbListOffsetsRespForBucket { offset: Some(offset), ..answer },
            Err(failure) => PbListOffsetsRespForBucket {
                error_code: Some(failure.code.code()),
                error_message: Some(failure.text),
                ..answer
            },
        }
    };
    Ok(ListOffsetsResponse { buckets_resp: request.bucket_id.iter().map(answer).collect() })
}

fn question(request: &ListOffsetsRequest) -> Result<Question, Failure> {
    let invalid = |text: String| Failure::new(ServerErrorCode::INVALID_TIMESTAMP, text);
    match (request.offset_type, request.start_timestamp) {
        (0, _) => Ok(Question::Earliest),
        (1, _) => Ok(Question::Latest),
        (2, Some(timestamp)) => {
            let now = clock::now();
            if timestamp > now {
                return Err(invalid(format!("The timestamp {timestamp} is in the future: it is {now} now.")));
            }
            Ok(Question::AtTime(timestamp))
        }
        (2, None) => Err(invalid("The timestamp to look for is missing.".to_owned())),
        (other, _) => {
            let text =
                format!("There is no offset type {other}: ask for 0 (earliest), 1 (latest) or 2 (by timestamp).");
            Err(Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text))
        }
    }
}

fn ask(bucket: &Bucket, question: &Question) -> Result<i64, ReadError> {
    match question {
        Question::Earliest => Ok(bucket.log.start()),
        Question::Latest => Ok(bucket.log.high_watermark()),
        Question::AtTime(timestamp) => bucket.log.offset_of_time(*timestamp),
    }
}

/// The last rows of a bucket: whole batches that hold the last `limit` rows, as far as they lie in its last segment
/// and fit into one answer. The client drops the rows that are too many.
pub(crate) async fn limit_scan(
    service: Arc<Service>,
    request: LimitScanRequest,
) -> Result<(LimitScanResponse, Option<Share>), Failure> {
    if let Ok((_, keys)) = service.keyed(request.table_id, request.partition_id, request.bucket_id) {
        return scan_kv::limit(service, keys, request.limit).await;
    }
    let id = BucketId { table: request.table_id, partition: request.partition_id, bucket: request.bucket_id };
    let read = match service.bucket(id) {
        Ok(bucket) => scan(&service, bucket, request.limit).await,
        Err(failure) => Err(failure),
    };
    Ok(match read {
        Ok((records, share)) => {
            let records = Some(records);
            (LimitScanResponse { is_log_table: Some(true), records, ..Default::default() }, Some(share))
        }
        Err(failure) => {
            let (error_code, error_message) = (Some(failure.code.code()), Some(failure.text));
            (LimitScanResponse { error_code, error_message, ..Default::default() }, None)
        }
    })
}

/// Reads with a share of the memory for answers.
async fn scan(service: &Service, bucket: Arc<Bucket>, limit: i32) -> Result<(Bytes, Share), Failure> {
    let most = service.limits.answer_bytes;
    let readable = usize::try_from(bucket.log.last_readable().1).map_or(most, |bytes| bytes.min(most)).max(1);
    let share = service.answers.take(readable, service.limits.transfer).await;
    let mut share = share.ok_or_else(Failure::busy)?;
    let records = tokio::task::spawn_blocking(move || last_rows(&bucket, limit, most));
    let records = records.await.map_err(|_| Failure::broken())??;
    share.shrink(records.len());
    Ok((records, share))
}

fn last_rows(bucket: &Bucket, limit: i32, most: usize) -> Result<Bytes, ReadError> {
    let end = bucket.log.high_watermark();
    let mut from =
        end.saturating_sub(i64::from(limit.max(0))).max(bucket.log.last_readable().0).max(bucket.log.start());
    loop {
        let records = bucket.log.read(from, most, true)?;
        match crate::log::batch::end_of(&records) {
            // What fits into an answer ends before the log does: begin later.
            Some(reached) if reached < end => from = reached.max(from + (end - from) / 2),
            _ => return Ok(records),
        }
    }
}
