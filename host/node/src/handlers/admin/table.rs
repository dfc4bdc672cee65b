//! Tables.

use thalweg_wire::message::{
    CreateTableRequest, CreateTableResponse, DropTableRequest, DropTableResponse, GetTableInfoRequest,
    GetTableInfoResponse, GetTableSchemaRequest, GetTableSchemaResponse, ListTablesRequest, ListTablesResponse,
    ServerErrorCode, TableExistsRequest, TableExistsResponse,
};

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
    let found = state.table(&path).and_then(|table| {
        let schema_id = request.schema_id.unwrap_or(table.schema_id);
        Some((schema_id, table.schema(schema_id)?))
    });
    let (schema_id, schema) = found.ok_or_else(|| {
        let id = request.schema_id.unwrap_or(0);
        let text = format!("Schema for table {}.{} with schema id {id} does not exist.", path.database, path.table);
        Failure::new(ServerErrorCode::SCHEMA_NOT_EXIST, text)
    })?;
    Ok(GetTableSchemaResponse { schema_id, schema_json: schema.to_json().into() })
}
