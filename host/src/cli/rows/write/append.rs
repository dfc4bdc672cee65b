//! `append`: rows of files or standard input into a log table, through any modules, each row accounted for.

use clap::Args;

use super::Write;
use crate::cli::rows::chain::Order;
use crate::cli::terminal::{Common, Outcome};

/// `thalweg append`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg append flights flights.parquet --summary json\n  \
    cat rows.jsonl | thalweg append flights\n  \
    thalweg append flights --follow today.jsonl\n  \
    thalweg append flights flights.parquet --module where --set \"if=delay > 30\" \\\n      \
    --module scale --set column=distance --set factor=1.609344")]
pub(in crate::cli) struct Append {
    #[command(flatten)]
    write: Write,
}

impl Append {
    pub(in crate::cli) async fn run(self, common: &Common, order: Order) -> Outcome {
        self.write.run(common, order, |table| Ok(table.appender())).await
    }
}
