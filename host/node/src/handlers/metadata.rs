//! Who serves what: this node, everything.

use prost::Message;
use thalweg_wire::message::{
    ListPartitionInfosRequest, ListPartitionInfosResponse, MetadataRequest, MetadataResponse, PbBucketMetadata,
    PbServerNode, PbTableMetadata, PbTablePath, ServerErrorCode,
};

use super::path;
use crate::catalog::{Table, no_table};
use crate::failure::Failure;
use crate::service::Service;

/// The number of the only server there is.
const NODE_ID: i32 = 0;

/// The servers, and the tables that are asked for. Nothing is said about tables that were not asked for: fluss-rs does
/// not bear it (`fluss.md` 0.1).
pub(crate) fn metadata(service: &Service, request: MetadataRequest) -> Result<MetadataResponse, Failure> {
    let state = service.catalog.state();
    if let Some(partition) = request.partitions_path.first() {
        let name = partition.partition_name.as_deref().unwrap_or_default();
        let text =
            format!("Table partition '{}.{}(p={name})' does not exist.", partition.database_name, partition.table_name);
        return Err(Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text));
    }
    if let Some(id) = request.partitions_id.first() {
        let text = format!("Table partition with the id {id} does not exist.");
        return Err(Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text));
    }
    super::bound(request.table_path.len())?;
    let (mut tables, mut bytes) = (Vec::with_capacity(request.table_path.len()), 0);
    for asked in request.table_path {
        let path = path(asked.clone());
        let Some(table) = state.table(&path) else {
            // Fluss answers so too, and not with TABLE_NOT_EXIST.
            let text = format!(
                "org.apache.fluss.exception.FlussRuntimeException: Failed to get tables '[{}.{}]'.",
                path.database, path.table
            );
            return Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text));
        };
        let table = describe(asked, table);
        bytes += table.encoded_len();
        if bytes > service.limits.answer_bytes {
            let text = "The tables asked for make too long an answer; ask for fewer at once.";
            return Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text));
        }
        tables.push(table);
    }
    let server = PbServerNode {
        node_id: NODE_ID,
        host: service.host.clone(),
        port: i32::from(service.port),
        ..Default::default()
    };
    Ok(MetadataResponse {
        coordinator_server: Some(server.clone()),
        tablet_servers: vec![server],
        table_metadata: tables,
        partition_metadata: Vec::new(),
    })
}

fn describe(path: PbTablePath, table: &Table) -> PbTableMetadata {
    let bucket = |bucket_id| PbBucketMetadata {
        bucket_id,
        leader_id: Some(NODE_ID),
        replica_id: vec![NODE_ID],
        leader_epoch: Some(0),
        ..Default::default()
    };
    let buckets = i32::try_from(table.buckets()).unwrap_or(i32::MAX);
    PbTableMetadata {
        table_path: path,
        table_id: table.id,
        schema_id: table.schema_id,
        table_json: table.json.clone(),
        bucket_metadata: (0..buckets).map(bucket).collect(),
        created_time: table.created,
        modified_time: table.modified,
        ..Default::default()
    }
}

/// The partitions of a table; no table here has any.
pub(crate) fn partitions(
    service: &Service,
    request: ListPartitionInfosRequest,
) -> Result<ListPartitionInfosResponse, Failure> {
    let path = path(request.table_path);
    let state = service.catalog.state();
    state.table(&path).ok_or_else(|| no_table(&path))?;
    let text = format!("Table '{}.{}' is not a partitioned table.", path.database, path.table);
    Err(Failure::new(ServerErrorCode::TABLE_NOT_PARTITIONED, text))
}
