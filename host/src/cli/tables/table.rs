//! `table`: create, list, show and drop.

use crate::table::{Schema, TableDescriptor, TableOptions, TablePath};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::alter::Alter;
use super::change::{NOT_THERE, THERE, was_made};
use super::schema::schema_of;
use super::show::{as_json, as_text, key_names};
use crate::cli::terminal::{Common, CsvFlags, ListFormat, Outcome, counted, key_value, print_list, print_one, say};
use crate::formats::{Format, InferOptions, Input, infer_schema};

/// `thalweg table`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Table {
    /// Create a table
    Create(Box<Create>),
    /// List the tables of a database
    #[command(after_help = "Example:\n  thalweg table list --database sales")]
    List {
        /// The database
        #[arg(long, default_value = "fluss")]
        database: String,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Show a table's columns, keys and properties
    #[command(after_help = "Example:\n  thalweg table show flights --format yaml")]
    Show {
        /// The table, as NAME or DATABASE.NAME
        table: TablePath,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Drop a table and its rows
    #[command(after_help = "Example:\n  thalweg table drop flights --if-exists")]
    Drop {
        /// The table, as NAME or DATABASE.NAME
        table: TablePath,
        /// One that does not exist is fine
        #[arg(long)]
        if_exists: bool,
    },
    /// Add columns to a table; set or reset its properties
    Alter(Alter),
}

/// `thalweg table create`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    thalweg table create prices --schema 'id BIGINT NOT NULL, name STRING, price DECIMAL(10, 2)'\n  \
    thalweg table create flights --like flights.parquet --buckets 3\n  \
    thalweg table create airports --schema 'code STRING, name STRING, state STRING' --primary-key code\n  \
    thalweg table create orders --schema 'id BIGINT, day STRING, total DECIMAL(12, 2)' \\\n      \
    --primary-key id,day --partition-by day --property table.auto-partition.enabled=true\n  \
    thalweg table create users --schema 'mail STRING, id BIGINT, name STRING' --primary-key mail --auto-increment id\n  \
    thalweg table create totals --schema 'id INT, total BIGINT' --primary-key id \\\n      \
    --property table.merge-engine=aggregation --property fields.total.agg=sum\n\n\
    Properties of tables with a primary key: table.merge-engine (first_row, versioned, aggregation), with\n\
    table.merge-engine.versioned.ver-column and fields.COLUMN.agg; table.delete.behavior (allow, ignore, disable);\n\
    table.changelog.image (full, wal).")]
pub(in crate::cli) struct Create {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// Its columns, as 'id BIGINT NOT NULL, name STRING'; PRIMARY KEY (id) may stand among them
    #[arg(long, value_name = "COLUMNS", required_unless_present = "like", conflicts_with = "like")]
    schema: Option<String>,
    /// A parquet, arrow, csv or json file to take the columns from
    #[arg(long, value_name = "FILE")]
    like: Option<String>,
    /// How the file of --like is written down [default: by its suffix]
    #[arg(long, requires = "like")]
    format: Option<Format>,
    /// How many rows of a csv or json file decide its columns [default: all]
    #[arg(long, value_name = "ROWS", requires = "like", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    #[command(flatten)]
    csv: CsvFlags,
    /// The primary key's columns
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    primary_key: Vec<String>,
    /// The column that numbers rows: INT or BIGINT, nullable, not of the primary key; rows are then written without it
    #[arg(long, value_name = "COLUMN", requires = "primary_key")]
    auto_increment: Option<String>,
    /// The partition columns
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    partition_by: Vec<String>,
    /// How many buckets [default: the server's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    buckets: Option<u32>,
    /// The columns whose values decide the bucket of a row
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    bucket_key: Vec<String>,
    /// A property: `table.*` is Fluss's, `fields.COLUMN.agg` says how a column is aggregated, all else is your own
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    property: Vec<(String, String)>,
    /// A text for people
    #[arg(long)]
    comment: Option<String>,
    /// One that exists is fine
    #[arg(long)]
    if_not_exists: bool,
}

impl Table {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        match self {
            Self::Create(create) => create.run(common).await?,
            Self::List { database, format } => {
                let names = common.connect().await?.list_tables(&database).await?;
                print_list(&names.iter().map(|name| json!({ "table": name })).collect::<Vec<_>>(), format)?;
            }
            Self::Show { table, format } => {
                let info = common.connect_natively().await?.show_table(&table).await?;
                print_one(&as_json(&info), &as_text(&info), format)?;
            }
            Self::Drop { table, if_exists } => {
                let dropped = common.connect().await?.drop_table(&table, false).await;
                common.note(&match was_made(dropped, NOT_THERE, if_exists)? {
                    true => format!("dropped table {table}"),
                    false => format!("there is no table {table}; nothing was changed"),
                });
            }
            Self::Alter(alter) => alter.run(common).await?,
        }
        Ok(())
    }
}

impl Create {
    async fn run(self, common: &Common) -> anyhow::Result<()> {
        let descriptor = self.descriptor()?;
        let made = Made::of(&descriptor);
        let client = match self.auto_increment {
            Some(_) => common.connect_natively().await?,
            None => common.connect().await?,
        };
        let created = client.create_table(&self.table, descriptor, false).await;
        if !was_made(created, THERE, self.if_not_exists)? {
            common.note(&format!("table {} exists already; nothing was changed", self.table));
        } else if !common.quiet {
            // The server chose the number of buckets where none was given.
            let buckets = match self.buckets {
                Some(buckets) => Some(buckets),
                None => client.show_table(&self.table).await.ok().and_then(|info| info.descriptor.bucket_count),
            };
            common.note(&made.sentence(&self.table, buckets));
        }
        Ok(())
    }

    fn descriptor(&self) -> anyhow::Result<TableDescriptor> {
        let schema = match (&self.schema, &self.like) {
            (Some(sql), _) => Schema::parse_sql(sql).with_context(|| format!("--schema {sql:?}"))?,
            (None, Some(file)) => {
                let input = Input::new(file);
                let sample = self.sample.and_then(|rows| usize::try_from(rows).ok());
                let options = InferOptions { format: self.format, sample, csv: self.csv.options() };
                let inferred = infer_schema(&input, &options)?;
                inferred.hints.iter().for_each(|hint| say(hint));
                schema_of(&inferred.schema).with_context(|| format!("the columns of {file} cannot be a table's"))?
            }
            (None, None) => anyhow::bail!("say the columns with --schema or --like"),
        };
        let options = TableOptions {
            primary_key: self.primary_key.clone(),
            partition_by: self.partition_by.clone(),
            bucket_by: self.bucket_key.clone(),
            buckets: self.buckets,
            comment: self.comment.clone(),
            properties: self.property.clone(),
        };
        let mut descriptor = TableDescriptor::with_options(schema, options)?;
        if let Some(name) = &self.auto_increment {
            let column = descriptor.schema.position(name);
            let column = column.with_context(|| format!("--auto-increment {name:?} is none of the columns"))?;
            descriptor.schema.auto_increment = vec![column];
            descriptor.schema.check()?;
        }
        Ok(descriptor)
    }
}

/// What is said of a table that was created.
struct Made {
    columns: usize,
    primary_key: String,
    partition_keys: String,
}

impl Made {
    fn of(descriptor: &TableDescriptor) -> Self {
        Self {
            columns: descriptor.schema.columns.len(),
            primary_key: key_names(&descriptor.schema).join(", "),
            partition_keys: descriptor.partition_keys.join(", "),
        }
    }

    fn sentence(&self, table: &TablePath, buckets: Option<u32>) -> String {
        let mut sentence = format!("created table {table}, {}", counted(self.columns, "column"));
        if let Some(buckets) = buckets {
            sentence += &format!(", {}", counted(buckets as usize, "bucket"));
        }
        if !self.primary_key.is_empty() {
            sentence += &format!(", primary key {}", self.primary_key);
        }
        if !self.partition_keys.is_empty() {
            sentence += &format!(", partitioned by {}", self.partition_keys);
        }
        sentence
    }
}
