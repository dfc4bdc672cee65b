//! What `append`, `upsert` and `delete` have in common: their inputs, modules and summary.
//!
//! ```text
//! append, keyed  the commands
//! run            rows as they are read, through the modules, each with its fate
//! dry_run        what becomes of some of the rows, shown
//! summary        what became of all of them
//! chain_watch    a chain file that is followed
//! ```

mod append;
mod chain_watch;
mod dry_run;
mod keyed;
mod run;
mod summary;

use clap::Args;

use super::chain::{ChainSettings, Modules, Order};
use super::input::{self, InputOptions};
use crate::cli::terminal::{Common, Failure, Outcome};
use crate::client::{self, Table, Writer};
use crate::formats::{Format, FormatError, Input, ReadOptions};
use crate::table::TablePath;

use chain_watch::ChainFile;
use run::Run;
use summary::SummaryFormat;

pub(in crate::cli) use append::Append;
pub(in crate::cli) use keyed::{Delete, Upsert};

/// Options of every command that writes rows.
#[derive(Debug, Args)]
pub(super) struct Write {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// The files; - is standard input
    #[arg(value_name = "FILE|-", default_value = "-")]
    files: Vec<String>,
    #[command(flatten)]
    input: InputOptions,
    /// Rows that are read and sent at once
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_rows: u32,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    settings: ChainSettings,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    summary: SummaryFormat,
    /// Check and run everything, send nothing, and show what the modules do to some of the rows
    #[arg(long)]
    dry_run: bool,
    /// Keep reading the last input, a growing file or a pipe, and write rows as they come, until an interrupt; a file that
    /// is rotated, truncated or written anew is read from its start; take up the file of --chain when it or a module of it
    /// changes
    #[arg(long)]
    follow: bool,
    /// A row whose partition the table does not have fails, instead of creating the partition
    #[arg(long)]
    no_create_partitions: bool,
}

impl Write {
    /// Writes all rows in the way that `way` chooses.
    pub(super) async fn run(
        self,
        common: &Common,
        order: Order,
        way: impl FnOnce(&Table) -> Result<Writer, client::Error>,
    ) -> Outcome {
        let inputs = self.inputs()?;
        if self.modules.is_empty() {
            self.settings.require_none()?;
        }
        let create = !self.no_create_partitions;
        let client = common.connect_with(|settings| settings.write.create_partitions = create).await?;
        let mut writer = way(&client.table(&self.table).await?)?;
        let mut watched = match self.modules.file().filter(|_| self.follow) {
            Some(path) => Some(ChainFile::new(path).await),
            None => None,
        };
        if let Some(mut spec) = self.modules.chain(&order)? {
            self.settings.apply(&mut spec);
            if let Some(file) = &mut watched {
                file.loads(&spec).await;
            }
            writer = match self.dry_run {
                true => writer.with_chain_to_check(&spec).await?,
                false => writer.with_chain(&spec).await?,
            };
        }
        let mut run = Run::new(&writer, common.quiet)?;
        let watch = watched.map(|file| file.watch(writer.clone(), self.settings.clone(), run.bar().clone()));
        let progress = run.bar().reading(self.size(&inputs));
        let options = self.input.read_options(self.batch_rows as usize);
        let options = ReadOptions { follow: self.follow, progress, ..options };
        let rows = input::start(inputs, writer.input_schema(), options);
        match self.dry_run {
            true => run.check(&writer, rows).await,
            false => run.write(&writer, rows).await,
        }
        let outcome = run.finish(&client, &writer, self.summary, common.quiet).await;
        match watch.is_some_and(|watch| watch.is_broken()) {
            true => outcome.and(Err(Failure::Reported)),
            false => outcome,
        }
    }

    /// How many bytes are read in all, where that is known and they are counted.
    fn size(&self, inputs: &[(Input, Format)]) -> Option<u64> {
        let counted = |(input, format): &(Input, Format)| input.size().filter(|_| *format != Format::Arrow);
        if self.follow { None } else { inputs.iter().map(counted).sum() }
    }

    /// The inputs, each with a format, before anything is sent.
    fn inputs(&self) -> anyhow::Result<Vec<(Input, Format)>> {
        let inputs = self.files.iter().map(|file| Input::new(file));
        let inputs: Vec<_> = inputs
            .map(|input| input.format(self.input.format).map(|format| (input, format)))
            .collect::<Result<_, FormatError>>()?;
        if let Some((_, format)) = inputs.last() {
            format.check_follow(self.follow)?;
        }
        Ok(inputs)
    }
}
