//! How many rows buckets have (`fluss.md` 3.7).

use thalweg_wire::message::{
    GetTableStatsRequest, GetTableStatsResponse, PbTableStatsReqForBucket, PbTableStatsRespForBucket, ServerErrorCode,
};

use crate::failure::Failure;
use crate::handlers::bound;
use crate::handlers::service::Service;
use crate::ids::BucketId;

/// Counts the rows of a table's buckets.
pub(crate) fn table(service: &Service, request: GetTableStatsRequest) -> Result<GetTableStatsResponse, Failure> {
    bound(request.buckets_req.len())?;
    let count = |part: &PbTableStatsReqForBucket| {
        let answer = PbTableStatsRespForBucket {
            partition_id: part.partition_id,
            bucket_id: part.bucket_id,
            ..Default::default()
        };
        match rows(service, request.table_id, part) {
            Ok(rows) => PbTableStatsRespForBucket { row_count: Some(rows), ..answer },
            Err(failure) => PbTableStatsRespForBucket {
                error_code: Some(failure.code.code()),
                error_message: Some(failure.text),
                ..answer
            },
        }
    };
    Ok(GetTableStatsResponse { buckets_resp: request.buckets_req.iter().map(count).collect() })
}

fn rows(service: &Service, table: i64, part: &PbTableStatsReqForBucket) -> Result<i64, Failure> {
    match service.keyed(table, part.partition_id, part.bucket_id) {
        Ok((_, keys)) => keys.rows().ok_or_else(|| {
            let text = "Rows are not counted in a table whose changelog image is WAL: it does not tell new rows from \
                        changed ones.";
            Failure::invalid_table(text)
        }),
        Err(failure) if failure.code == ServerErrorCode::NON_PRIMARY_KEY_TABLE => {
            let id = BucketId { table, partition: part.partition_id, bucket: part.bucket_id };
            let bucket = service.bucket(id)?;
            Ok(bucket.log.high_watermark() - bucket.log.start())
        }
        Err(failure) => Err(failure),
    }
}
