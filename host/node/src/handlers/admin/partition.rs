//! Partitions.

use thalweg_wire::message::{
    CreatePartitionRequest, CreatePartitionResponse, DropPartitionRequest, DropPartitionResponse,
    ListPartitionInfosRequest, ListPartitionInfosResponse, PbKeyValue, PbPartitionInfo, PbPartitionSpec,
    ServerErrorCode,
};
use thalweg_wire::table::PARTITION_SEPARATOR;

use crate::catalog::no_table;
use crate::failure::Failure;
use crate::handlers::path;
use crate::handlers::service::Service;
use crate::runtime::clock;

/// Creates a partition.
pub(crate) fn create(service: &Service, request: CreatePartitionRequest) -> Result<CreatePartitionResponse, Failure> {
    let (path, spec) = (path(request.table_path), pairs(request.partition_spec));
    // The protocol calls it so; it means "if it exists".
    let ignore = request.ignore_if_not_exists;
    if let Some(id) = service.catalog.create_partition(&path, &spec, ignore, &service.limits, clock::now())? {
        service.add_buckets(&[id]);
    }
    Ok(CreatePartitionResponse {})
}

/// Drops a partition: first its name, then its rows.
pub(crate) fn drop(service: &Service, request: DropPartitionRequest) -> Result<DropPartitionResponse, Failure> {
    let (path, spec) = (path(request.table_path), pairs(request.partition_spec));
    if let Some(id) = service.catalog.drop_partition(&path, &spec, request.ignore_if_not_exists)? {
        service.remove_buckets(&[id]);
    }
    Ok(DropPartitionResponse {})
}

/// Lists the partitions of a table, or those that have some values.
pub(crate) fn list(
    service: &Service,
    request: ListPartitionInfosRequest,
) -> Result<ListPartitionInfosResponse, Failure> {
    let path = path(request.table_path);
    let state = service.catalog.state();
    let table = state.table(&path).ok_or_else(|| no_table(&path))?;
    if !table.is_partitioned() {
        let text = format!("Table '{path}' is not a partitioned table.");
        return Err(Failure::new(ServerErrorCode::TABLE_NOT_PARTITIONED, text));
    }
    let keys = &table.definition.descriptor.partition_keys;
    let wanted = request.partial_partition_spec.unwrap_or_default().partition_key_values;
    if let Some(pair) = wanted.iter().find(|pair| !keys.contains(&pair.key)) {
        let text = format!("table don't contains this partitionKey: {}", pair.key);
        return Err(Failure::new(ServerErrorCode::PARTITION_SPEC_INVALID, text));
    }
    let info = |(name, id): (&String, &i64)| {
        let values: Vec<(&String, &str)> = keys.iter().zip(name.split(PARTITION_SEPARATOR)).collect();
        let has = |pair: &PbKeyValue| values.contains(&(&pair.key, pair.value.as_str()));
        let pair = |(key, value): &(&String, &str)| PbKeyValue { key: (*key).clone(), value: (*value).to_owned() };
        wanted.iter().all(has).then(|| PbPartitionInfo {
            partition_id: *id,
            partition_spec: PbPartitionSpec { partition_key_values: values.iter().map(pair).collect() },
            ..Default::default()
        })
    };
    let partitions_info = table.partitions.iter().filter_map(info).collect();
    Ok(ListPartitionInfosResponse { partitions_info, ..Default::default() })
}

/// The pairs of a spec. Of several values for one key the last counts, as in Fluss.
fn pairs(spec: PbPartitionSpec) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(spec.partition_key_values.len());
    for PbKeyValue { key, value } in spec.partition_key_values {
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some(pair) => pair.1 = value,
            None => pairs.push((key, value)),
        }
    }
    pairs
}
