//! Requests to the catalogue as messages. All go to the coordinator: it also answers the questions
//! (`server-behaviour.md`), and knows what it changed a moment ago. Questions go to another server when it is away.

use thalweg_wire::{
    message::{
        AlterClusterConfigsRequest, AlterDatabaseRequest, AlterTableRequest, CreateDatabaseRequest,
        CreatePartitionRequest, CreateTableRequest, DescribeClusterConfigsRequest, DropDatabaseRequest,
        DropPartitionRequest, DropTableRequest, GetClusterHealthRequest, GetDatabaseInfoRequest, GetTableInfoRequest,
        ListDatabasesRequest, ListPartitionInfosRequest, ListTablesRequest, MetadataRequest, PbAddColumn,
        PbAlterConfig, PbKeyValue, PbPartitionSpec,
    },
    table::{Column, DatabaseDescriptor, TablePath, type_to_json},
};

use crate::{
    call::{Call, Key, Target, fatal},
    cluster::wire_path,
};
use thalweg_contract::{ClusterRequest, Error, ErrorCode, PartitionSpec, Request};

/// What a change of a property does (`PbAlterConfig`, `fluss.md` 2.4).
const SET: i32 = 0;
const DELETE: i32 = 1;
/// Where a new column stands (`PbAddColumn`).
const LAST: i32 = 0;

/// The call that asks it.
pub(super) fn call(key: Key, request: &Request) -> Result<Call, Error> {
    let (to, read) = (Target::Coordinator, Target::Catalogue);
    Ok(match request {
        Request::CreateDatabase { name, comment, properties, if_not_exists } => {
            let custom_properties = properties.iter().cloned().collect();
            let descriptor = DatabaseDescriptor { comment: comment.clone(), custom_properties };
            let database_json = Some(descriptor.to_json().into());
            let database_name = name.clone();
            let ignore_if_exists = *if_not_exists;
            Call::new(key, to, CreateDatabaseRequest { database_name, ignore_if_exists, database_json })
        }
        Request::DropDatabase { name, if_exists, cascade } => {
            let (database_name, ignore_if_not_exists, cascade) = (name.clone(), *if_exists, *cascade);
            Call::new(key, to, DropDatabaseRequest { database_name, ignore_if_not_exists, cascade })
        }
        Request::ListDatabases => Call::new(key, read, ListDatabasesRequest::default()),
        Request::ShowDatabase { name } => Call::new(key, read, GetDatabaseInfoRequest { database_name: name.clone() }),
        Request::CreateTable { path, descriptor, if_not_exists } => {
            let (table_path, table_json) = (wire_path(path), descriptor.to_json().into());
            Call::new(key, to, CreateTableRequest { table_path, table_json, ignore_if_exists: *if_not_exists })
        }
        Request::DropTable { path, if_exists } => {
            let (table_path, ignore_if_not_exists) = (wire_path(path), *if_exists);
            Call::new(key, to, DropTableRequest { table_path, ignore_if_not_exists })
        }
        Request::ListTables { database } => Call::new(key, read, ListTablesRequest { database_name: database.clone() }),
        Request::ShowTable { path } => Call::new(key, read, GetTableInfoRequest { table_path: wire_path(path) }),
        Request::AlterTable { path, set, remove } => {
            let set = set.iter().map(|(key, value)| change(key, Some(value), SET));
            let config_changes = set.chain(remove.iter().map(|key| change(key, None, DELETE))).collect();
            let table_path = wire_path(path);
            Call::new(key, to, AlterTableRequest { table_path, config_changes, ..Default::default() })
        }
        Request::AddColumns { path, columns } => {
            let (table_path, add_columns) = (wire_path(path), columns.columns.iter().map(added).collect());
            Call::new(key, to, AlterTableRequest { table_path, add_columns, ..Default::default() })
        }
        Request::ListPartitions { path } => {
            Call::new(key, read, ListPartitionInfosRequest { table_path: wire_path(path), ..Default::default() })
        }
        Request::CreatePartition { path, spec, if_not_exists } => {
            let (table_path, partition_spec) = (wire_path(path), wire_spec(spec));
            let request = CreatePartitionRequest { table_path, partition_spec, ignore_if_not_exists: *if_not_exists };
            Call::new(key, to, request)
        }
        Request::DropPartition { path, spec, if_exists } => {
            let (table_path, partition_spec) = (wire_path(path), wire_spec(spec));
            let request = DropPartitionRequest { table_path, partition_spec, ignore_if_not_exists: *if_exists };
            Call::new(key, to, request)
        }
        Request::Cluster(request) => cluster(key, request),
        Request::ListOffsets { .. } => {
            let text = "offsets are asked of the leaders, not of the coordinator";
            return Err(fatal(ErrorCode::Other(text.into())));
        }
    })
}

/// The call of a question about the cluster.
fn cluster(key: Key, request: &ClusterRequest) -> Call {
    let changes = |set: &[(String, String)], reset: &[String]| {
        let set = set.iter().map(|(key, value)| change(key, Some(value), SET));
        set.chain(reset.iter().map(|key| change(key, None, DELETE))).collect()
    };
    match request {
        ClusterRequest::Servers => Call::new(key, Target::Any, MetadataRequest::default()),
        ClusterRequest::Configs => Call::new(key, Target::Catalogue, DescribeClusterConfigsRequest {}),
        ClusterRequest::Health => Call::new(key, Target::Catalogue, GetClusterHealthRequest {}),
        ClusterRequest::AlterConfigs { set, reset } => {
            let request = AlterClusterConfigsRequest { alter_configs: changes(set, reset) };
            Call::new(key, Target::Coordinator, request)
        }
        ClusterRequest::AlterDatabase { name, set, reset, comment, if_exists } => {
            let request = AlterDatabaseRequest {
                database_name: name.clone(),
                ignore_if_not_exists: *if_exists,
                config_changes: changes(set, reset),
                comment: comment.clone(),
            };
            Call::new(key, Target::Coordinator, request)
        }
    }
}

/// The table that a request makes, changes or drops.
pub(super) fn changed(request: &Request) -> Option<&TablePath> {
    match request {
        Request::CreateTable { path, .. }
        | Request::DropTable { path, .. }
        | Request::AlterTable { path, .. }
        | Request::AddColumns { path, .. } => Some(path),
        _ => None,
    }
}

/// What a request is called in errors.
pub(super) fn name(request: &Request) -> &'static str {
    match request {
        Request::CreateDatabase { .. } => "create database",
        Request::DropDatabase { .. } => "drop database",
        Request::ListDatabases => "list databases",
        Request::ShowDatabase { .. } => "show database",
        Request::CreateTable { .. } => "create table",
        Request::DropTable { .. } => "drop table",
        Request::ListTables { .. } => "list tables",
        Request::ShowTable { .. } => "show table",
        Request::AlterTable { .. } => "alter table",
        Request::AddColumns { .. } => "add columns",
        Request::ListOffsets { .. } => "list offsets",
        Request::ListPartitions { .. } => "list partitions",
        Request::CreatePartition { .. } => "create partition",
        Request::DropPartition { .. } => "drop partition",
        Request::Cluster(ClusterRequest::Servers) => "list servers",
        Request::Cluster(ClusterRequest::Configs) => "list configs",
        Request::Cluster(ClusterRequest::AlterConfigs { .. }) => "alter configs",
        Request::Cluster(ClusterRequest::Health) => "show health",
        Request::Cluster(ClusterRequest::AlterDatabase { .. }) => "alter database",
    }
}

fn change(key: &str, value: Option<&String>, op_type: i32) -> PbAlterConfig {
    PbAlterConfig { config_key: key.to_owned(), config_value: value.cloned(), op_type }
}

/// A column behind all others, which is the only place that servers take it at.
fn added(column: &Column) -> PbAddColumn {
    let (agg_function_type, parameters) = column.aggregation.clone().unzip();
    let pair = |(key, value)| PbKeyValue { key, value };
    PbAddColumn {
        column_name: column.name.clone(),
        data_type_json: type_to_json(&column.column_type).into(),
        comment: column.comment.clone(),
        column_position_type: LAST,
        agg_function_type,
        agg_function_params: parameters.unwrap_or_default().into_iter().map(pair).collect(),
    }
}

fn wire_spec(spec: &PartitionSpec) -> PbPartitionSpec {
    let pairs = spec.iter().map(|(key, value)| PbKeyValue { key: key.clone(), value: value.clone() });
    PbPartitionSpec { partition_key_values: pairs.collect() }
}
