//! The benchmark of `tests/examples/bench.rs` at a small size: it fails on nonsense only, never on how fast something is.

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};
use thalweg_tests::bench::{self, Client, Figures, Plan};
use thalweg_tests::fluss_rs;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    // The clients and the node are this program, called again.
    if let Some(done) = runtime.block_on(bench::called()) {
        return done;
    }
    let trial = Trial::test("everything_is_measured", move || Ok(everything(&runtime)?));
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

fn everything(runtime: &tokio::runtime::Runtime) -> Result<()> {
    let foreign = fluss_rs::missing().is_none().then(|| fluss_rs::program(false)).transpose()?;
    let plan = Plan::small();
    let figures = runtime.block_on(bench::run(&plan, false, foreign.as_deref()))?;
    let works = bench::works(&plan);
    ensure!(works.len() == 11 && figures.works.len() == works.len(), "{} kinds of work", figures.works.len());
    for ((work, measured), wanted) in figures.works.iter().zip(&works) {
        ensure!(work.name == wanted.name, "{} instead of {}", work.name, wanted.name);
        let ours = measured.iter().filter(|one| one.client.is_ours()).count();
        let tuned = measured.iter().any(|one| one.client == Client::FlussRsTuned);
        ensure!(ours == 2 && tuned == (work.waits && foreign.is_some()), "{}: {measured:?}", work.name);
        for run in measured.iter().flat_map(|one| &one.runs) {
            let timed = run.p50.is_none_or(|p50| p50 > 0.0);
            // So little work may cost less CPU than can be told.
            ensure!(run.rate > 0.0 && run.cpu >= 0.0 && run.server >= 0.0 && timed, "{}: {run:?}", work.name);
            ensure!(!cfg!(target_os = "linux") || run.peak > 1e6, "{}: {run:?}", work.name);
        }
    }
    let node = figures.node.as_ref().context("nothing of the node")?;
    ensure!(!node.start_empty.is_zero() && !node.start_full.is_zero(), "{node:?}");
    ensure!(!cfg!(target_os = "linux") || node.memory > 1_000_000, "{node:?}");
    shown(&figures, foreign.is_some())
}

/// Every line of the table has as many cells as its head, and the plot a name for every kind of work.
fn shown(figures: &Figures, foreign: bool) -> Result<()> {
    let table = bench::table(figures);
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    let measured: usize = figures.works.iter().map(|(_, measured)| measured.len()).sum();
    ensure!(lines.len() == measured + 2, "{table}");
    let cells = |line: &str| line.matches('|').count();
    ensure!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{table}");
    let plot = bench::plot(figures, &bench::machine());
    ensure!(plot.is_some() == foreign, "a plot needs fluss-rs");
    let drawn = |plot: String| {
        figures.works.iter().all(|(work, _)| plot.contains(&work.name))
            && !plot.contains("NaN")
            && !plot.contains("inf")
    };
    ensure!(plot.is_none_or(drawn), "the plot lacks something");
    Ok(())
}
