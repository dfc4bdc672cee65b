//! Databases.

use thalweg_wire::message::{
    AlterDatabaseRequest, AlterDatabaseResponse, CreateDatabaseRequest, CreateDatabaseResponse, DatabaseExistsRequest,
    DatabaseExistsResponse, DropDatabaseRequest, DropDatabaseResponse, GetDatabaseInfoRequest, GetDatabaseInfoResponse,
    ListDatabasesRequest, ListDatabasesResponse, PbDatabaseSummary, ServerErrorCode,
};
use thalweg_wire::table::DatabaseDescriptor;

use super::table::remove_buckets;
use crate::catalog::Database;
use crate::failure::Failure;
use crate::handlers::service::Service;

/// Creates a database.
pub(crate) fn create(service: &Service, request: CreateDatabaseRequest) -> Result<CreateDatabaseResponse, Failure> {
    let descriptor = match &request.database_json {
        None => DatabaseDescriptor::default(),
        Some(json) => DatabaseDescriptor::from_json(json).map_err(|error| {
            let text = format!("Failed to parse database descriptor: {error}");
            Failure::new(ServerErrorCode::INVALID_DATABASE, text)
        })?,
    };
    service.catalog.create_database(&request.database_name, descriptor, request.ignore_if_exists)?;
    Ok(CreateDatabaseResponse {})
}

/// Changes the comment and the properties of a database.
pub(crate) fn alter(service: &Service, request: AlterDatabaseRequest) -> Result<AlterDatabaseResponse, Failure> {
    let AlterDatabaseRequest { database_name, ignore_if_not_exists, config_changes, comment } = request;
    service.catalog.alter_database(&database_name, ignore_if_not_exists, |descriptor| {
        for change in &config_changes {
            let key = &change.config_key;
            let properties = &mut descriptor.custom_properties;
            let _before = match (change.op_type, &change.config_value) {
                (0, Some(value)) => properties.insert(key.clone(), value.clone()),
                (1, _) => properties.remove(key),
                _ => {
                    let text = format!("The property '{key}' can be set to a value or deleted, nothing else.");
                    return Err(Failure::new(ServerErrorCode::INVALID_DATABASE, text));
                }
            };
        }
        // An empty comment is none.
        if let Some(comment) = comment {
            descriptor.comment = Some(comment).filter(|comment| !comment.is_empty());
        }
        Ok(())
    })?;
    Ok(AlterDatabaseResponse {})
}

/// Drops a database, with `cascade` also one that has tables.
pub(crate) fn drop(service: &Service, request: DropDatabaseRequest) -> Result<DropDatabaseResponse, Failure> {
    let ignore = request.ignore_if_not_exists;
    for table in service.catalog.drop_database(&request.database_name, ignore, request.cascade)? {
        remove_buckets(service, &table);
    }
    Ok(DropDatabaseResponse {})
}

/// Lists the databases.
pub(crate) fn list(service: &Service, request: ListDatabasesRequest) -> Result<ListDatabasesResponse, Failure> {
    let state = service.catalog.state();
    let summary = |(name, database): (&String, &Database)| PbDatabaseSummary {
        database_name: name.clone(),
        created_time: database.created,
        table_count: i32::try_from(database.tables.len()).unwrap_or(i32::MAX),
    };
    let summaries = state.databases.iter().filter(|_| request.include_summary == Some(true)).map(summary);
    Ok(ListDatabasesResponse {
        database_name: state.databases.keys().cloned().collect(),
        database_summary: summaries.collect(),
    })
}

/// Whether there is such a database.
pub(crate) fn exists(service: &Service, request: DatabaseExistsRequest) -> Result<DatabaseExistsResponse, Failure> {
    Ok(DatabaseExistsResponse { exists: service.catalog.state().databases.contains_key(&request.database_name) })
}

/// What a database was created with.
pub(crate) fn info(service: &Service, request: GetDatabaseInfoRequest) -> Result<GetDatabaseInfoResponse, Failure> {
    let state = service.catalog.state();
    let name = &request.database_name;
    let database = state.databases.get(name).ok_or_else(|| {
        Failure::new(ServerErrorCode::DATABASE_NOT_EXIST, format!("Database '{name}' does not exist."))
    })?;
    Ok(GetDatabaseInfoResponse {
        database_json: database.descriptor.to_json().into(),
        created_time: database.created,
        modified_time: database.modified,
    })
}
