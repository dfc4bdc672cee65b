//! Runs every file of `tests/scenarios` (its README says what they hold) with the engine as a component, linked natively
//! and as both in lockstep against the node, and as a component against a real cluster.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::StreamExt;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use thalweg::client::{Client, ClientOptions, EngineKind, ScanOptions, Table};
use thalweg::formats::{Format, Input, ReadOptions, reader, writer};
use thalweg::module::{ChainSpec, ModuleSpec};
use thalweg_engine::api::{Bucket, End, Start};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::cluster::{self, Cluster};
use thalweg_wire::table::{Schema, TableDescriptor, TablePath};
use tokio::runtime::Runtime;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Scenario {
    about: String,
    schema: String,
    #[serde(default = "one")]
    buckets: u32,
    #[serde(default)]
    bucket_key: Vec<String>,
    #[serde(default)]
    properties: std::collections::BTreeMap<String, String>,
    step: Vec<Step>,
}

fn one() -> u32 {
    1
}

/// One step: an append or a scan, and what comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Step {
    append: Option<String>,
    scan: Option<Scan>,
    /// Name and settings of each module.
    #[serde(default)]
    modules: Vec<Vec<String>>,
    #[serde(default)]
    filtered: std::collections::BTreeMap<String, u64>,
    rows: Option<String>,
    /// The rows are those that this step appended.
    same_as_step: Option<usize>,
    fails: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    columns: Option<Vec<String>>,
    start: Option<u64>,
    end: Option<u64>,
    limit: Option<u64>,
    #[serde(default)]
    buckets: Vec<u32>,
}

/// Where a scenario runs.
#[derive(Debug, Clone, Copy)]
enum Place {
    Node(EngineKind),
    Cluster,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a tokio runtime"));
static NODE: Mutex<Option<(Node, tempfile::TempDir)>> = Mutex::new(None);
static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);

/// The address of the one server of its kind that all scenarios share.
fn address(place: Place) -> Result<String> {
    match place {
        Place::Node(_) => {
            let mut node = NODE.lock().map_err(|_| anyhow::anyhow!("the node failed before"))?;
            if node.is_none() {
                let data = tempfile::tempdir()?;
                let mut options = NodeOptions::new(data.path());
                options.listen = "127.0.0.1:0".into();
                *node = Some((RUNTIME.block_on(Node::start(options))?, data));
            }
            Ok(node.as_ref().context("the node was just started")?.0.address().to_string())
        }
        Place::Cluster => {
            let mut cluster = CLUSTER.lock().map_err(|_| anyhow::anyhow!("the cluster failed before"))?;
            if cluster.is_none() {
                *cluster = Some(Cluster::start(1)?);
            }
            Ok(cluster.as_ref().context("the cluster was just started")?.address.clone())
        }
    }
}

async fn run(scenario: Scenario, name: String, place: Place, address: String) -> Result<()> {
    let mut options = ClientOptions::new(vec![address]);
    options.engine = match place {
        Place::Node(engine) => engine,
        Place::Cluster => EngineKind::Component,
    };
    let client = Client::connect(options).await?;
    let path: TablePath = name.parse()?;
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(&scenario.schema)?);
    descriptor.bucket_count = Some(scenario.buckets);
    descriptor.bucket_keys = scenario.bucket_key.clone();
    descriptor.properties = scenario.properties.clone();
    client.create_table(&path, descriptor, false).await?;
    let table = client.table(&path).await?;
    for (number, step) in scenario.step.iter().enumerate() {
        let context = || format!("step {number} ({})", scenario.about);
        let result = take(&table, step, &scenario).await;
        match (&step.fails, result) {
            (None, result) => result.with_context(context)?,
            (Some(text), Err(error)) if format!("{error:#}").contains(text) => {}
            (Some(text), Err(error)) => bail!("{}: {error:#} does not say {text:?}", context()),
            (Some(text), Ok(())) => bail!("{} succeeds instead of failing with {text:?}", context()),
        }
    }
    let counts = client.close(Duration::from_secs(10)).await?;
    ensure!(counts.unknown == 0, "{counts:?}");
    Ok(())
}

async fn take(table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    let chain = chain(&step.modules)?;
    match (&step.append, &step.scan) {
        (Some(rows), None) => append(table, rows, chain, &step.filtered).await,
        (None, Some(scan)) => {
            let rows = match (&step.rows, step.same_as_step) {
                (Some(rows), _) => Some(rows),
                (None, Some(step)) => scenario.step.get(step).and_then(|step| step.append.as_ref()),
                (None, None) => None,
            };
            check(table, scan, chain, rows).await
        }
        _ => bail!("a step either appends or scans"),
    }
}

fn chain(modules: &[Vec<String>]) -> Result<Option<ChainSpec>> {
    let mut specs = Vec::new();
    for module in modules {
        let (name, settings) = module.split_first().context("a module has a name")?;
        let mut spec = ModuleSpec::new(name, Path::new(""));
        settings.iter().try_for_each(|setting| spec.set(setting))?;
        specs.push(spec);
    }
    Ok((!specs.is_empty()).then_some(ChainSpec { modules: specs }))
}

async fn append(
    table: &Table,
    rows: &str,
    chain: Option<ChainSpec>,
    filtered: &std::collections::BTreeMap<String, u64>,
) -> Result<()> {
    let table = match chain {
        Some(chain) => table.clone().with_chain(&chain).await?,
        None => table.clone(),
    };
    for batch in read(rows, table.schema())? {
        let outcome = table.append(batch).await?.await;
        if let Some((row, error)) = outcome.first_failure() {
            bail!("row {row}: {error}");
        }
        ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
        for (module, rows) in filtered {
            ensure!(outcome.filtered.contains(&(module.clone(), *rows)), "{:?}", outcome.filtered);
        }
    }
    Ok(())
}

async fn check(table: &Table, scan: &Scan, chain: Option<ChainSpec>, expected: Option<&String>) -> Result<()> {
    let options = ScanOptions {
        columns: scan.columns.clone(),
        buckets: scan.buckets.iter().map(|bucket| Bucket { partition: None, bucket: *bucket }).collect(),
        start: scan.start.map_or(Start::Earliest, Start::Offset),
        end: scan.end.map_or(End::Latest, End::Offset),
        limit: scan.limit,
        chain,
        ..ScanOptions::default()
    };
    let mut stream = table.scan(options).await?;
    let schema = stream.schema();
    let mut batches = Vec::new();
    while let Some(scanned) = stream.next().await {
        batches.push(scanned?);
    }
    batches.sort_by_key(|scanned| (scanned.bucket, scanned.offsets().next()));
    let expected = expected.context("a scan that succeeds says its rows")?;
    let expected = text(&read(expected, schema.clone())?, schema.clone())?;
    let found = text(&batches.into_iter().map(|scanned| scanned.batch).collect::<Vec<_>>(), schema)?;
    ensure!(found == expected, "found:\n{found}\nexpected:\n{expected}");
    Ok(())
}

/// JSON lines as the table's columns.
fn read(rows: &str, schema: SchemaRef) -> Result<Vec<RecordBatch>> {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
    std::io::Write::write_all(&mut file, rows.as_bytes())?;
    let rows = reader(
        &Input::File(file.path().into()),
        Format::Json,
        schema,
        ReadOptions { batch_rows: 1000, follow: false },
    )?;
    rows.map(|rows| Ok(rows?.batch)).collect()
}

/// Batches as JSON lines.
fn text(batches: &[RecordBatch], schema: SchemaRef) -> Result<String> {
    let file = tempfile::NamedTempFile::new()?;
    let mut out = writer(Format::Json, schema, file.reopen()?)?;
    batches.iter().try_for_each(|batch| out.write(batch))?;
    out.finish()?;
    Ok(std::fs::read_to_string(file.path())?)
}

fn trials() -> Result<Vec<Trial>> {
    let places = [
        ("node_component", Place::Node(EngineKind::Component)),
        ("node_native", Place::Node(EngineKind::Native)),
        ("node_lockstep", Place::Node(EngineKind::Lockstep)),
        ("cluster_component", Place::Cluster),
    ];
    let no_cluster = cluster::missing();
    let mut trials = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).context("plain file names")?.to_owned();
        let scenario: Scenario =
            toml::from_str(&std::fs::read_to_string(&path)?).with_context(|| path.display().to_string())?;
        let scenario = Arc::new(scenario);
        for (place_name, place) in places {
            let missing = matches!(place, Place::Cluster).then(|| no_cluster.clone()).flatten();
            let (scenario, table) = (Arc::clone(&scenario), format!("{stem}_{place_name}"));
            let test = move || {
                let address = address(place)?;
                RUNTIME.block_on(run(scenario.as_ref().clone(), table, place, address))
            };
            let trial = Trial::test(format!("{stem}/{place_name}"), move || {
                test().map_err(|error| Failed::from(format!("{error:#}")))
            });
            trials.push(trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default()));
        }
    }
    ensure!(!trials.is_empty(), "no scenario was found");
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(trials)
}

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    // One at a time: they share a server and two cores.
    let conclusion = libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials()?);
    drop(CLUSTER.lock().map(|mut cluster| cluster.take()));
    conclusion.exit()
}
