//! `partition`: list, create and drop the partitions of a table.

use crate::client::PartitionInfo;
use crate::table::TablePath;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::change::{NOT_THERE, THERE, was_made};
use crate::cli::terminal::{Common, ListFormat, Outcome, key_value, print_list};

/// `thalweg partition`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Partition {
    /// List the partitions of a table, all or those with these values
    #[command(after_help = "Examples:\n  thalweg partition list orders\n  thalweg partition list orders region=eu")]
    List {
        /// The table, as NAME or DATABASE.NAME
        table: TablePath,
        /// Only partitions with this value
        #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
        values: Vec<(String, String)>,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Create a partition
    #[command(after_help = "Example:\n  thalweg partition create orders day=2026-01-31 region=eu")]
    Create {
        /// The table, as NAME or DATABASE.NAME
        table: TablePath,
        /// A partition column and its value
        #[arg(value_name = "KEY=VALUE", required = true, value_parser = key_value)]
        values: Vec<(String, String)>,
        /// One that exists is fine
        #[arg(long)]
        if_not_exists: bool,
    },
    /// Drop a partition and its rows
    #[command(after_help = "Example:\n  thalweg partition drop orders day=2026-01-31 region=eu --if-exists")]
    Drop {
        /// The table, as NAME or DATABASE.NAME
        table: TablePath,
        /// A partition column and its value
        #[arg(value_name = "KEY=VALUE", required = true, value_parser = key_value)]
        values: Vec<(String, String)>,
        /// One that does not exist is fine
        #[arg(long)]
        if_exists: bool,
    },
}

impl Partition {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        let client = common.connect().await?;
        match self {
            Self::List { table, values, format } => {
                let partitions = client.list_partitions(&table).await?;
                let chosen = partitions.iter().filter(|p| values.iter().all(|value| p.spec.contains(value)));
                print_list(&chosen.map(|partition| row(partition, format)).collect::<Vec<_>>(), format)?;
            }
            Self::Create { table, values, if_not_exists } => {
                let name = listed(&values, "/");
                let created = client.create_partition(&table, values, false).await;
                common.note(&match was_made(created, THERE, if_not_exists)? {
                    true => format!("created partition {name} of table {table}"),
                    false => format!("table {table} has partition {name} already; nothing was changed"),
                });
            }
            Self::Drop { table, values, if_exists } => {
                let name = listed(&values, "/");
                let dropped = client.drop_partition(&table, values, false).await;
                common.note(&match was_made(dropped, NOT_THERE, if_exists)? {
                    true => format!("dropped partition {name} of table {table}"),
                    false => format!("table {table} has no partition {name}; nothing was changed"),
                });
            }
        }
        Ok(())
    }
}

/// Values with their columns, as `day=2026-01-31/region=eu`.
fn listed(values: &[(String, String)], between: &str) -> String {
    values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(between)
}

fn row(partition: &PartitionInfo, format: ListFormat) -> Value {
    let values: Value = match format {
        ListFormat::Table => listed(&partition.spec, " ").into(),
        _ => {
            partition.spec.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<Map<_, _>>().into()
        }
    };
    json!({ "partition": partition.name, "partition_id": partition.partition_id, "values": values })
}
