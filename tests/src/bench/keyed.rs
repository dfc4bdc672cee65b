//! What keyed tables cost a node: its memory with many buckets and partitions, and its start with and without them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use thalweg::client::{Client, EngineKind};
use thalweg::table::{Schema, TableDescriptor, TablePath};

use super::figures::Node;
use super::ours::{connect, written};
use super::server::NodeProcess;
use super::work::Plan;

const BUCKETS: u32 = 16;
const BATCH: u64 = 10_000;

/// Writes rows into three tables of 16 buckets, one of them with partitions; then the node is killed and started again.
pub(crate) async fn measure(plan: &Plan) -> Result<Node> {
    let node = NodeProcess::start("fsync")?;
    let empty = node.started;
    let client = connect(node.address(), EngineKind::Native).await?;
    let each = plan.held / 3;
    for name in ["held_a", "held_b"] {
        let table = create(&client, name, false).await?;
        put(&client, &table, each, "none").await?;
    }
    let table = create(&client, "held_c", true).await?;
    for day in (0..plan.partitions).map(|day| format!("day{day}")) {
        client.create_partition(&table, vec![("day".into(), day.clone())], false).await?;
        put(&client, &table, each / u64::from(plan.partitions), &day).await?;
    }
    client.close(Duration::from_secs(10)).await?;
    let memory = node.memory();
    let again = node.restart()?;
    Ok(Node { start_empty: empty, memory, start_full: again.started, rows: plan.held, partitions: plan.partitions })
}

async fn create(client: &Client, name: &str, partitioned: bool) -> Result<TablePath> {
    let schema = Schema::parse_sql("id BIGINT NOT NULL, day STRING NOT NULL, name STRING")?;
    let keys = if partitioned { vec!["id", "day"] } else { vec!["id"] };
    let mut descriptor = TableDescriptor::new(schema.with_primary_key(&keys)?);
    descriptor.bucket_count = Some(BUCKETS);
    if partitioned {
        descriptor.partition_keys = vec!["day".into()];
    }
    let path = name.parse()?;
    client.create_table(&path, descriptor, false).await?;
    Ok(path)
}

async fn put(client: &Client, path: &TablePath, rows: u64, day: &str) -> Result<()> {
    let table = client.table(path).await?;
    let mut pending = Vec::new();
    for first in (0..rows).step_by(BATCH as usize) {
        let ids = first..rows.min(first + BATCH);
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(Int64Array::from_iter_values(ids.clone().map(|id| (id * 7919) as i64)))),
            ("day", Arc::new(StringArray::from_iter_values(ids.clone().map(|_| day)))),
            ("name", Arc::new(StringArray::from_iter_values(ids.map(|id| format!("customer {id}"))))),
        ];
        let rows = RecordBatch::try_from_iter(columns)?;
        pending.push(table.upsert(RecordBatch::try_new(table.schema(), rows.columns().to_vec())?).await?);
    }
    for one in pending {
        written(one).await?;
    }
    Ok(())
}
