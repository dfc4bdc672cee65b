//! `append`: rows of files or standard input into a log table, through any modules, each row accounted for.

use clap::Args;

use super::Outcome;
use super::modules::Order;
use super::options::Common;
use super::write::Write;

/// `thalweg append`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg append flights flights.parquet --summary json\n  \
    cat rows.jsonl | thalweg append flights\n  \
    thalweg append flights --follow today.jsonl\n  \
    thalweg append flights flights.parquet --module where --set \"if=delay > 30\" \\\n      \
    --module scale --set column=distance --set factor=1.609344")]
pub(super) struct Append {
    #[command(flatten)]
    write: Write,
}

impl Append {
    pub(super) async fn run(self, common: &Common, order: Order) -> Outcome {
        self.write.run(common, order, |table| Ok(table.appender())).await
    }
}
