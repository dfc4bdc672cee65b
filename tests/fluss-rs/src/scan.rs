//! Whole logs and limit scans.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fluss::PartitionId;
use fluss::client::{EARLIEST_OFFSET, FlussConnection, FlussTable};
use fluss::metadata::TableBucket;
use fluss::record::ScanRecord;
use fluss::row::ColumnarRow;
use fluss::rpc::message::OffsetSpec;
use serde_json::{Value, json};

use crate::{fields, values};

/// How long a scan may take until it has everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The partitions of a table by id and name; one without id for a table that has none.
async fn partitions(
    connection: &FlussConnection,
    table: &FlussTable<'_>,
) -> Result<Vec<(Option<PartitionId>, String)>> {
    if !table.get_table_info().is_partitioned() {
        return Ok(vec![(None, String::new())]);
    }
    let infos = connection.get_admin()?.list_partition_infos(table.table_path()).await?;
    Ok(infos.iter().map(|info| (Some(info.get_partition_id()), info.get_partition_name())).collect())
}

/// Every change up to the latest offsets, by partition, bucket and offset.
pub async fn changes(connection: &FlussConnection, table: &FlussTable<'_>) -> Result<Vec<Value>> {
    let (admin, info) = (connection.get_admin()?, table.get_table_info());
    let buckets: Vec<i32> = (0..info.get_num_buckets()).collect();
    let partitions = partitions(connection, table).await?;
    let scanner = table.new_scan().create_log_scanner()?;
    let mut ends = HashMap::new();
    for (id, name) in &partitions {
        let latest = match id {
            Some(_) => admin.list_partition_offsets(table.table_path(), name, &buckets, OffsetSpec::Latest).await?,
            None => admin.list_offsets(table.table_path(), &buckets, OffsetSpec::Latest).await?,
        };
        for (bucket, end) in latest {
            match id {
                Some(id) => scanner.subscribe_partition(*id, bucket, EARLIEST_OFFSET).await?,
                None => scanner.subscribe(bucket, EARLIEST_OFFSET).await?,
            }
            ends.insert(TableBucket::new_with_partition(info.get_table_id(), *id, bucket), end);
        }
    }
    let names: HashMap<_, _> = partitions.into_iter().collect();
    let mut found: Vec<(TableBucket, ScanRecord)> = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    ends.retain(|_, end| *end > 0);
    while !ends.is_empty() {
        ensure!(Instant::now() < deadline, "still waiting for {ends:?}");
        for (bucket, records) in scanner.poll(Duration::from_millis(500)).await?.into_records_by_buckets() {
            for record in records {
                if ends.get(&bucket).is_some_and(|end| record.offset() + 1 >= *end) {
                    ends.remove(&bucket);
                }
                found.push((bucket.clone(), record));
            }
        }
    }
    found.sort_by_key(|(bucket, record)| (bucket.partition_id(), bucket.bucket_id(), record.offset()));
    let fields = fields(table);
    let line = |(bucket, record): (TableBucket, ScanRecord)| {
        Ok(json!({
            "change": record.change_type().short_string(),
            "partition": names[&bucket.partition_id()],
            "bucket": bucket.bucket_id(),
            "offset": record.offset(),
            "row": values::json(record.row(), &fields)?,
        }))
    };
    found.into_iter().map(line).collect()
}

/// Up to `rows` rows of each bucket.
pub async fn limit(connection: &FlussConnection, table: &FlussTable<'_>, rows: i32) -> Result<Vec<Value>> {
    let info = table.get_table_info();
    let mut found = Vec::new();
    let row_type = Arc::new(info.get_row_type().clone());
    for (id, _) in partitions(connection, table).await? {
        for bucket in 0..info.get_num_buckets() {
            let bucket = TableBucket::new_with_partition(info.get_table_id(), id, bucket);
            let mut scanner = table.new_scan().limit(rows)?.create_bucket_batch_scanner(bucket)?;
            for batch in scanner.collect_all_batches().await? {
                let rows = batch.num_records();
                let mut row = ColumnarRow::new(Arc::new(batch.into_batch()), Arc::clone(&row_type), 0, None)?;
                for at in 0..rows {
                    row.set_row_id(at);
                    found.push(values::json(&row, row_type.fields())?);
                }
            }
        }
    }
    Ok(found)
}
