//! What a module costs, in nanoseconds a row with the crossing into its sandbox and back:
//!
//! ```sh
//! cargo run --release -p thalweg-tests --example modules                # [SECONDS] [--json], by default 30
//! ```
//!
//! Each case is a chain over rows of eight columns, through `Chain::apply`, against the same functions as closures over
//! Arrow arrays and, for single modules, through a component that takes and gives Arrow IPC streams: once the one column
//! that the function reads, once the whole batch. All give the same rows, which is checked before they are timed. They are
//! timed in turns; a figure is that of the fastest of many short rounds.

mod cases;
mod ipc;
mod measure;
mod native;
mod print;
mod rows;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use arrow_array::RecordBatch;
use serde::Serialize;
use thalweg::module::{Chain, ChainContext, ChainSpec, ModuleSpec, Operation, Policy};
use thalweg::runtime::Runtime;
use thalweg::table::{Schema, TablePath};
use thalweg_tests::guests;

use cases::{ALIKE, CALL, CASES, Case, MIXED};
use ipc::Ipc;
use measure::{Subject, Times, measure};
use native::{Native, native};
use rows::{Oddity, flights};

/// The figures of a case: nanoseconds a row.
#[derive(Serialize)]
pub struct Figures {
    title: String,
    rows: usize,
    thalweg: Times,
    /// How much of thalweg's time passed in calls of modules.
    calls: f64,
    native: Times,
    ipc_column: Option<Times>,
    ipc_batch: Option<Times>,
}

/// The figures of a chain, module by module: nanoseconds a row.
#[derive(Serialize)]
pub struct Growth {
    title: &'static str,
    rows: usize,
    modules: Vec<&'static str>,
    /// Each alone.
    alone: Vec<Times>,
    /// The first, the first two, and so on.
    together: Vec<Times>,
}

/// Everything, and how busy the machine was.
#[derive(Serialize)]
pub struct Report {
    cases: Vec<Figures>,
    chains: Vec<Growth>,
    /// Programs that ran or wanted to, over the last minute: at the begin and at the end. This one is one of them.
    load: [Option<f64>; 2],
    cores: usize,
}

fn main() -> Result<()> {
    let (options, numbers): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|it| it.starts_with('-'));
    let seconds: u64 = numbers.first().map_or(Ok(30), |text| text.parse()).context("SECONDS is a number")?;
    ensure!(options.iter().all(|it| it == "--json"), "the only option is --json");
    let names: Vec<&str> = CASES.iter().flat_map(|case| case.modules).chain(&ALIKE).chain(&MIXED).copied().collect();
    let (modules, arrow_ipc) = (guests::bench_modules(&names)?, guests::arrow_ipc()?);
    let bench = Bench { runtime: &*Runtime::shared()?, modules: &modules };
    let ipc = Ipc::start(bench.runtime, &arrow_ipc)?;
    let before = load();
    // A chain takes as long as two cases.
    let budget = Duration::from_secs(seconds) / (CASES.len() as u32 + 4);
    let cases = CASES.iter().map(|case| bench.case(case, &ipc, budget)).collect::<Result<_>>()?;
    let chains =
        vec![bench.growth("maps alike", ALIKE, budget * 2)?, bench.growth("maps and filters", MIXED, budget * 2)?];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let report = Report { cases, chains, load: [before, load()], cores };
    match options.is_empty() {
        true => print::table(&report),
        false => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(())
}

struct Bench<'a> {
    runtime: &'a Runtime,
    modules: &'a Path,
}

impl Bench<'_> {
    fn chain(&self, modules: &[&str]) -> Result<Chain> {
        let spec = |name: &&str| {
            let mut spec = ModuleSpec::new(&format!("{name}.wasm"), self.modules);
            spec.on_error = Policy::Drop;
            spec
        };
        let spec = ChainSpec { modules: modules.iter().map(spec).collect(), ..ChainSpec::default() };
        let (table, schema) = (TablePath::new("fluss", "flights")?, Schema::parse_sql(rows::SCHEMA)?);
        let context =
            ChainContext { table: &table, operation: Operation::Append, input: &schema, output: Some(&schema) };
        Ok(Chain::load(self.runtime, &spec, &context)?)
    }

    fn case(&self, case: &Case, ipc: &Ipc, budget: Duration) -> Result<Figures> {
        let batch = flights(case.rows, case.oddity)?;
        let chain = self.chain(case.modules)?;
        let natives = case.modules.iter().map(|module| native(module)).collect::<Result<Vec<_>>>()?;
        let function = case.modules[0];
        let expected = run(&natives, &batch)?;
        let same = |made: RecordBatch, how: &str| {
            ensure!(made == expected, "{}: {how} gives other rows", case.title);
            Ok(())
        };
        same(chain.apply(&batch)?.batch, "the chain")?;
        let mut subjects = vec![Subject::new(|| Ok(chain.apply(&batch)?)), Subject::new(|| run(&natives, &batch))];
        if let Some(column) = case.ipc {
            same(ipc.column(function, column, &batch)?, "a column over Arrow IPC")?;
            same(ipc.whole(function, &batch)?, "a batch over Arrow IPC")?;
            let batch = &batch;
            subjects.push(Subject::new(move || ipc.column(function, column, batch)));
            subjects.push(Subject::new(move || ipc.whole(function, batch)));
        }
        let mut times = measure(&mut subjects, budget)?.into_iter().map(|times| times.over(case.rows));
        drop(subjects);
        let mut next = || times.next().context("a subject without times");
        let (thalweg, native) = (next()?, next()?);
        let (ipc_column, ipc_batch) = (next().ok(), next().ok());
        let calls = thalweg.least * self.share(&chain, &batch)?;
        Ok(Figures { title: case.title.to_owned(), rows: case.rows, thalweg, calls, native, ipc_column, ipc_batch })
    }

    /// How much of a chain's time passes in the calls of its modules: of the fastest of some runs.
    fn share(&self, chain: &Chain, batch: &RecordBatch) -> Result<f64> {
        let running = || chain.report().iter().map(|stage| stage.running.as_secs_f64()).sum::<f64>();
        let mut fastest = (f64::INFINITY, 0.0);
        for _ in 0..500 {
            let (begin, before) = (std::time::Instant::now(), running());
            std::hint::black_box(chain.apply(batch)?);
            let took = begin.elapsed().as_secs_f64();
            if took < fastest.0 {
                fastest = (took, running() - before);
            }
        }
        Ok(fastest.1 / fastest.0)
    }

    fn growth(&self, title: &'static str, modules: [&'static str; 5], budget: Duration) -> Result<Growth> {
        let batch = flights(CALL, Oddity::None)?;
        let alone = modules.iter().map(|module| self.chain(&[module]));
        let together = (1..=modules.len()).map(|count| self.chain(&modules[..count]));
        let chains = alone.chain(together).collect::<Result<Vec<_>>>()?;
        let batch = &batch;
        let mut subjects: Vec<_> = chains.iter().map(|chain| Subject::new(move || Ok(chain.apply(batch)?))).collect();
        let mut alone: Vec<Times> = measure(&mut subjects, budget)?.iter().map(|times| times.over(CALL)).collect();
        let together = alone.split_off(modules.len());
        Ok(Growth { title, rows: CALL, modules: modules.to_vec(), alone, together })
    }
}

fn run(natives: &[Native], batch: &RecordBatch) -> Result<RecordBatch> {
    let (first, rest) = natives.split_first().context("no function")?;
    rest.iter().try_fold(first(batch)?, |batch, native| native(&batch))
}

/// The load of the machine, where it tells.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
