//! Frames, every message, and error codes.

use bytes::Bytes;
use thalweg_wire::frame::{
    LENGTH_PREFIX, Response, decode_request, decode_response, encode_error_response, request_length, response_length,
};
use thalweg_wire::message::*;

use crate::common::Random;
use crate::machine::Target;
use crate::proto::Proto;

macro_rules! messages {
    ($($name:ident)*) => {
        /// Each message with what decodes it.
        const MESSAGES: &[(&str, fn(Bytes))] = &[$((stringify!($name), again::<$name>)),*];
    };
}

messages! {
    ApiVersionsRequest ApiVersionsResponse PbApiVersion AuthenticateRequest AuthenticateResponse
    PbTablePath PbPhysicalTablePath PbTableBucket PbServerNode PbKeyValue PbPartitionSpec
    CreateDatabaseRequest CreateDatabaseResponse DropDatabaseRequest DropDatabaseResponse
    ListDatabasesRequest ListDatabasesResponse PbDatabaseSummary DatabaseExistsRequest
    DatabaseExistsResponse GetDatabaseInfoRequest GetDatabaseInfoResponse AlterDatabaseRequest
    AlterDatabaseResponse CreateTableRequest CreateTableResponse DropTableRequest DropTableResponse
    GetTableInfoRequest GetTableInfoResponse ListTablesRequest ListTablesResponse TableExistsRequest
    TableExistsResponse GetTableSchemaRequest GetTableSchemaResponse AlterTableRequest
    AlterTableResponse PbAlterConfig PbAddColumn PbDropColumn PbRenameColumn PbModifyColumn
    PbModifyBucketCount GetTableStatsRequest GetTableStatsResponse PbTableStatsReqForBucket
    PbTableStatsRespForBucket MetadataRequest MetadataResponse PbTableMetadata PbPartitionMetadata
    PbBucketMetadata ListPartitionInfosRequest ListPartitionInfosResponse PbPartitionInfo
    CreatePartitionRequest CreatePartitionResponse DropPartitionRequest DropPartitionResponse
    InitWriterRequest InitWriterResponse ProduceLogRequest PbProduceLogReqForBucket ProduceLogResponse
    PbProduceLogRespForBucket PutKvRequest PbPutKvReqForBucket PutKvResponse PbPutKvRespForBucket
    FetchLogRequest PbFetchLogReqForTable PbFetchLogReqForBucket FetchLogResponse
    PbFetchLogRespForTable PbFetchLogRespForBucket PbRemoteLogFetchInfo PbRemoteLogSegment
    ListOffsetsRequest ListOffsetsResponse PbListOffsetsRespForBucket GetFileSystemSecurityTokenRequest
    GetFileSystemSecurityTokenResponse LookupRequest PbLookupReqForBucket LookupResponse
    PbLookupRespForBucket PbValue PrefixLookupRequest PbPrefixLookupReqForBucket PrefixLookupResponse
    PbPrefixLookupRespForBucket PbValueList LimitScanRequest LimitScanResponse ScanKvRequest
    PbScanReqForBucket ScanKvResponse GetLatestKvSnapshotsRequest GetLatestKvSnapshotsResponse
    PbKvSnapshot ListKvSnapshotsRequest ListKvSnapshotsResponse GetKvSnapshotMetadataRequest
    GetKvSnapshotMetadataResponse PbRemotePathAndLocalFile AcquireKvSnapshotLeaseRequest
    AcquireKvSnapshotLeaseResponse PbKvSnapshotLeaseForTable PbKvSnapshotLeaseForBucket
    ReleaseKvSnapshotLeaseRequest ReleaseKvSnapshotLeaseResponse DropKvSnapshotLeaseRequest
    DropKvSnapshotLeaseResponse GetLakeSnapshotRequest GetLakeSnapshotResponse PbLakeSnapshotForBucket
    GetClusterHealthRequest GetClusterHealthResponse DescribeClusterConfigsRequest
    DescribeClusterConfigsResponse PbDescribeConfig AlterClusterConfigsRequest AlterClusterConfigsResponse
    RebalanceRequest RebalanceResponse ListRebalanceProgressRequest ListRebalanceProgressResponse
    CancelRebalanceRequest CancelRebalanceResponse ListRemoteLogManifestsRequest ListRemoteLogManifestsResponse
    PbRemoteLogManifestEntry PbPredicate PbLeafPredicate PbCompoundPredicate
    PbLiteralValue
}

/// What decodes is written down again, and then decodes to the same.
fn again<M: Shaped>(body: Bytes) {
    let Ok(message) = decode::<M>(body) else { return };
    let bytes = message.encode_to_vec();
    let read = decode::<M>(bytes.clone().into()).expect("what was written down decodes");
    assert_eq!(read.encode_to_vec(), bytes);
}

#[test]
fn every_message_is_here() {
    let mut ours: Vec<&str> = MESSAGES.iter().map(|(name, _)| *name).collect();
    ours.sort_unstable();
    assert_eq!(ours, Proto::read().names().collect::<Vec<_>>(), "fluss.proto and the list here differ");
}

#[test]
fn messages() {
    let (proto, mut random) = (Proto::read(), Random(1));
    let mut seeds = Vec::new();
    for (at, (name, decode)) in MESSAGES.iter().enumerate() {
        for _ in 0..6 {
            let message = proto.message(name, &mut random, 0);
            decode(message.clone().into());
            seeds.push([&[at as u8][..], &message].concat());
        }
    }
    // A message of two bytes becomes a struct, some of them of 200 bytes, in a vector that grows by doubling.
    let target = Target { name: "messages", seeds, words: &[], memory: (400, 4096), seconds: 2.0 };
    target.run(|input| {
        let Some((which, body)) = input.split_first() else { return };
        MESSAGES[usize::from(*which) % MESSAGES.len()].1(Bytes::copy_from_slice(body));
    });
}

#[test]
fn the_seeds_decode() {
    let (proto, mut random) = (Proto::read(), Random(2));
    for _ in 0..20 {
        let bytes = proto.message("MetadataResponse", &mut random, 0);
        decode::<MetadataResponse>(bytes.into()).expect("a good message");
        let bytes = proto.message("PbPredicate", &mut random, 0);
        decode::<PbPredicate>(bytes.into()).expect("a good message");
    }
}

#[test]
fn frames() {
    let mut seeds = vec![
        b"\x00\x00\x00\x1b\x03\xe8\0\0\0\0\0\0\x0a\x0afluss-rust\x12\x051.0.0".to_vec(),
        b"\0\0\0\x0a\x02\x08\x19\x12\x04late".to_vec(),
        encode_error_response(7, 25, "late").expect("it is short"),
    ];
    seeds.extend((0..3).map(|kind| vec![0, 0, 0, 5, kind, 0, 0, 0, 7]));
    let target = Target { name: "frames", seeds, words: &[], memory: (16, 4096), seconds: 0.5 };
    target.run(|input| {
        let Some((prefix, frame)) = input.split_first_chunk::<LENGTH_PREFIX>() else { return };
        let _ = (request_length(*prefix), response_length(*prefix));
        let frame = Bytes::copy_from_slice(frame);
        if let Ok((header, body)) = decode_request(frame.clone()) {
            let start = [&header.api_key.to_be_bytes()[..], &header.api_version.to_be_bytes()].concat();
            assert_eq!([&start[..], &header.request_id.to_be_bytes(), &body].concat(), frame);
            let _ = ApiKey::from_code(header.api_key).map(|key| assert_eq!(key.code(), header.api_key));
        }
        if let Ok(Response::Error { request_id, code, message }) = decode_response(frame) {
            let error = ServerErrorCode::from_code(code);
            assert_eq!(error.code(), code);
            let _ = (error.to_string(), error.is_retriable(), error.is_stale_metadata());
            let again = Bytes::from(encode_error_response(request_id, code, &message).expect("it is short"));
            let again = decode_response(again.slice(LENGTH_PREFIX..)).expect("what was written down decodes");
            assert_eq!(again, Response::Error { request_id, code, message });
        }
    });
}
