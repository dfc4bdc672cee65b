//! The requests for offsets and row counts, and their answers, as messages.

use thalweg_wire::message::{
    self, GetTableStatsRequest, GetTableStatsResponse, ListOffsetsRequest, ListOffsetsResponse,
    PbTableStatsReqForBucket,
};

use super::Kind;
use crate::call::{Body, Call, Key, Target};

/// What an answer says of one bucket.
#[derive(Debug)]
pub(super) struct Said {
    /// Which.
    pub(super) bucket: i32,
    /// 0: none.
    pub(super) code: i32,
    /// The server's text; may be empty.
    pub(super) message: String,
    /// The offset or the count.
    pub(super) value: Option<i64>,
}

/// One request about buckets of one table or partition.
pub(super) fn call(
    key: Key,
    leader: i32,
    (table_id, partition_id): (i64, Option<i64>),
    kind: Kind,
    bucket_id: Vec<i32>,
) -> Call {
    let (offset_type, start_timestamp) = match kind {
        Kind::Earliest => (0, None),
        Kind::Latest => (1, None),
        Kind::At(timestamp) => (2, Some(timestamp)),
        Kind::Rows => {
            let bucket = |bucket_id| PbTableStatsReqForBucket { partition_id, bucket_id };
            let buckets_req = bucket_id.into_iter().map(bucket).collect();
            let request = GetTableStatsRequest { table_id, buckets_req, ..Default::default() };
            return Call::new(key, Target::Server(leader), request);
        }
    };
    let request = ListOffsetsRequest {
        follower_server_id: -1,
        offset_type,
        table_id,
        partition_id,
        bucket_id,
        start_timestamp,
        ..Default::default()
    };
    Call::new(key, Target::Server(leader), request)
}

/// What an answer says, to GetTableStats if `counts`.
pub(super) fn said(counts: bool, body: Body) -> Result<Vec<Said>, String> {
    let malformed = |error: message::DecodeError| error.to_string();
    if counts {
        let response = message::decode::<GetTableStatsResponse>(body.bytes).map_err(malformed)?;
        let said = response.buckets_resp.into_iter().map(|answer| Said {
            bucket: answer.bucket_id,
            code: answer.error_code.unwrap_or(0),
            message: answer.error_message.unwrap_or_default(),
            value: answer.row_count,
        });
        return Ok(said.collect());
    }
    let response = message::decode::<ListOffsetsResponse>(body.bytes).map_err(malformed)?;
    let said = response.buckets_resp.into_iter().map(|answer| Said {
        bucket: answer.bucket_id,
        code: answer.error_code.unwrap_or(0),
        message: answer.error_message.unwrap_or_default(),
        value: answer.offset,
    });
    Ok(said.collect())
}
