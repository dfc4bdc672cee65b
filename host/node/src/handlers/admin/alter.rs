//! Changes of a table: properties, and columns at its end (`fluss.md` 3.2).

use thalweg_wire::message::{AlterTableRequest, AlterTableResponse, PbAddColumn, PbAlterConfig, ServerErrorCode};
use thalweg_wire::table::{Column, TableDescriptor, type_from_json};

use crate::failure::Failure;
use crate::handlers::path;
use crate::handlers::service::Service;
use crate::runtime::clock;

/// The place of a new column that there is: behind all others.
const LAST: i32 = 0;

/// Changes properties of a table, or adds columns.
pub(crate) fn alter(service: &Service, request: AlterTableRequest) -> Result<AlterTableResponse, Failure> {
    refuse(&request)?;
    let path = path(request.table_path);
    if request.ignore_if_not_exists && service.catalog.state().table(&path).is_none() {
        return Ok(AlterTableResponse {});
    }
    let altered = service.catalog.alter_table(&path, |descriptor| {
        request.config_changes.iter().try_for_each(|change| alter_property(descriptor, change))?;
        request.add_columns.iter().try_for_each(|column| add_column(descriptor, column))
    })?;
    service.follow_schema(&altered);
    service.follow_time(clock::now());
    Ok(AlterTableResponse {})
}

/// Refuses what cannot be done, in the words of Fluss.
fn refuse(request: &AlterTableRequest) -> Result<(), Failure> {
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
    if request.modify_bucket_count.is_some() {
        let text = "This node cannot change the number of buckets of a table: create another table.";
        return Err(Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text));
    }
    if !request.add_columns.is_empty() && !request.config_changes.is_empty() {
        let text = "Columns and properties of a table cannot be changed in one request; make it two.";
        return Err(Failure::new(ServerErrorCode::INVALID_ALTER_TABLE, text));
    }
    Ok(())
}

fn add_column(descriptor: &mut TableDescriptor, added: &PbAddColumn) -> Result<(), Failure> {
    let name = &added.column_name;
    let refused = |text: String| {
        let text = format!("java.lang.IllegalArgumentException: {text}");
        Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text)
    };
    let invalid = |text: String| Failure::new(ServerErrorCode::INVALID_ALTER_TABLE, text);
    if added.column_position_type != LAST {
        return Err(refused("Only support addColumn column at last now.".to_owned()));
    }
    if descriptor.schema.position(name).is_some() {
        return Err(invalid(format!("Column {name} already exists.")));
    }
    let column_type = type_from_json(&added.data_type_json)
        .map_err(|error| invalid(format!("The type of the column {name} cannot be read: {error}.")))?;
    if !column_type.nullable {
        return Err(refused(format!("Column {name} must be nullable.")));
    }
    let parameters = || added.agg_function_params.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect();
    let column = Column {
        id: 0,
        name: name.clone(),
        column_type,
        comment: added.comment.clone(),
        aggregation: added.agg_function_type.clone().map(|function| (function, parameters())),
    };
    let schema = descriptor.schema.clone().with_column(column);
    descriptor.schema = schema.map_err(|error| invalid(format!("The column {name} cannot be added: {error}.")))?;
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
