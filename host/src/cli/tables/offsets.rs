//! `offsets`: the earliest and latest offset and the rows of each bucket.

use crate::client::BucketOffsets;
use crate::table::TablePath;
use clap::Args;
use serde_json::{Map, Value};

use crate::cli::terminal::{Common, ListFormat, Outcome, print_list};

/// `thalweg offsets`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg offsets flights --format json\n\n\
    Rows of a table with a primary key are those that a lookup finds; they are blank where the server does not count them.")]
pub(in crate::cli) struct Offsets {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// How the offsets are printed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

impl Offsets {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        let client = common.connect().await?;
        let offsets = client.list_offsets(&self.table).await?;
        let partitioned = offsets.iter().any(|offsets| offsets.bucket.partition.is_some());
        let partitions = if partitioned { client.list_partitions(&self.table).await? } else { Vec::new() };
        let name = |id: i64| partitions.iter().find(|partition| partition.partition_id == id).map(|p| p.name.as_str());
        let row = |o: &BucketOffsets| {
            let mut row = Map::new();
            if let Some(id) = o.bucket.partition {
                row.insert("partition".into(), name(id).into());
                row.insert("partition_id".into(), id.into());
            }
            row.insert("bucket".into(), o.bucket.bucket.into());
            row.insert("earliest".into(), o.earliest.into());
            row.insert("latest".into(), o.latest.into());
            row.insert("rows".into(), o.rows.into());
            Value::Object(row)
        };
        Ok(print_list(&offsets.iter().map(row).collect::<Vec<_>>(), self.format)?)
    }
}
