//! The components in hosts that are not ours. What a host needs is fetched and built by the tests; where it cannot be had
//! its tests are listed as ignored, with the reason. `THALWEG_HOSTS=full` runs longer ones.
//!
//! ```text
//! session    the command of `tests/client-command` in the wasmtime CLI
//! export     `thalweg component export`
//! examples   the programs of `examples/components`
//! embedded   the one that embeds the engine's component, on networks good and bad
//! scenarios  the files of `tests/scenarios` through the client component
//! modules    the client component with a module
//! unkind     servers that break, and readers that are slow or leave
//! ```

#[path = "../scenarios/case.rs"]
#[expect(dead_code, reason = "what only modules need, which have tests of their own here")]
mod case;
mod embedded;
mod examples;
mod export;
mod modules;
#[path = "../faults/proxy.rs"]
mod proxy;
mod scenarios;
mod session;
mod unkind;

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg::client::{Client, ClientOptions};
use thalweg::table::{Schema, TableDescriptor, TablePath};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::components;
use tokio::runtime::Runtime;

use case::Scenario;
use session::Session;

/// A name, and what is tried.
type Case = (&'static str, fn() -> Result<()>);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a tokio runtime"));
static NODE: Mutex<Option<(Node, tempfile::TempDir)>> = Mutex::new(None);
static COMMAND: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The address of the one node that all tests share which do not break it.
pub(crate) fn server() -> Result<String> {
    let mut node = NODE.lock().map_err(|_| anyhow::anyhow!("the node failed before"))?;
    if node.is_none() {
        let data = tempfile::tempdir()?;
        let mut options = NodeOptions::new(data.path());
        options.listen = "127.0.0.1:0".into();
        *node = Some((RUNTIME.block_on(Node::start(options))?, data));
    }
    Ok(node.as_ref().context("the node was just started")?.0.address().to_string())
}

/// The command of the tests, composed with the client component.
pub(crate) fn command() -> Result<PathBuf> {
    let mut command = COMMAND.lock().unwrap_or_else(PoisonError::into_inner);
    if command.is_none() {
        let alone = components::command("thalweg-client-command")?;
        let composed = alone.with_file_name("composed.wasm");
        components::compose(&[&components::exported()?.join("client.wasm"), &alone], &composed)?;
        *command = Some(composed);
    }
    command.clone().context("it was just composed")
}

/// Carries a scenario out on a table of the node.
async fn scenario(scenario: &Scenario, name: &str, server: String) -> Result<()> {
    let client = Client::connect(ClientOptions::new(vec![server.clone()])).await?;
    let path: TablePath = name.parse()?;
    let mut schema = Schema::parse_sql(&scenario.schema)?.with_primary_key(&scenario.primary_key)?;
    for (column, function) in &scenario.aggregate {
        let at = schema.position(column).with_context(|| format!("there is no column {column} to aggregate"))?;
        schema.columns[at].aggregation = Some((function.clone(), Vec::new()));
    }
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.partition_keys = scenario.partition_by.clone();
    descriptor.bucket_count = Some(scenario.buckets);
    descriptor.bucket_keys = scenario.bucket_key.clone();
    descriptor.properties = scenario.properties.clone();
    client.create_table(&path, descriptor, false).await?;
    let table = client.table(&path).await?;
    tokio::task::block_in_place(|| scenarios::run(&mut Session::start(&command()?)?, &server, &table, scenario))?;
    client.close(Duration::from_secs(10)).await?;
    Ok(())
}

/// Whether the longer forms are asked for.
pub(crate) fn full() -> bool {
    std::env::var_os("THALWEG_HOSTS").is_some_and(|size| size == "full")
}

fn trial(name: String, missing: Option<String>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let trial = Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())
}

fn trials() -> Result<Vec<Trial>> {
    let missing = components::missing();
    let mut trials = vec![trial("export".into(), None, export::run)];
    for (name, missing, test) in examples::ALL {
        trials.push(trial(format!("example/{name}"), missing(), test));
    }
    for (name, test) in embedded::ALL {
        trials.push(trial((*name).into(), None, test));
    }
    for (name, test) in modules::ALL.iter().chain(unkind::ALL) {
        trials.push(trial((*name).into(), missing.clone(), test));
    }
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).context("plain file names")?.to_owned();
        let read: Scenario =
            toml::from_str(&std::fs::read_to_string(&path)?).with_context(|| path.display().to_string())?;
        let read = read.written_out();
        let unfit = scenarios::unfit(&read).map(str::to_owned);
        let name = format!("scenario/{stem}");
        trials.push(trial(name, missing.clone().or(unfit), move || {
            RUNTIME.block_on(scenario(&read, &format!("{stem}_hosts"), server()?))
        }));
    }
    ensure!(trials.len() > 20, "scenarios are found");
    Ok(trials)
}

fn main() {
    let arguments = Arguments::from_args();
    let trials = trials().expect("the scenarios can be read");
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(NODE.lock().unwrap_or_else(PoisonError::into_inner).take());
    conclusion.exit();
}
