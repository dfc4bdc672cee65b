//! Answers of the catalogue from messages.

use bytes::Bytes;
use thalweg_wire::{
    message::{
        self, AlterClusterConfigsResponse, AlterDatabaseResponse, AlterTableResponse, CreateDatabaseResponse,
        CreatePartitionResponse, CreateTableResponse, DescribeClusterConfigsResponse, DropDatabaseResponse,
        DropPartitionResponse, DropTableResponse, GetClusterHealthResponse, GetDatabaseInfoResponse,
        GetTableInfoResponse, ListDatabasesResponse, ListPartitionInfosResponse, ListTablesResponse, MetadataResponse,
        PbDescribeConfig, PbPartitionInfo, PbServerNode, Shaped,
    },
    table::{DatabaseDescriptor, TableDescriptor, TablePath},
};

use crate::cluster::address;
use thalweg_contract::{
    Answer, ClusterRequest, Config, DatabaseInfo, Health, PartitionInfo, Request, Role, Server, Status, TableInfo,
};

/// The answer to a request, or what is wrong with it.
pub(super) fn answer(request: &Request, body: Bytes) -> Result<Answer, String> {
    match request {
        Request::CreateDatabase { .. } => done::<CreateDatabaseResponse>(body),
        Request::DropDatabase { .. } => done::<DropDatabaseResponse>(body),
        Request::CreateTable { .. } => done::<CreateTableResponse>(body),
        Request::DropTable { .. } => done::<DropTableResponse>(body),
        Request::AlterTable { .. } | Request::AddColumns { .. } => done::<AlterTableResponse>(body),
        Request::CreatePartition { .. } => done::<CreatePartitionResponse>(body),
        Request::DropPartition { .. } => done::<DropPartitionResponse>(body),
        Request::ListDatabases => Ok(names(decode::<ListDatabasesResponse>(body)?.database_name)),
        Request::ListTables { .. } => Ok(names(decode::<ListTablesResponse>(body)?.table_name)),
        Request::ShowDatabase { name } => database(name, &decode(body)?),
        Request::ShowTable { path } => table(path, &decode(body)?),
        Request::ListPartitions { .. } => {
            let response: ListPartitionInfosResponse = decode(body)?;
            let mut partitions: Vec<_> = response.partitions_info.into_iter().map(partition).collect();
            partitions.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            Ok(Answer::Partitions(partitions))
        }
        Request::Cluster(request) => cluster(request, body),
        Request::ListOffsets { .. } => Err("an answer that was not asked for".into()),
    }
}

/// The answer to a request about the cluster.
fn cluster(request: &ClusterRequest, body: Bytes) -> Result<Answer, String> {
    match request {
        ClusterRequest::Servers => {
            let response: MetadataResponse = decode(body)?;
            let of = |role: Role| move |node: &PbServerNode| server(role, node);
            let coordinator = response.coordinator_server.iter().map(of(Role::Coordinator));
            let servers = coordinator.chain(response.tablet_servers.iter().map(of(Role::Tablet)));
            let mut servers: Vec<Server> = servers.collect::<Result<_, _>>()?;
            servers.sort_by_key(|server| (server.role, server.id));
            Ok(Answer::Servers(servers))
        }
        ClusterRequest::Configs => {
            let response: DescribeClusterConfigsResponse = decode(body)?;
            let config = |PbDescribeConfig { config_key, config_value, config_source }| Config {
                key: config_key,
                value: config_value,
                source: config_source,
            };
            let mut configs: Vec<Config> = response.configs.into_iter().map(config).collect();
            configs.sort_by(|one, other| one.key.cmp(&other.key));
            Ok(Answer::Configs(configs))
        }
        ClusterRequest::Health => {
            let response: GetClusterHealthResponse = decode(body)?;
            let count = |number: i32| u32::try_from(number).unwrap_or(0);
            Ok(Answer::Health(Health {
                status: match response.status {
                    0 => Status::Green,
                    1 => Status::Yellow,
                    2 => Status::Red,
                    _ => Status::Unknown,
                },
                replicas: count(response.num_replicas),
                in_sync: count(response.in_sync_replicas),
                leaders: count(response.num_leader_replicas),
                active_leaders: count(response.active_leader_replicas),
            }))
        }
        ClusterRequest::AlterConfigs { .. } => done::<AlterClusterConfigsResponse>(body),
        ClusterRequest::AlterDatabase { .. } => done::<AlterDatabaseResponse>(body),
    }
}

fn server(role: Role, node: &PbServerNode) -> Result<Server, String> {
    let address = address(node).ok_or_else(|| format!("the server {} has no address", node.node_id))?;
    Ok(Server { role, id: node.node_id, address, rack: node.rack.clone() })
}

fn decode<M: Shaped>(body: Bytes) -> Result<M, String> {
    message::decode(body).map_err(|error| error.to_string())
}

fn done<M: Shaped>(body: Bytes) -> Result<Answer, String> {
    decode::<M>(body).map(|_| Answer::Done)
}

fn names(mut names: Vec<String>) -> Answer {
    names.sort_unstable();
    Answer::Names(names)
}

fn database(name: &str, response: &GetDatabaseInfoResponse) -> Result<Answer, String> {
    let descriptor = DatabaseDescriptor::from_json(&response.database_json)
        .map_err(|error| format!("the description of the database {name} cannot be read: {error}"))?;
    Ok(Answer::Database(DatabaseInfo {
        name: name.to_owned(),
        comment: descriptor.comment,
        custom_properties: descriptor.custom_properties.into_iter().collect(),
        created: response.created_time,
        modified: response.modified_time,
    }))
}

fn table(path: &TablePath, response: &GetTableInfoResponse) -> Result<Answer, String> {
    let descriptor = TableDescriptor::from_json(&response.table_json).map_err(|error| {
        format!("the description of the table {}.{} cannot be read: {error}", path.database, path.table)
    })?;
    Ok(Answer::Table(Box::new(TableInfo {
        path: path.clone(),
        table_id: response.table_id,
        schema_id: response.schema_id,
        descriptor,
        created: response.created_time,
        modified: response.modified_time,
    })))
}

fn partition(info: PbPartitionInfo) -> PartitionInfo {
    let pairs = info.partition_spec.partition_key_values.into_iter();
    let spec: Vec<(String, String)> = pairs.map(|pair| (pair.key, pair.value)).collect();
    let values: Vec<&str> = spec.iter().map(|(_, value)| value.as_str()).collect();
    PartitionInfo { partition_id: info.partition_id, name: values.join("$"), spec }
}
