//! `module test`: rows in, rows out, through the chain that rows on their way into a table go through.
//!
//! ```text
//! results  what became of each row
//! show     that, printed
//! expect   that, beside a file of expected rows
//! ```

mod expect;
mod results;
mod show;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use tempfile::TempDir;

use super::build::Options;
use super::context::{Columns, Place};
use super::subject::Subject;
use crate::cli::terminal::{Common, Outcome};
use crate::formats::{Format, Input, ReadOptions, reader};
use crate::module::{Chain, ChainSpec, ModuleSpec, Policy};
use crate::runtime::Runtime;

use results::{Line, results};
use show::{Counts, ResultFormat};

/// Rows that are given to the module at once: as many as a call carries.
const BATCH_ROWS: usize = 8192;

/// `thalweg module test`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg module test\n  thalweg module test late --set min=45\n  \
    thalweg module test late.wasm --schema 'origin STRING, delay INT' --input late.csv --expect expect.jsonl\n  \
    thalweg module test where --set 'if=delay > 30' --table flights --input flights.parquet --format rows\n\n\
    A folder is built first, apart from the component that `module build` made there. Its module.toml says the columns (schema = 'a INT, b STRING') and the configuration\n\
    (config = { key = value }), rows.jsonl are the rows, and expect.jsonl, if it is there, what must come of them: the rows\n\
    that come out, and {\"$error\": \"text\"} for each that is refused. --format rows > expect.jsonl makes such a file. A file takes\n\
    from its folder what the options do not say. Exit status 1 on any difference, and when the module fails.")]
pub(in crate::cli) struct Test {
    /// The module's folder, a component, or the name of a stock module
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    module: String,
    /// The rows; - is standard input [default: rows.jsonl of the module's folder]
    #[arg(long, value_name = "FILE|-")]
    input: Option<String>,
    /// How the rows are written down [default: by the file's suffix; standard input is JSON]
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<Format>,
    /// What must come of them, as JSON lines [default: expect.jsonl of the folder, if rows.jsonl are the
    /// rows and they are not printed by --format rows]
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Configure the module
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    columns: Columns,
    /// Build a folder for speed
    #[arg(long)]
    release: bool,
    /// How fates are printed [default: table on a terminal, json in a pipe]
    #[arg(long, value_enum)]
    format: Option<ResultFormat>,
}

/// What is tested, and with what.
struct Case {
    spec: ModuleSpec,
    /// Where the module was built; there as long as this is.
    _built: Option<TempDir>,
    place: Place,
    input: Input,
    expect: Option<PathBuf>,
}

impl Test {
    pub(super) async fn run(self, common: &Common) -> Outcome {
        let case = self.case(common).await?;
        let spec = ChainSpec { modules: vec![case.spec.clone()], ..ChainSpec::default() };
        let chain = Chain::load(&*Runtime::shared()?, &spec, &case.place.context())?;
        let (found, counts) = self.apply(&case, &chain)?;
        if !common.quiet {
            eprintln!("{}: {}", case.spec.name, counts.sentence());
        }
        let Some(path) = &case.expect else { return Ok(()) };
        let schema = std::sync::Arc::new(chain.output().into());
        if let Some(differences) = expect::differences(&expect::read(path, &schema)?, &found) {
            eprint!("{differences}");
            let (name, path) = (&case.spec.name, path.display());
            return Err(anyhow!("module {name}: the rows that came out differ from {path}").into());
        }
        if !common.quiet {
            eprintln!("{}: as expected by {}", case.spec.name, path.display());
        }
        Ok(())
    }

    /// What is tested. A folder is built.
    async fn case(&self, common: &Common) -> anyhow::Result<Case> {
        let options = Options { release: self.release, quiet: common.quiet };
        let Subject { folder, mut spec, built } = Subject::find(&self.module, &self.set, Some(options))?;
        spec.on_error = Policy::Drop;
        let place = self.columns.place(common, folder.as_ref()).await?.context(
            "the columns of the rows are not known: say them with --schema 'a INT, b STRING' or --table NAME, or in \
             module.toml of the module's folder",
        )?;
        let (rows, expect) = match &folder {
            Some(folder) => (folder.companion("rows.jsonl"), folder.companion("expect.jsonl")),
            None => (None, None),
        };
        let usual = self.input.is_none() && self.format != Some(ResultFormat::Rows);
        let expect = self.expect.clone().or(expect.filter(|_| usual));
        let input = match &self.input {
            Some(input) => Input::new(input),
            None => Input::File(rows.context("there is no rows.jsonl beside the module; say the rows with --input")?),
        };
        Ok(Case { spec, _built: built, place, input, expect })
    }

    /// Runs all rows through the module and shows what becomes of them. Gives what a file of expected rows would have.
    fn apply(&self, case: &Case, chain: &Chain) -> anyhow::Result<(Vec<Line>, Counts)> {
        let format = self.format.unwrap_or_else(ResultFormat::fitting);
        let options = ReadOptions { batch_rows: BATCH_ROWS, ..ReadOptions::default() };
        let rows = reader(&case.input, case.input.format(self.input_format)?, chain.input().clone(), options)?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let (mut found, mut counts, mut number) = (Vec::new(), Counts::new(), 0);
        for rows in rows {
            let rows = rows?;
            // In the module's own columns, as the chain takes them.
            let batch = crate::columns::fit(&rows.batch, chain.input())
                .map_err(|error| anyhow!("{}: {}", rows.place.of(error.row().unwrap_or(0)), error.reason()))?;
            let applied = chain.apply(&batch).with_context(|| format!("{} and on", rows.place.of(0)))?;
            for result in results(&batch, &applied)? {
                number += 1;
                show::print(&mut out, number, &result, format)?;
                counts.count(&result);
                if case.expect.is_some() {
                    found.extend(result.lines());
                }
            }
        }
        out.flush()?;
        ensure!(number > 0, "{} has no rows", case.input.name());
        Ok((found, counts))
    }
}
