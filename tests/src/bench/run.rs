//! All clients in turns: each run of each client in a process of its own, on a table of its own or on one that all read.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use thalweg::client::EngineKind;
use thalweg::table::{Schema, TableDescriptor, TablePath};

use super::figures::{Client, Figures, Measured, Run};
use super::server::{NodeProcess, Server};
use super::work::{Plan, Rows, Shape, Work, works};
use super::{keyed, ours};
use crate::client::answers;
use crate::cluster::Cluster;

const COLUMNS: &str = "id BIGINT NOT NULL, name STRING, amount DOUBLE";
/// The tables.
const OWN: &str = "own";
const SHARED: &str = "shared";
const SHARED_BY_FLUSS_RS: &str = "shared_by_fluss_rs";

/// Measures all work that is wanted, on a node or on a real cluster. `fluss_rs`: the built program of `tests/fluss-rs`, if it
/// is to be measured too.
///
/// # Errors
/// What a server or a client says is wrong.
pub async fn run(plan: &Plan, cluster: bool, fluss_rs: Option<&Path>) -> Result<Figures> {
    let wanted = works(plan);
    let mut figures = Vec::new();
    for durability in ["fsync", "os"] {
        let here: Vec<(usize, &Work)> =
            wanted.iter().enumerate().filter(|(_, work)| work.durability == durability).collect();
        // A tablet server has a durability of its own.
        if here.is_empty() || cluster && durability == "os" {
            continue;
        }
        let server = match cluster {
            true => Server::Cluster(Cluster::start(1)?),
            false => Server::Node(NodeProcess::start(durability)?),
        };
        let bench = Bench { server, plan: plan.clone(), fluss_rs: fluss_rs.map(PathBuf::from) };
        for (at, work) in here {
            let mut work = work.clone();
            let measured = bench.measure(&work).await.with_context(|| work.name.clone())?;
            if cluster {
                work.name = work.name.trim_end_matches(", fsync").to_owned();
            }
            figures.push((at, work, measured));
        }
    }
    figures.sort_by_key(|(at, ..)| *at);
    let figures = figures.into_iter().map(|(_, work, measured)| (work, measured)).collect();
    let node = match !cluster && plan.wants("node") {
        true => Some(keyed::measure(plan).await.context("node")?),
        false => None,
    };
    let server = if cluster { "Apache Fluss 0.9.1, one tablet server" } else { "the node" };
    Ok(Figures { works: figures, node, server })
}

struct Bench {
    server: Server,
    plan: Plan,
    fluss_rs: Option<PathBuf>,
}

impl Bench {
    async fn measure(&self, work: &Work) -> Result<Vec<Measured>> {
        let mut clients = vec![Client::Component, Client::Native];
        if self.fluss_rs.is_some() {
            clients.push(Client::FlussRs);
            clients.extend(work.waits.then_some(Client::FlussRsTuned));
        }
        let mut measured: Vec<Measured> =
            clients.into_iter().map(|client| Measured { client, runs: Vec::new() }).collect();
        if work.rows == Rows::Shared {
            self.create(work, SHARED).await?;
            self.fill(work, SHARED).await?;
            // It looks for some keys in other buckets than Fluss's own client and thalweg do, so it has rows of its own.
            if work.shape == Shape::Keyed && self.fluss_rs.is_some() {
                self.create(work, SHARED_BY_FLUSS_RS).await?;
                let upsert = json!({"do": "bench-upsert", "rows": self.plan.keyed});
                self.call(Client::FlussRs, upsert, SHARED_BY_FLUSS_RS)?;
            }
        }
        for _ in 0..self.plan.runs {
            for one in &mut measured {
                // With its default wait of 100 ms fluss-rs would take minutes where each waits for the one before.
                let command = work.command(if work.waits && one.client == Client::FlussRs { 50 } else { 1 });
                let table = match work.rows {
                    Rows::Shared if work.shape == Shape::Keyed && !one.client.is_ours() => SHARED_BY_FLUSS_RS,
                    Rows::Shared => SHARED,
                    Rows::Own => {
                        self.create(work, OWN).await?;
                        OWN
                    }
                };
                one.runs.push(self.call(one.client, command, table)?);
            }
        }
        Ok(measured)
    }

    /// Makes a table anew.
    async fn create(&self, work: &Work, name: &str) -> Result<()> {
        let client = ours::connect(self.server.address(), EngineKind::Native).await?;
        let path: TablePath = name.parse()?;
        client.drop_table(&path, true).await?;
        let mut schema = Schema::parse_sql(COLUMNS)?;
        let mut properties = Vec::new();
        let buckets = match work.shape {
            Shape::Log(codec) => {
                properties.push(("table.log.arrow.compression.type".to_owned(), codec.to_owned()));
                1
            }
            Shape::Keyed => {
                schema = schema.with_primary_key(&["id"])?;
                3
            }
        };
        let mut descriptor = TableDescriptor::new(schema);
        descriptor.bucket_count = Some(buckets);
        descriptor.properties = properties.into_iter().collect();
        client.create_table(&path, descriptor, false).await?;
        client.close(Duration::from_secs(10)).await?;
        Ok(())
    }

    /// Writes the rows that all clients read.
    async fn fill(&self, work: &Work, name: &str) -> Result<()> {
        let client = ours::connect(self.server.address(), EngineKind::Native).await?;
        let table = client.table(&name.parse()?).await?;
        let (keyed, mut pending) = (work.shape == Shape::Keyed, Vec::new());
        let rows = if keyed { self.plan.keyed } else { self.plan.rows };
        for first in (0..rows).step_by(10_000) {
            let batch = ours::batch(&table, first..rows.min(first + 10_000))?;
            pending.push(if keyed { table.upsert(batch).await? } else { table.append(batch).await? });
        }
        for one in pending {
            ours::written(one).await?;
        }
        client.close(Duration::from_secs(10)).await?;
        Ok(())
    }

    /// What a client answers to a command on a table.
    fn call(&self, client: Client, mut command: Value, table: &str) -> Result<Run> {
        let mut program = match client {
            Client::Component | Client::Native => {
                let mut own = Command::new(std::env::current_exe()?);
                own.args(["client", if client == Client::Native { "native" } else { "component" }]);
                own
            }
            Client::FlussRs | Client::FlussRsTuned => Command::new(self.fluss_rs.as_ref().context("no fluss-rs")?),
        };
        program.arg(self.server.address()).args((client == Client::FlussRsTuned).then_some("1"));
        command["table"] = json!(format!("fluss.{table}"));
        command["server"] = json!(self.server.process()?);
        let answers = answers(program, &[command]).with_context(|| client.name())?;
        Run::read(answers.iter().flatten().next().context("no figures")?)
    }
}
