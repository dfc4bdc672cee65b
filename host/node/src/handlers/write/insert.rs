//! Looking keys up and inserting those that are missing (`fluss.md` 3.7): rows of nothing but their key.

use std::time::Duration;

use thalweg_wire::message::{LookupRequest, LookupResponse, PbLookupReqForBucket, PbLookupRespForBucket};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::produce::{LONGEST_WAIT, check_acks, late};
use crate::bucket::commit::PutResult;
use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::keys::Put;

/// How long an insertion may take when the client does not say.
const WAIT: Duration = Duration::from_secs(30);

/// Inserts the keys that a lookup did not find. Returns what became of each bucket of the request.
pub(crate) async fn insert_missing(
    service: &Service,
    request: &LookupRequest,
    found: &LookupResponse,
) -> Vec<Result<(), Failure>> {
    let wait = request.timeout_ms.map_or(WAIT, |wait| Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
    let deadline = Instant::now() + wait.min(LONGEST_WAIT);
    let lifecycle = &service.lifecycle;
    let parts = request.buckets_req.iter().zip(&found.buckets_resp);
    let begun: Vec<_> = parts.map(|(part, found)| begin(service, request, part, found)).collect();
    let mut results = Vec::with_capacity(begun.len());
    for begun in begun {
        results.push(match begun {
            Ok(None) => Ok(()),
            Ok(Some(fate)) => match timeout_at(deadline, fate).await {
                Ok(Ok(fate)) => fate.map(drop).map_err(Failure::from),
                Ok(Err(_)) => Err(lifecycle.given_up()),
                Err(_) => Err(late()),
            },
            Err(failure) => Err(failure),
        });
    }
    results
}

/// Hands the missing keys of one bucket over; `None` if there are none.
fn begin(
    service: &Service,
    request: &LookupRequest,
    part: &PbLookupReqForBucket,
    found: &PbLookupRespForBucket,
) -> Result<Option<oneshot::Receiver<PutResult>>, Failure> {
    let missing = part.keys.iter().zip(&found.values).filter(|(_, value)| value.values.is_none());
    let missing: Vec<&[u8]> = missing.map(|(key, _)| key.as_ref()).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    check_acks(request.acks.unwrap_or(-1))?;
    let (bucket, keys) = service.keyed(request.table_id, part.partition_id, part.bucket_id)?;
    let table = keys.table();
    if !table.latest.key.is_whole(&table.primary_key) {
        let text = "Rows of a partitioned table cannot be inserted by a lookup: its keys do not tell the partition.";
        return Err(Failure::invalid_table(text));
    }
    let put = Put::of_keys(&table, &missing)?;
    let put = if table.numbering.is_some() { put.numbered(service.numbers(request.table_id)) } else { put };
    Ok(Some(service.committer.put(bucket, keys, put)))
}
