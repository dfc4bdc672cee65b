//! Who serves what: this node, everything.

use std::collections::BTreeSet;

use prost::Message;
use thalweg_wire::message::{
    MetadataRequest, MetadataResponse, PbBucketMetadata, PbPartitionMetadata, PbPhysicalTablePath, PbServerNode,
    PbTableMetadata, PbTablePath, ServerErrorCode,
};
use thalweg_wire::table::TablePath;

use crate::catalog::{State, Table};
use crate::failure::Failure;
use crate::handlers::service::Service;
use crate::handlers::{bound, path};

/// The number of the only server there is.
const NODE_ID: i32 = 0;

/// The servers, and the tables and partitions that are asked for. Nothing is said about others: fluss-rs does not bear
/// it (`fluss.md` 0.1).
pub(crate) fn metadata(service: &Service, request: MetadataRequest) -> Result<MetadataResponse, Failure> {
    let state = service.catalog.state();
    bound(request.table_path.len() + request.partitions_path.len() + request.partitions_id.len())?;
    let mut room = service.limits.answer_bytes;
    let mut table_metadata = Vec::with_capacity(request.table_path.len());
    for asked in request.table_path {
        let path = path(asked.clone());
        let Some(table) = state.table(&path) else {
            // Fluss answers so too, and not with TABLE_NOT_EXIST.
            let text = format!("org.apache.fluss.exception.FlussRuntimeException: Failed to get tables '[{path}]'.");
            return Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text));
        };
        let table = describe(asked, table);
        room = take(room, &table)?;
        table_metadata.push(table);
    }
    let mut partitions = BTreeSet::new();
    for asked in request.partitions_path {
        partitions.insert(partition_of_path(&state, asked)?);
    }
    for id in request.partitions_id {
        partitions.insert(partition_of_id(&state, id)?);
    }
    let mut partition_metadata = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let partition = partition.describe();
        room = take(room, &partition)?;
        partition_metadata.push(partition);
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
        table_metadata,
        partition_metadata,
    })
}

/// Takes a part's bytes from those that the answer may have.
fn take(room: usize, part: &impl Message) -> Result<usize, Failure> {
    room.checked_sub(part.encoded_len()).ok_or_else(|| {
        let text = "What was asked for makes too long an answer; ask for fewer tables and partitions at once.";
        Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text)
    })
}

/// A partition that was asked for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Partition<'a> {
    id: i64,
    name: &'a str,
    table: i64,
    buckets: u32,
}

impl Partition<'_> {
    fn describe(&self) -> PbPartitionMetadata {
        PbPartitionMetadata {
            table_id: self.table,
            partition_name: self.name.to_owned(),
            partition_id: self.id,
            bucket_metadata: buckets(self.buckets),
            ..Default::default()
        }
    }
}

fn partition_of_path(state: &State, asked: PbPhysicalTablePath) -> Result<Partition<'_>, Failure> {
    let path = TablePath { database: asked.database_name, table: asked.table_name };
    let asked = asked.partition_name.unwrap_or_default();
    let found = state.table(&path).and_then(|table| Some((table, table.partitions.get_key_value(&asked)?)));
    let (table, (name, id)) = found.ok_or_else(|| {
        let text = format!("Table partition '{path}(p={asked})' does not exist.");
        Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text)
    })?;
    Ok(Partition { id: *id, name, table: table.id, buckets: table.buckets() })
}

fn partition_of_id(state: &State, id: i64) -> Result<Partition<'_>, Failure> {
    let (table, name) = state.partition_of_id(id).ok_or_else(|| {
        let text = format!("The partition id '{id}' does not exist or you don't have permission to access it.");
        Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text)
    })?;
    Ok(Partition { id, name, table: table.id, buckets: table.buckets() })
}

/// A table; the buckets of a partitioned one are those of its partitions.
fn describe(path: PbTablePath, table: &Table) -> PbTableMetadata {
    PbTableMetadata {
        table_path: path,
        table_id: table.id,
        schema_id: table.schema_id,
        table_json: table.definition.json.clone(),
        bucket_metadata: if table.is_partitioned() { Vec::new() } else { buckets(table.buckets()) },
        created_time: table.created,
        modified_time: table.modified,
        ..Default::default()
    }
}

fn buckets(count: u32) -> Vec<PbBucketMetadata> {
    let bucket = |bucket_id| PbBucketMetadata {
        bucket_id,
        leader_id: Some(NODE_ID),
        replica_id: vec![NODE_ID],
        leader_epoch: Some(0),
        ..Default::default()
    };
    (0..i32::try_from(count).unwrap_or(i32::MAX)).map(bucket).collect()
}
