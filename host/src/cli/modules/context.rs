//! `--schema` and `--table`: the columns of the rows that a module is given.

use anyhow::Context as _;
use clap::Args;

use super::folder::Folder;
use crate::cli::terminal::Common;
use crate::module::{ChainContext, Operation};
use crate::table::{DEFAULT_DATABASE, Schema, TablePath};

/// Options that say the columns of rows.
#[derive(Debug, Args)]
pub(super) struct Columns {
    /// The columns of the rows, as 'id BIGINT NOT NULL, name STRING'
    #[arg(long, value_name = "COLUMNS", conflicts_with = "table")]
    schema: Option<String>,
    /// Take the columns from a table of the server
    #[arg(long, value_name = "TABLE")]
    table: Option<TablePath>,
}

/// Where a module stands when it is looked at.
pub(super) struct Place {
    table: TablePath,
    operation: Operation,
    /// The columns of the rows that go in.
    pub(super) input: Schema,
}

impl Columns {
    /// Where the module stands; `None` where neither the options nor its folder say. Rows are on their way into the table,
    /// or, without one, into a log table called `rows`.
    pub(super) async fn place(&self, common: &Common, folder: Option<&Folder>) -> anyhow::Result<Option<Place>> {
        if let Some(table) = &self.table {
            let info = common.connect().await?.show_table(table).await?;
            let input = info.descriptor.schema;
            let operation = if input.primary_key.is_empty() { Operation::Append } else { Operation::Upsert };
            return Ok(Some(Place { table: info.path, operation, input }));
        }
        let input = match (&self.schema, folder) {
            (Some(sql), _) => Some(Schema::parse_sql(sql).with_context(|| format!("--schema {sql:?}"))?),
            (None, Some(folder)) => folder.schema()?,
            (None, None) => None,
        };
        let table = TablePath::new(DEFAULT_DATABASE, "rows")?;
        Ok(input.map(|input| Place { table, operation: Operation::Append, input }))
    }
}

impl Place {
    /// What a chain here is loaded for; whatever comes out is fine.
    pub(super) fn context(&self) -> ChainContext<'_> {
        ChainContext { table: &self.table, operation: self.operation, input: &self.input, output: None }
    }
}
