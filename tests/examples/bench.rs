//! thalweg against fluss-rs 1.0.0, on one server in one run:
//!
//! ```sh
//! cargo run --release -p thalweg-tests --example bench           # [--cluster] [--small] [--runs N] [--only TEXT]... [--save]
//! ```
//!
//! Appends in five forms, scans, upserts and lookups, by thalweg with its engine as a component and linked natively and by
//! fluss-rs as it comes; where each waits for the one before also with a wait of 1 ms for fuller batches. All take turns,
//! each run in a process of its own. Then memory and start of a node with keyed tables. `--cluster` measures on a real
//! cluster that it starts, `--only` what has this text in its name (`node`: memory and start). Prints a table: medians, the
//! least and the most of all runs, CPU each, and ratios against the better of what fluss-rs does. `--save` writes it to
//! `tests/benchmarks/DATE.md` with a plot of the ratios beside it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use thalweg_tests::bench::{self, Plan};
use thalweg_tests::{fluss_rs, root};

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(done) = bench::called().await {
        return done;
    }
    let (mut plan, mut cluster, mut save, mut runs) = (Plan::full(), false, false, None);
    let mut arguments = std::env::args().skip(1);
    let mut only = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--cluster" => cluster = true,
            "--small" => plan = Plan::small(),
            "--save" => save = true,
            "--runs" => runs = Some(value()?.parse::<usize>()?.max(1)),
            "--only" => only.push(value()?),
            other => bail!("unknown: {other}; there are --cluster, --small, --runs N, --only TEXT and --save"),
        }
    }
    plan = Plan { runs: runs.unwrap_or(plan.runs), only, ..plan };
    let foreign = match fluss_rs::missing() {
        None => Some(fluss_rs::program(!cfg!(debug_assertions))?),
        Some(reason) => {
            eprintln!("fluss-rs is left out: {reason}");
            None
        }
    };
    let figures = bench::run(&plan, cluster, foreign.as_deref()).await?;
    let text = format!(
        "{}; server: {}; {} runs each; CPU is that of the client, each row or lookup.\n\n{}",
        bench::machine(),
        figures.server,
        plan.runs,
        bench::table(&figures)
    );
    println!("{text}");
    if save {
        let name = format!("{}{}", today()?, if cluster { "-cluster" } else { "" });
        keep(&root().join("tests/benchmarks"), &name, &text, bench::plot(&figures, &bench::machine()))?;
    }
    Ok(())
}

fn today() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?;
    ensure!(output.status.success(), "date does not tell the date");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn keep(folder: &Path, name: &str, text: &str, plot: Option<String>) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut page = format!("# Measured {name}\n\n{text}");
    if let Some(plot) = plot {
        std::fs::write(folder.join(format!("{name}.svg")), plot)?;
        page += &format!("\n![Ratios against fluss-rs]({name}.svg)\n");
    }
    std::fs::write(folder.join(format!("{name}.md")), page)?;
    println!("written to {}", folder.join(format!("{name}.md")).display());
    Ok(())
}
