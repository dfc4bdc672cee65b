//! `database`: create, drop, list and show.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::change::{NOT_THERE, THERE, was_made};
use crate::cli::terminal::{Common, ListFormat, Outcome, print_list, print_one};
use crate::text::escaped;

/// `thalweg database`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Database {
    /// Create a database
    #[command(after_help = "Example:\n  thalweg database create sales --comment 'orders and returns'")]
    Create {
        /// Its name
        name: String,
        /// A text for people
        #[arg(long)]
        comment: Option<String>,
        /// One that exists is fine
        #[arg(long)]
        if_not_exists: bool,
    },
    /// Drop a database
    #[command(after_help = "Example:\n  thalweg database drop sales --cascade")]
    Drop {
        /// Its name
        name: String,
        /// One that does not exist is fine
        #[arg(long)]
        if_exists: bool,
        /// Drop its tables too
        #[arg(long)]
        cascade: bool,
    },
    /// List all databases
    #[command(after_help = "Example:\n  thalweg database list --format json")]
    List {
        /// How the list is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Show one database
    #[command(after_help = "Example:\n  thalweg database show sales --format yaml")]
    Show {
        /// Its name
        name: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
}

impl Database {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        let client = common.connect().await?;
        match self {
            Self::Create { name, comment, if_not_exists } => {
                let created = client.create_database(&name, comment, Vec::new(), false).await;
                common.note(&match was_made(created, THERE, if_not_exists)? {
                    true => format!("created database {name}"),
                    false => format!("database {name} exists already; nothing was changed"),
                });
            }
            Self::Drop { name, if_exists, cascade } => {
                let dropped = client.drop_database(&name, false, cascade).await;
                common.note(&match was_made(dropped, NOT_THERE, if_exists)? {
                    true if cascade => format!("dropped database {name} with its tables"),
                    true => format!("dropped database {name}"),
                    false => format!("there is no database {name}; nothing was changed"),
                });
            }
            Self::List { format } => {
                let names = client.list_databases().await?;
                print_list(&names.iter().map(|name| json!({ "database": name })).collect::<Vec<_>>(), format)?;
            }
            Self::Show { name, format } => {
                let info = client.show_database(&name).await?;
                let properties: Map<String, Value> =
                    info.custom_properties.into_iter().map(|(key, value)| (key, value.into())).collect();
                let value = json!({
                    "database": info.name, "comment": info.comment, "properties": properties,
                    "created": info.created, "modified": info.modified,
                });
                let comment = info.comment.unwrap_or_default();
                let text = format!("database {}\n{}\n", escaped(&info.name), escaped(&comment));
                print_one(&value, text.trim_start_matches('\n'), format)?;
            }
        }
        Ok(())
    }
}
