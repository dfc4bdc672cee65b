//! Runs every file of `tests/scenarios` (its README says what they hold) with the engine as a component and linked
//! natively, against the node and a real cluster, and against the node also as both in lockstep.

mod case;
mod size;
mod steps;

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use case::Scenario;
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg::client::{Client, ClientOptions, EngineKind};
use thalweg::table::{Schema, TableDescriptor, TablePath};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::cluster::{self, Cluster};
use tokio::runtime::Runtime;

/// Where a scenario runs.
#[derive(Debug, Clone, Copy)]
enum Place {
    Node(EngineKind),
    Cluster(EngineKind),
}

impl Place {
    fn engine(self) -> EngineKind {
        let (Self::Node(engine) | Self::Cluster(engine)) = self;
        engine
    }
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
        Place::Cluster(_) => {
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
    options.engine = place.engine();
    options.settings.write.create_partitions = scenario.create_partitions;
    let limits = &scenario.settings;
    let scan = &mut options.settings.scan;
    scan.fetch_bytes = limits.fetch_bytes.unwrap_or(scan.fetch_bytes);
    scan.bucket_bytes = limits.bucket_bytes.unwrap_or(scan.bucket_bytes);
    options.settings.write.batch_rows = limits.batch_rows.unwrap_or(options.settings.write.batch_rows);
    let client = Client::connect(options).await?;
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
    for (number, step) in scenario.step.iter().enumerate() {
        let context = || format!("step {number} ({})", scenario.about);
        let result = steps::take(&table, step, &scenario).await;
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

fn trials() -> Result<Vec<Trial>> {
    let places = [
        ("node_component", Place::Node(EngineKind::Component)),
        ("node_native", Place::Node(EngineKind::Native)),
        ("node_lockstep", Place::Node(EngineKind::Lockstep)),
        ("node_inside", Place::Node(EngineKind::Inside)),
        ("cluster_component", Place::Cluster(EngineKind::Component)),
        ("cluster_native", Place::Cluster(EngineKind::Native)),
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
        let scenario = Arc::new(scenario.written_out());
        for (place_name, place) in places {
            let missing = matches!(place, Place::Cluster(_)).then(|| no_cluster.clone()).flatten();
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
    for (place_name, place) in places.into_iter().filter(|(_, place)| size::RUNS_WITH.contains(&place.engine())) {
        let missing = matches!(place, Place::Cluster(_)).then(|| no_cluster.clone()).flatten();
        let test = move || RUNTIME.block_on(size::run(place_name, place.engine(), address(place)?));
        let trial = Trial::test(format!("size/{place_name}"), move || {
            test().map_err(|error| Failed::from(format!("{error:#}")))
        });
        trials.push(trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default()));
    }
    if size::full() && no_cluster.is_none() {
        trials.push(Trial::test("size/cluster_failover", || {
            let run = || {
                let cluster = Cluster::start_with(3, &["zookeeper.client.session-timeout=4s"])?;
                RUNTIME.block_on(size::run_with_a_server_killed(&cluster))
            };
            run().map_err(|error: anyhow::Error| Failed::from(format!("{error:#}")))
        }));
    }
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
