//! Tables.

use thalweg_wire::message::{
    AlterTableRequest, AlterTableResponse, CreateTableRequest, CreateTableResponse, DropTableRequest,
    DropTableResponse, GetTableInfoRequest, GetTableInfoResponse, GetTableSchemaRequest, GetTableSchemaResponse,
    ListTablesRequest, ListTablesResponse, PbAlterConfig, ServerErrorCode, TableExistsRequest, TableExistsResponse,
};
use thalweg_wire::table::TableDescriptor;

use crate::catalog::{Table, no_table};
use crate::failure::Failure;
use crate::handlers::path;
use crate::handlers::service::Service;
use crate::ids::PhysicalTable;
use crate::runtime::clock;

/// Creates a table.
pub(crate) fn create(service: &Service, request: CreateTableRequest) -> Result<CreateTableResponse, Failure> {
    let path = path(request.table_path);
    let (ignore, now) = (request.ignore_if_exists, clock::now());
    let created = service.catalog.create_table(&path, &request.table_json, ignore, &service.limits, now)?;
    if let Some(table) = created {
        service.add_buckets(&table.physical());
    }
    Ok(CreateTableResponse {})
}

/// Drops a table: first its name, then its rows.
pub(crate) fn drop(service: &Service, request: DropTableRequest) -> Result<DropTableResponse, Failure> {
    if let Some(table) = service.catalog.drop_table(&path(request.table_path), request.ignore_if_not_exists)? {
        remove_buckets(service, &table);
    }
    Ok(DropTableResponse {})
}

/// Takes the buckets of a dropped table and of its partitions away.
pub(super) fn remove_buckets(service: &Service, table: &Table) {
    service.remove_buckets(&table.physical());
    if table.is_partitioned() {
        service.buckets.delete(PhysicalTable { table: table.id, partition: None });
    }
}

/// Lists the tables of a database.
pub(crate) fn list(service: &Service, request: ListTablesRequest) -> Result<ListTablesResponse, Failure> {
    let state = service.catalog.state();
    let name = &request.database_name;
    let database = state
        .databases
        .get(name)
        .ok_or_else(|| Failure::new(ServerErrorCode::DATABASE_NOT_EXIST, format!("Database {name} does not exist.")))?;
    Ok(ListTablesResponse { table_name: database.tables.keys().cloned().collect() })
}

/// Whether there is such a table.
pub(crate) fn exists(service: &Service, request: TableExistsRequest) -> Result<TableExistsResponse, Failure> {
    Ok(TableExistsResponse { exists: service.catalog.state().table(&path(request.table_path)).is_some() })
}

/// What a table was created with, and what the node added.
pub(crate) fn info(service: &Service, request: GetTableInfoRequest) -> Result<GetTableInfoResponse, Failure> {
    let path = path(request.table_path);
    let state = service.catalog.state();
    let table = state.table(&path).ok_or_else(|| no_table(&path))?;
    Ok(GetTableInfoResponse {
        table_id: table.id,
        schema_id: table.schema_id,
        table_json: table.definition.json.clone(),
        created_time: table.created,
        modified_time: table.modified,
        ..Default::default()
    })
}

/// One version of a table's schema; the latest when none is named.
pub(crate) fn schema(service: &Service, request: GetTableSchemaRequest) -> Result<GetTableSchemaResponse, Failure> {
    let path = path(request.table_path);
    let state = service.catalog.state();
    let table = state.table(&path).filter(|table| request.schema_id.is_none_or(|id| id == table.schema_id));
    let table = table.ok_or_else(|| {
        let id = request.schema_id.unwrap_or(0);
        let text = format!("Schema for table {}.{} with schema id {id} does not exist.", path.database, path.table);
        Failure::new(ServerErrorCode::SCHEMA_NOT_EXIST, text)
    })?;
    Ok(GetTableSchemaResponse {
        schema_id: table.schema_id,
        schema_json: table.definition.descriptor.schema.to_json().into(),
    })
}

/// Changes properties of a table. Columns cannot be changed yet.
pub(crate) fn alter(service: &Service, request: AlterTableRequest) -> Result<AlterTableResponse, Failure> {
    refuse_columns(&request)?;
    let path = path(request.table_path);
    if request.ignore_if_not_exists && service.catalog.state().table(&path).is_none() {
        return Ok(AlterTableResponse {});
    }
    service.catalog.alter_table(&path, |descriptor| {
        request.config_changes.iter().try_for_each(|change| alter_property(descriptor, change))
    })?;
    service.follow_time(clock::now());
    Ok(AlterTableResponse {})
}

fn refuse_columns(request: &AlterTableRequest) -> Result<(), Failure> {
    let unknown = |what: &str| {
        let text = format!("org.apache.fluss.exception.SchemaChangeException: Not support {what} column now.");
        Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text))
    };
    if !request.drop_columns.is_empty() {
        return unknown("drop");
    }
    if !request.rename_columns.is_empty() {
        return unknown("rename");
    }
    if !request.modify_columns.is_empty() {
        return unknown("modify");
    }
    if !request.add_columns.is_empty() || request.modify_bucket_count.is_some() {
        let text = "This node cannot add columns or buckets to a table yet: create another table.";
        return Err(Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text));
    }
    Ok(())
}

fn alter_property(descriptor: &mut TableDescriptor, change: &PbAlterConfig) -> Result<(), Failure> {
    let key = &change.config_key;
    let own = key.starts_with("table.");
    if own && !crate::table::properties::is_alterable(key) {
        let text = format!("The option '{key}' is not supported to alter yet.");
        return Err(Failure::new(ServerErrorCode::INVALID_ALTER_TABLE, text));
    }
    let map = if own { &mut descriptor.properties } else { &mut descriptor.custom_properties };
    match (change.op_type, &change.config_value) {
        (0, Some(value)) => {
            map.insert(key.clone(), value.clone());
        }
        (1, _) => {
            map.remove(key);
        }
        _ => {
            let text = format!("The option '{key}' can be set to a value or deleted, nothing else.");
            return Err(Failure::new(ServerErrorCode::INVALID_ALTER_TABLE, text));
        }
    }
    Ok(())
}
