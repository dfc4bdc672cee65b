//! The current rows of a bucket out of its changelog, while that is whole: what a server offers that has no SCAN_KV.

use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::StreamExt;
use thalweg_contract::{Bucket, BucketOffsets, End, Start};

use super::latest::{LatestRows, missing, named};
use crate::{
    client::{
        Error,
        open_table::OpenTable,
        scan::{ScanOptions, ScanStream, SharedTally},
    },
    runtime::off_the_runtime,
};

/// Where the changelogs of a table lie.
pub(super) struct Changelogs {
    offsets: Vec<BucketOffsets>,
}

impl Changelogs {
    /// Asks for it.
    pub(super) async fn of(table: &OpenTable) -> Result<Self, Error> {
        Ok(Self { offsets: table.client().list_offsets(&table.info().path).await? })
    }

    /// Reads the whole changelog of a bucket; the rows that it leaves, and its end.
    pub(super) async fn replay(
        &self,
        table: &Arc<OpenTable>,
        bucket: Bucket,
        columns: Option<&[String]>,
        limit: u64,
    ) -> Result<(Vec<RecordBatch>, u64), Error> {
        let Some(offsets) = self.offsets.iter().find(|offsets| offsets.bucket == bucket) else {
            return Err(Error::invalid(format!("table {} has no bucket {}", table.name(), named(bucket))));
        };
        if offsets.earliest > 0 {
            let cause = format!(
                "the server does not offer them (it has no SCAN_KV), and they cannot be put together from the changelog, \
                 which begins at offset {} since earlier changes were dropped; look rows up by key, read a limited number \
                 of rows, or read the changelog",
                offsets.earliest
            );
            return Err(missing(&table.name(), bucket, cause));
        }
        let end = offsets.latest;
        if end == 0 {
            return Ok((Vec::new(), 0));
        }
        let (names, wanted) = with_key(table, columns)?;
        let schema = &table.info().descriptor.schema;
        let mut rows = LatestRows::new(table.name(), schema, bucket, names.as_deref(), limit)?;
        let options = ScanOptions {
            columns: names,
            buckets: vec![bucket],
            start: Start::Offset(0),
            end: End::Offset(end),
            ..ScanOptions::default()
        };
        let mut changes = ScanStream::open(table, options, SharedTally::default()).await?;
        while let Some(scanned) = changes.next().await {
            let scanned = scanned?;
            rows = off_the_runtime(move || {
                rows.apply(scanned.batch, scanned.changes.as_deref())?;
                Ok::<_, Error>(rows)
            })
            .await?;
        }
        let batches = off_the_runtime(move || rows.finish()).await?;
        let project = |batch: RecordBatch| match wanted {
            Some(count) => batch.project(&(0..count).collect::<Vec<_>>()),
            None => Ok(batch),
        };
        Ok((batches.into_iter().map(project).collect::<Result<_, _>>()?, end))
    }
}

/// The columns asked for and behind them those of the key that are not among them; how many were asked for. `None`: all.
fn with_key(table: &OpenTable, columns: Option<&[String]>) -> Result<(Option<Vec<String>>, Option<usize>), Error> {
    let Some(columns) = columns else { return Ok((None, None)) };
    table.positions(columns)?;
    let mut names = columns.to_vec();
    let key = table.info().descriptor.schema.primary_key_names();
    names.extend(key.filter(|name| !columns.iter().any(|column| column == name)).map(str::to_owned));
    Ok((Some(names), Some(columns.len())))
}
