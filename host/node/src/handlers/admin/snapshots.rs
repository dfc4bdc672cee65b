//! Copies of tables outside the node, in remote storage or a data lake: a node has none, and says so as a server does that
//! has not made any yet.

use thalweg_wire::message::{
    AcquireKvSnapshotLeaseRequest, AcquireKvSnapshotLeaseResponse, DropKvSnapshotLeaseRequest,
    DropKvSnapshotLeaseResponse, GetKvSnapshotMetadataRequest, GetKvSnapshotMetadataResponse, GetLakeSnapshotRequest,
    GetLakeSnapshotResponse, GetLatestKvSnapshotsRequest, GetLatestKvSnapshotsResponse, ListKvSnapshotsRequest,
    ListKvSnapshotsResponse, ListRemoteLogManifestsRequest, ListRemoteLogManifestsResponse, PbKvSnapshot,
    ReleaseKvSnapshotLeaseRequest, ReleaseKvSnapshotLeaseResponse, ServerErrorCode,
};

use crate::catalog::{Table, no_table};
use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::handlers::{bound, path};

/// The buckets of a keyed table or partition, each without a snapshot.
pub(crate) fn latest(
    service: &Service,
    request: GetLatestKvSnapshotsRequest,
) -> Result<GetLatestKvSnapshotsResponse, Failure> {
    let path = path(request.table_path);
    let state = service.catalog.state();
    let table = state.table(&path).ok_or_else(|| no_table(&path))?;
    let named = format!("Table '{}.{}'", path.database, path.table);
    must_be_keyed(table, &named)?;
    let partition_id = match (request.partition_name, table.is_partitioned()) {
        (None, false) => None,
        (Some(_), false) => {
            let text = format!("{named} is not a partitioned table.");
            return Err(Failure::new(ServerErrorCode::TABLE_NOT_PARTITIONED, text));
        }
        (None, true) => {
            let text = format!("{named} is a partitioned table, but partition name is not provided.");
            return Err(Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text));
        }
        (Some(name), true) => Some(*table.partitions.get(&name).ok_or_else(|| {
            let text = format!("The partition '{name}' of table '{}.{}' does not exist.", path.database, path.table);
            Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text)
        })?),
    };
    let none =
        |bucket: u32| PbKvSnapshot { bucket_id: i32::try_from(bucket).unwrap_or(i32::MAX), ..Default::default() };
    let latest_snapshots = (0..table.buckets()).map(none).collect();
    Ok(GetLatestKvSnapshotsResponse { table_id: table.id, partition_id, latest_snapshots })
}

/// No snapshots of a keyed table.
pub(crate) fn list(service: &Service, request: ListKvSnapshotsRequest) -> Result<ListKvSnapshotsResponse, Failure> {
    let ListKvSnapshotsRequest { table_id, partition_id } = request;
    let state = service.catalog.state();
    let table = state.table_of_id(table_id).ok_or_else(|| unknown(table_id))?;
    must_be_keyed(table, &format!("The table with the id {table_id}"))?;
    Ok(ListKvSnapshotsResponse { table_id, partition_id, ..Default::default() })
}

/// There is no such snapshot.
pub(crate) fn metadata(
    _: &Service,
    request: GetKvSnapshotMetadataRequest,
) -> Result<GetKvSnapshotMetadataResponse, Failure> {
    let GetKvSnapshotMetadataRequest { table_id, bucket_id, snapshot_id, .. } = request;
    let text = format!(
        "Failed to get kv snapshot metadata for bucket {bucket_id} of the table with the id {table_id} and snapshot id \
         {snapshot_id}. Error: Kv snapshot not found"
    );
    Err(Failure::new(ServerErrorCode::KV_SNAPSHOT_NOT_EXIST, text))
}

/// Leases nothing: none of the snapshots is there. (A server of Fluss does not look, and leases what there is not.)
pub(crate) fn acquire(
    service: &Service,
    request: AcquireKvSnapshotLeaseRequest,
) -> Result<AcquireKvSnapshotLeaseResponse, Failure> {
    let named = request.snapshots_to_lease.iter().map(|table| table.bucket_snapshots.len() + 1).sum();
    bound(named)?;
    let state = service.catalog.state();
    for leased in &request.snapshots_to_lease {
        let table = state.table_of_id(leased.table_id).ok_or_else(|| unknown(leased.table_id))?;
        must_be_keyed(table, &format!("The table with the id {}", leased.table_id))?;
    }
    Ok(AcquireKvSnapshotLeaseResponse { unavailable_snapshots: request.snapshots_to_lease })
}

/// Gives back what was never leased.
pub(crate) fn release(
    service: &Service,
    request: ReleaseKvSnapshotLeaseRequest,
) -> Result<ReleaseKvSnapshotLeaseResponse, Failure> {
    bound(request.buckets_to_release.len())?;
    let state = service.catalog.state();
    for released in &request.buckets_to_release {
        let table = state.table_of_id(released.table_id).ok_or_else(|| unknown(released.table_id))?;
        must_be_keyed(table, &format!("The table with the id {}", released.table_id))?;
    }
    Ok(ReleaseKvSnapshotLeaseResponse {})
}

/// Gives up a lease that there is not.
pub(crate) fn drop_lease(_: &Service, _: DropKvSnapshotLeaseRequest) -> Result<DropKvSnapshotLeaseResponse, Failure> {
    Ok(DropKvSnapshotLeaseResponse {})
}

/// The table has nothing in a lake.
pub(crate) fn lake(service: &Service, request: GetLakeSnapshotRequest) -> Result<GetLakeSnapshotResponse, Failure> {
    let readable = request.readable == Some(true);
    if readable && request.snapshot_id.is_some() {
        let text = "java.lang.IllegalArgumentException: GetLakeSnapshotRequest cannot set both snapshot_id and \
                    readable=true; use one or the other.";
        return Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text));
    }
    let path = path(request.table_path);
    let state = service.catalog.state();
    let table = state.table(&path).ok_or_else(|| no_table(&path))?;
    let kind = if readable { "readable snapshot" } else { "snapshot" };
    let which = request.snapshot_id.map_or_else(String::new, |id| format!(", snapshot id: {id}"));
    let (database, name, id) = (&path.database, &path.table, table.id);
    let text = format!("Lake table {kind} doesn't exist for table: {database}.{name}, table id: {id}{which}");
    Err(Failure::new(ServerErrorCode::LAKE_SNAPSHOT_NOT_EXIST, text))
}

/// No part of a log lies in remote storage.
pub(crate) fn manifests(
    service: &Service,
    request: ListRemoteLogManifestsRequest,
) -> Result<ListRemoteLogManifestsResponse, Failure> {
    let state = service.catalog.state();
    state.table_of_id(request.table_id).ok_or_else(|| unknown(request.table_id))?;
    Ok(ListRemoteLogManifestsResponse::default())
}

fn must_be_keyed(table: &Table, named: &str) -> Result<(), Failure> {
    if table.definition.keyed.is_some() {
        return Ok(());
    }
    let text = format!("{named} is not a primary key table, so it doesn't have any kv snapshots.");
    Err(Failure::new(ServerErrorCode::NON_PRIMARY_KEY_TABLE, text))
}

fn unknown(table: i64) -> Failure {
    let text = format!("This server does not know the table id {table}; the table may have been dropped.");
    Failure::new(ServerErrorCode::UNKNOWN_TABLE_OR_BUCKET, text)
}
