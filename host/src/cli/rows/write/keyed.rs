//! `upsert` and `delete`: rows of files or standard input into a table with a primary key, and out of it.

use clap::Args;

use super::Write;
use crate::cli::rows::chain::Order;
use crate::cli::terminal::{Common, Outcome};

/// `thalweg upsert`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg upsert airports airports.csv\n  \
    echo '{\"code\": \"SEA\", \"name\": \"Seattle\"}' | thalweg upsert airports\n  \
    thalweg upsert airports renamed.csv --columns code,name\n  \
    thalweg upsert airports airports.csv --module where --set \"if=state = 'WA'\"")]
pub(in crate::cli) struct Upsert {
    #[command(flatten)]
    write: Write,
    /// Change only these columns, the key among them, and leave the others as they are
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    columns: Option<Vec<String>>,
}

impl Upsert {
    pub(in crate::cli) async fn run(self, common: &Common, order: Order) -> Outcome {
        let columns = self.columns;
        let run = self.write.run(common, order, |table| match &columns {
            Some(columns) => table.updater(columns),
            None => Ok(table.upserter()),
        });
        run.await
    }
}

/// `thalweg delete`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  echo '{\"code\": \"SEA\"}' | thalweg delete airports\n  \
    thalweg delete airports closed.csv --summary json")]
pub(in crate::cli) struct Delete {
    #[command(flatten)]
    write: Write,
}

impl Delete {
    pub(in crate::cli) async fn run(self, common: &Common, order: Order) -> Outcome {
        self.write.run(common, order, |table| table.deleter()).await
    }
}
