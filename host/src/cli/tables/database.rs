//! `database`: create, drop, list and show.

use anyhow::anyhow;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::change::{NOT_THERE, THERE, was_made};
use crate::cli::terminal::{Common, ListFormat, Outcome, key_value, print_list, print_one};
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
    /// Change the comment and the properties of a database, on servers that can (the node, Fluss from 1.0)
    #[command(after_help = "Examples:\n  thalweg database alter sales --comment 'orders and returns'\n  \
        thalweg database alter sales --set owner=me --reset tier")]
    Alter {
        /// Its name
        name: String,
        /// A property to set
        #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
        set: Vec<(String, String)>,
        /// A property to remove
        #[arg(long, value_name = "KEY")]
        reset: Vec<String>,
        /// A text for people; an empty one removes it
        #[arg(long)]
        comment: Option<String>,
        /// One that does not exist is fine
        #[arg(long)]
        if_exists: bool,
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
        let client = match &self {
            Self::Alter { .. } => common.connect_natively().await?,
            _ => common.connect().await?,
        };
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
            Self::Alter { name, set, reset, comment, if_exists } => {
                let mut altered: Vec<String> = set.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                altered.extend(reset.iter().map(|key| format!("{key} reset")));
                altered.extend(comment.iter().map(|_| "another comment".to_owned()));
                if altered.is_empty() {
                    return Err(anyhow!("nothing to alter: say what with --set, --reset or --comment").into());
                }
                let done = client.alter_database(&name, set, reset, comment, false).await;
                common.note(&match was_made(done, NOT_THERE, if_exists)? {
                    true => format!("altered database {name}: {}", altered.join(", ")),
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
