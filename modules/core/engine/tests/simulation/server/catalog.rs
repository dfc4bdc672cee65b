//! What servers of the model know of tables and partitions.

use bytes::Bytes;
use thalweg_wire::{
    message::{self, *},
    table::partition_name,
};

use super::{Bucket, Cluster, Partition, Refusal, Table};

impl Cluster {
    pub(super) fn metadata(&mut self, body: Bytes) -> Result<MetadataResponse, Refusal> {
        let request: MetadataRequest = message::decode(body).expect("well formed");
        let node = |server: &i32| PbServerNode {
            node_id: *server,
            host: format!("server-{server}"),
            port: 9000 + server,
            ..Default::default()
        };
        let partition_metadata = self.partition_metadata(&request)?;
        let mut table_metadata = Vec::new();
        for path in request.table_path {
            let key = (path.database_name.clone(), path.table_name.clone());
            let unknown = (-1, "FlussRuntimeException: Failed to get tables".to_owned());
            let table = self.tables.get_mut(&key).ok_or(unknown)?;
            let led_now = table.leaderless == 0;
            table.leaderless = table.leaderless.saturating_sub(1);
            let bucket_metadata = led(&table.buckets, led_now);
            table_metadata.push(PbTableMetadata {
                table_path: path,
                table_id: table.id,
                schema_id: table.schemas.len() as i32,
                table_json: table.descriptor.to_json().into(),
                bucket_metadata,
                ..Default::default()
            });
        }
        Ok(MetadataResponse {
            coordinator_server: self.servers.first().map(node),
            tablet_servers: self.servers.iter().map(node).collect(),
            table_metadata,
            partition_metadata,
        })
    }

    pub(super) fn table_info(&self, body: Bytes) -> Result<GetTableInfoResponse, Refusal> {
        let request: GetTableInfoRequest = message::decode(body).expect("well formed");
        let path = (request.table_path.database_name, request.table_path.table_name);
        let unknown = (7, format!("Table '{}.{}' does not exist.", path.0, path.1));
        let table = self.tables.get(&path).ok_or(unknown)?;
        Ok(GetTableInfoResponse {
            table_id: table.id,
            schema_id: table.schemas.len() as i32,
            table_json: table.descriptor.to_json().into(),
            ..Default::default()
        })
    }

    pub(super) fn schema(&self, body: Bytes) -> Result<GetTableSchemaResponse, Refusal> {
        let request: GetTableSchemaRequest = message::decode(body).expect("well formed");
        let path = (request.table_path.database_name, request.table_path.table_name);
        let id = request.schema_id.unwrap_or_default();
        let unknown = (9, format!("Schema for table {}.{} with schema id {id} does not exist.", path.0, path.1));
        let schema = self.tables.get(&path).and_then(|table| table.schemas.get(&id)).ok_or(unknown)?;
        Ok(GetTableSchemaResponse { schema_id: id, schema_json: schema.to_json().into() })
    }

    /// Makes a partition, or leaves it as it is.
    pub(crate) fn add_partition(&mut self, table: &str, name: &str) -> i64 {
        let count = self.table(table).descriptor.bucket_count.unwrap_or(1);
        let buckets = self.buckets(count);
        self.next_partition += 1;
        let id = self.next_partition;
        self.table(table).partitions.entry(name.to_owned()).or_insert(Partition { id, buckets }).id
    }

    fn partitioned(&mut self, path: &PbTablePath) -> Result<(&str, &mut Table), Refusal> {
        let key = (path.database_name.clone(), path.table_name.clone());
        let unknown = (7, format!("Table '{}.{}' does not exist.", key.0, key.1));
        let (name, table) = self.tables.iter_mut().find(|(name, _)| **name == key).ok_or(unknown)?;
        match table.descriptor.partition_keys.is_empty() {
            true => Err((37, format!("Table '{}.{}' is not a partitioned table.", name.0, name.1))),
            false => Ok((&name.1, table)),
        }
    }

    pub(super) fn list_partitions(&mut self, body: Bytes) -> Result<ListPartitionInfosResponse, Refusal> {
        let request: ListPartitionInfosRequest = message::decode(body).expect("well formed");
        let (_, table) = self.partitioned(&request.table_path)?;
        let keys = &table.descriptor.partition_keys;
        let infos = table.partitions.iter().rev().map(|(name, partition)| {
            let pairs = keys.iter().zip(name.split('$'));
            let pair = |(key, value): (&String, &str)| PbKeyValue { key: key.clone(), value: value.to_owned() };
            let partition_spec = PbPartitionSpec { partition_key_values: pairs.map(pair).collect() };
            PbPartitionInfo { partition_id: partition.id, partition_spec, ..Default::default() }
        });
        Ok(ListPartitionInfosResponse { partitions_info: infos.collect(), ..Default::default() })
    }

    pub(super) fn create_partition(&mut self, body: Bytes) -> Result<CreatePartitionResponse, Refusal> {
        let request: CreatePartitionRequest = message::decode(body).expect("well formed");
        let name = name_of(&request.partition_spec);
        let limit = self.partition_limit;
        let (table, known) = self.partitioned(&request.table_path)?;
        if limit.is_some_and(|limit| known.partitions.len() >= limit) {
            return Err((45, format!("Exceed the maximum number of partitions for table db.{table}")));
        }
        if known.partitions.contains_key(&name) && !request.ignore_if_not_exists {
            return Err((42, format!("Partition '{name}' already exists for table db.{table}")));
        }
        let table = table.to_owned();
        self.add_partition(&table, &name);
        Ok(CreatePartitionResponse {})
    }

    pub(super) fn drop_partition(&mut self, body: Bytes) -> Result<DropPartitionResponse, Refusal> {
        let request: DropPartitionRequest = message::decode(body).expect("well formed");
        let name = name_of(&request.partition_spec);
        let (table, known) = self.partitioned(&request.table_path)?;
        match known.partitions.remove(&name) {
            None if !request.ignore_if_not_exists => {
                Err((36, format!("Partition '{name}' does not exist for table db.{table}")))
            }
            _ => Ok(DropPartitionResponse {}),
        }
    }

    /// Metadata of partitions; one that is missing fails it for all.
    fn partition_metadata(&self, request: &MetadataRequest) -> Result<Vec<PbPartitionMetadata>, Refusal> {
        let all = || {
            self.tables.iter().flat_map(|(path, table)| {
                table.partitions.iter().map(move |(name, partition)| (path, table.id, name, partition))
            })
        };
        let missing = |what: String| (36, format!("Table partition '{what}' does not exist."));
        let mut found = Vec::new();
        for id in &request.partitions_id {
            found.push(all().find(|(.., partition)| partition.id == *id).ok_or_else(|| missing(id.to_string()))?);
        }
        for wanted in &request.partitions_path {
            let wanted_name = wanted.partition_name.as_deref().unwrap_or_default();
            let is_it = |path: &(String, String), name: &str| {
                path.0 == wanted.database_name && path.1 == wanted.table_name && name == wanted_name
            };
            let it = all().find(|(path, _, name, _)| is_it(path, name));
            found.push(it.ok_or_else(|| missing(wanted_name.to_owned()))?);
        }
        let metadata = found.into_iter().map(|(_, table_id, name, partition)| PbPartitionMetadata {
            table_id,
            partition_name: name.clone(),
            partition_id: partition.id,
            bucket_metadata: led(&partition.buckets, true),
            ..Default::default()
        });
        Ok(metadata.collect())
    }
}

fn name_of(spec: &PbPartitionSpec) -> String {
    partition_name(spec.partition_key_values.iter().map(|pair| &pair.value))
}

fn led(buckets: &[Bucket], known: bool) -> Vec<PbBucketMetadata> {
    let metadata = buckets.iter().enumerate().map(|(at, bucket)| PbBucketMetadata {
        bucket_id: at as i32,
        leader_id: bucket.leader.filter(|_| known),
        ..Default::default()
    });
    metadata.collect()
}
