//! Partitions over the wire.

mod catalog;
mod rows;
#[path = "../support/mod.rs"]
mod support;
mod time;

use thalweg_wire::message::*;
use thalweg_wire::table::{Schema, TableDescriptor};

use support::{Client, Refusal, path};

fn descriptor(keys: &[&str], buckets: u32, properties: &[(&str, &str)]) -> TableDescriptor {
    let columns = "id BIGINT, n BIGINT, day STRING, region STRING";
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(columns).unwrap());
    descriptor.partition_keys = keys.iter().map(|key| (*key).to_owned()).collect();
    descriptor.bucket_count = Some(buckets);
    descriptor.properties = properties.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    descriptor
}

fn spec(pairs: &[(&str, &str)]) -> PbPartitionSpec {
    let pair = |(key, value): &(&str, &str)| PbKeyValue { key: (*key).to_owned(), value: (*value).to_owned() };
    PbPartitionSpec { partition_key_values: pairs.iter().map(pair).collect() }
}

fn add(table: &str, pairs: &[(&str, &str)], ignore: bool) -> CreatePartitionRequest {
    CreatePartitionRequest { table_path: path(table), partition_spec: spec(pairs), ignore_if_not_exists: ignore }
}

fn remove(table: &str, pairs: &[(&str, &str)], ignore: bool) -> DropPartitionRequest {
    DropPartitionRequest { table_path: path(table), partition_spec: spec(pairs), ignore_if_not_exists: ignore }
}

fn refusal(code: i32, text: &str) -> Result<(), Refusal> {
    Err(Refusal(code, text.to_owned()))
}

/// Names and numbers of the partitions that have some values.
async fn list(client: &mut Client, table: &str, pairs: &[(&str, &str)]) -> Vec<(String, i64)> {
    let partial_partition_spec = (!pairs.is_empty()).then(|| spec(pairs));
    let request = ListPartitionInfosRequest { table_path: path(table), partial_partition_spec, ..Default::default() };
    let name = |info: &PbPartitionInfo| {
        let values = info.partition_spec.partition_key_values.iter().map(|pair| pair.value.as_str());
        values.collect::<Vec<_>>().join("$")
    };
    let listed = client.call(request).await.unwrap().partitions_info;
    listed.iter().map(|info| (name(info), info.partition_id)).collect()
}

async fn table_id(client: &mut Client, table: &str) -> i64 {
    client.call(GetTableInfoRequest { table_path: path(table) }).await.unwrap().table_id
}
