//! The write stage's requests as calls, and their answers as it takes them.

use std::time::Duration;

use thalweg_wire::{
    message::{
        self, ApiKey, BucketRecords, CreatePartitionRequest, DecodeError, InitWriterResponse, PbKeyValue,
        PbPartitionSpec, ProduceLogResponse, PutKvHead, PutKvResponse, Segment, ServerErrorCode,
    },
    table::partition_values,
};

use crate::{
    call::{Body, Call, Failure, Frame, Key, Target, fatal, passing},
    cluster::wire_path,
    write::{BucketReply, Produce, Reply},
};
use thalweg_contract::{Error, ErrorCode, Piece, TableInfo};

/// The call of a ProduceLog or PutKv request: its bodies stay with the host.
pub(super) fn produce(request: Produce) -> Call {
    let (key, to) = (Key::Produce(request.key), Target::Server(request.leader));
    let api = if request.columns.is_some() { ApiKey::PutKv } else { ApiKey::ProduceLog };
    let encode = move |id: i32, version: i16| {
        let buckets = request.batches.iter().map(|batch| BucketRecords {
            partition_id: batch.bucket.partition,
            bucket_id: batch.bucket.bucket as i32,
            head: &batch.head,
            body_length: batch.body.length as usize,
        });
        let buckets: Vec<BucketRecords<'_>> = buckets.collect();
        let (acks, table_id, timeout_ms) = (request.acks, request.table_id, request.timeout_ms);
        let segments = match &request.columns {
            None => message::encode_produce_request(id, acks, table_id, timeout_ms, &buckets)?,
            Some(target_columns) => {
                let head = PutKvHead { table_id, acks, timeout_ms, target_columns, agg_mode: None };
                message::encode_put_kv_request(id, version, &head, &buckets)?
            }
        };
        let pieces = segments.into_iter().filter_map(|segment| match segment {
            Segment::Inline(bytes) => Some(Piece::Inline(bytes)),
            Segment::Body(at) => request.batches.get(at).map(|batch| Piece::Held(batch.body)),
        });
        Ok(pieces.collect())
    };
    Call { key, to, api, frame: Frame(Box::new(encode)), wait: Duration::ZERO }
}

/// What the write stage is told of an answer, and what is wrong with it.
pub(super) fn produced(address: &str, result: Result<Body, Failure>, keyed: bool) -> (Reply, Result<(), String>) {
    let body = match result {
        Ok(body) => body,
        Err(Failure::Refused { code, message }) => return (Reply::Refused { code, message }, Ok(())),
        Err(Failure::Lost { error, sent }) => return (Reply::Lost { error, sent }, Ok(())),
    };
    let (api, buckets) = if keyed { ("PUT_KV", put(body)) } else { ("PRODUCE_LOG", appended(body)) };
    match buckets {
        Ok(buckets) => (Reply::Answered(buckets), Ok(())),
        Err(error) => {
            let reason = format!("in the answer to {api}: {error}");
            let error = passing(ErrorCode::Corrupt(format!("{address} broke the protocol: {reason}")));
            (Reply::Lost { error, sent: true }, Err(reason))
        }
    }
}

fn appended(body: Body) -> Result<Vec<BucketReply>, DecodeError> {
    let response = message::decode::<ProduceLogResponse>(body.bytes)?;
    let buckets = response.buckets_resp.into_iter().map(|bucket| BucketReply {
        partition: bucket.partition_id,
        bucket: bucket.bucket_id,
        code: bucket.error_code,
        message: bucket.error_message,
        offset: bucket.base_offset,
    });
    Ok(buckets.collect())
}

fn put(body: Body) -> Result<Vec<BucketReply>, DecodeError> {
    let response = message::decode::<PutKvResponse>(body.bytes)?;
    let buckets = response.buckets_resp.into_iter().map(|bucket| BucketReply {
        partition: bucket.partition_id,
        bucket: bucket.bucket_id,
        code: bucket.error_code,
        message: bucket.error_message,
        offset: bucket.log_end_offset,
    });
    Ok(buckets.collect())
}

/// The call that creates a partition by its name, unless it is there by then.
pub(super) fn create_partition(key: u64, table: &TableInfo, name: &str) -> Result<Call, Error> {
    let keys = &table.descriptor.partition_keys;
    let values = partition_values(keys, name).map_err(|error| fatal(ErrorCode::Invalid(error.to_string())))?;
    let pairs = keys.iter().zip(values).map(|(key, value)| PbKeyValue { key: key.clone(), value: value.to_owned() });
    let request = CreatePartitionRequest {
        table_path: wire_path(&table.path),
        partition_spec: PbPartitionSpec { partition_key_values: pairs.collect() },
        ignore_if_not_exists: true,
    };
    Ok(Call::new(Key::Partition(key), Target::Coordinator, request))
}

/// Whether a partition was created, or was there.
pub(super) fn created(result: Result<Body, Failure>) -> Result<(), Failure> {
    match result {
        Err(Failure::Refused { code, .. }) if code == ServerErrorCode::PARTITION_ALREADY_EXISTS.code() => Ok(()),
        result => result.map(drop),
    }
}

/// A writer id, and what is wrong with the answer.
pub(super) fn writer(result: Result<Body, Failure>) -> (Result<i64, Error>, Result<(), String>) {
    match result {
        Err(failure) => (Err(failure.into_error()), Ok(())),
        Ok(body) => match message::decode::<InitWriterResponse>(body.bytes) {
            Ok(response) => (Ok(response.writer_id), Ok(())),
            Err(error) => {
                let reason = format!("in the answer to INIT_WRITER: {error}");
                (Err(passing(ErrorCode::Corrupt(reason.clone()))), Err(reason))
            }
        },
    }
}
