//! Foreign servers and clients: our binary against a real Apache Fluss cluster, and foreign clients against our node and
//! that cluster, in both directions. Tests that lack their tools are listed as ignored, with the reason.

mod cases;
mod logins;
mod statistics;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg_tests::binary::{self, Node};
use thalweg_tests::cluster::{self, Cluster};
use thalweg_tests::python::Python;
use thalweg_tests::shared_data;

/// Every simple type, as `client.py rows` makes them.
const EVERY_TYPE: &str = "id BIGINT NOT NULL, a_boolean BOOLEAN, a_tinyint TINYINT, a_smallint SMALLINT, an_int INT, \
    a_bigint BIGINT, a_float FLOAT, a_double DOUBLE, a_decimal DECIMAL(10, 2), a_long_decimal DECIMAL(38, 10), \
    a_char CHAR(5), a_string STRING, a_binary BINARY(4), a_bytes BYTES, a_date DATE, a_time0 TIME(0), \
    a_time3 TIME(3), a_time6 TIME(6), a_time9 TIME(9), a_timestamp0 TIMESTAMP(0), a_timestamp3 TIMESTAMP(3), \
    a_timestamp6 TIMESTAMP(6), a_timestamp9 TIMESTAMP(9), an_instant3 TIMESTAMP_LTZ(3), \
    an_instant6 TIMESTAMP_LTZ(6)";

/// Where a test runs.
#[derive(Clone, Copy)]
enum Server {
    Node,
    /// A real cluster with so many tablet servers.
    Cluster(u32),
}

/// One cluster with one tablet server serves all tests that need no more; it ends with the last.
static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);

/// A server started for one test.
enum Running {
    Node { node: Node, _data: tempfile::TempDir },
    Shared(String),
    Own(Cluster),
}

impl Running {
    fn start(server: Server) -> Result<Self> {
        Ok(match server {
            Server::Node => {
                let data = tempfile::tempdir()?;
                Self::Node { node: Node::start(data.path(), None)?, _data: data }
            }
            Server::Cluster(1) => {
                let mut shared = CLUSTER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                let cluster = match shared.take() {
                    Some(cluster) => cluster,
                    None => Cluster::start(1)?,
                };
                Self::Shared(shared.insert(cluster).address.clone())
            }
            Server::Cluster(tablets) => Self::Own(Cluster::start(tablets)?),
        })
    }

    fn address(&self) -> &str {
        match self {
            Self::Node { node, .. } => &node.address,
            Self::Shared(address) => address,
            Self::Own(cluster) => &cluster.address,
        }
    }
}

fn create_every_type(address: &str, table: &str, properties: &[&str]) -> Result<()> {
    let mut arguments = vec!["table", "create", table, "--schema", EVERY_TYPE, "--buckets", "3"];
    for property in properties {
        arguments.extend(["--property", property]);
    }
    binary::run(address, arguments)?;
    Ok(())
}

/// pyfluss reads what thalweg wrote, and thalweg what pyfluss wrote.
fn exchange(server: Server, compression: &str) -> Result<()> {
    let python = Python::ready().map_err(anyhow::Error::msg)?;
    let running = Running::start(server)?;
    let address = running.address();
    let folder = tempfile::tempdir()?;
    let rows = folder.path().join("rows.arrow");
    python.client(&["rows".as_ref(), rows.as_ref()])?;
    let property = format!("table.log.arrow.compression.type={compression}");
    for (ours, name) in [(true, "ours"), (false, "theirs")] {
        let table = format!("{name}_{}", compression.to_lowercase());
        let qualified = format!("fluss.{table}");
        create_every_type(address, &table, &[&property])?;
        let back = folder.path().join(format!("{table}.arrow"));
        let (back_text, rows_text) = (path_text(&back)?, path_text(&rows)?);
        if ours {
            binary::run(address, ["append", &table, rows_text])?;
            python.client(&["read".as_ref(), OsStr::new(address), OsStr::new(&qualified), back.as_ref()])?;
        } else {
            python.client(&["write".as_ref(), OsStr::new(address), OsStr::new(&qualified), rows.as_ref()])?;
            binary::run(address, ["scan", &table, "--format", "arrow", "--output", back_text])?;
        }
        python.compare(&rows, &back).with_context(|| format!("{table} differs"))?;
    }
    Ok(())
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().context("temporary folders have plain names")
}

/// The three flows of the README on a real cluster: flights through filter and map, accounted for to the row.
fn flights(server: Server) -> Result<()> {
    let running = Running::start(server)?;
    let address = running.address();
    let file = shared_data("flights-3m.parquet").context("the shared data were there a moment ago")?;
    let file = path_text(&file)?;
    let table = "flights";
    binary::run(address, ["table", "create", table, "--like", file, "--buckets", "3"])?;
    let output = binary::command(["append", table, file, "--summary", "json"])
        .args(["--module", "where", "--set", "if=delay > 30"])
        .args(["--module", "scale", "--set", "column=distance", "--set", "factor=1.609344"])
        .env("THALWEG_SERVER", address)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    binary::printed(output)?;
    let summary: serde_json::Value = serde_json::from_str(said.lines().last().context("a summary")?)?;
    let count = |key: &str| summary[key].as_u64().with_context(|| format!("{key} in {summary}"));
    let filtered = summary["filtered"]["where"].as_u64().context("rows filtered by where")?;
    ensure!(count("rows_read")? == 3_000_000, "{summary}");
    ensure!(filtered + count("produced")? == 3_000_000, "{summary}");
    ensure!(count("acknowledged")? == count("produced")? && count("failed")? == 0, "{summary}");
    let offsets = binary::run(address, ["offsets", table, "--format", "json"])?;
    let rows = offsets
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line)?["rows"].as_u64().context("rows"))
        .sum::<Result<u64>>()?;
    ensure!(rows == count("acknowledged")?, "offsets count {rows} rows: {offsets}");
    let scanned = binary::run(address, ["scan", table, "--columns", "delay"])?;
    ensure!(scanned.lines().count() as u64 == rows, "a scan gives {} rows of {rows}", scanned.lines().count());
    Ok(())
}

fn trial(name: String, missing: Option<String>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let kind = missing.as_deref().unwrap_or_default().to_owned();
    let trial = Trial::test(name, move || test().map_err(|e| Failed::from(format!("{e:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(kind)
}

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let no_cluster = cluster::missing();
    let no_python = Python::ready().err();
    let no_data = shared_data("flights-3m.parquet").is_none().then(|| "needs ../shared/data".to_owned());
    let mut trials = cases::trials()?;
    trials.extend(logins::trials());
    trials.extend(statistics::trials());
    for compression in ["NONE", "LZ4_FRAME", "ZSTD"] {
        let name = format!("pyfluss_and_node_{}", compression.to_lowercase());
        trials.push(trial(name, no_python.clone(), move || exchange(Server::Node, compression)));
    }
    for compression in ["LZ4_FRAME", "ZSTD"] {
        let name = format!("pyfluss_and_cluster_{}", compression.to_lowercase());
        let missing = no_python.clone().or(no_cluster.clone());
        trials.push(trial(name, missing, move || exchange(Server::Cluster(1), compression)));
    }
    trials.push(trial("flights_on_node".into(), no_data.clone(), || flights(Server::Node)));
    for tablets in [1, 3] {
        let missing = no_data.clone().or(no_cluster.clone());
        let name = format!("flights_on_cluster_of_{tablets}");
        trials.push(trial(name, missing, move || flights(Server::Cluster(tablets))));
    }
    // Servers share two cores: one test at a time.
    let conclusion = libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials);
    drop(CLUSTER.lock().map(|mut cluster| cluster.take()));
    conclusion.exit();
}
