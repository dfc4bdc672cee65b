//! The Python package against the library that it is made of, on one node in one run:
//!
//! ```sh
//! host/python/build && cargo run --release --example python       # [WHEEL [BATCHES]], by default the wheel in host/python/dist and 400
//! ```
//!
//! Each appends the same rows of eight columns in batches of 8,192, 16 of them on their way at once, scans them, and looks
//! up 8,192 keys a call. Figures are nanoseconds a row, and look-ups a second. The two take turns, three times; of each
//! figure the best counts, and the load of the machine is printed.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use thalweg::client::{Client, ClientOptions, ScanOptions};
use thalweg::table::{Schema, TableDescriptor};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::{python, root, target};

const ROWS: i32 = 8192;
const IN_FLIGHT: usize = 16;
const TURNS: usize = 3;
const COLUMNS: &str = "id BIGINT, a INT, b INT, c DOUBLE, d DOUBLE, e STRING, f STRING, g BOOLEAN";

type Figures = BTreeMap<String, f64>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wheel = arguments.first().map_or_else(built, |path| Ok(PathBuf::from(path)))?;
    let batches: usize = arguments.get(1).map_or(Ok(400), |text| text.parse())?;
    let interpreter = installed(&wheel)?;
    let data = tempfile::tempdir()?;
    let mut options = NodeOptions::new(data.path());
    options.listen = "127.0.0.1:0".into();
    let node = Node::start(options).await?;
    let server = node.address().to_string();
    let (mut ours, mut theirs) = (Figures::new(), Figures::new());
    for _ in 0..TURNS {
        best(&mut ours, with_library(&server, batches).await?);
        fresh(&server, "python_rows").await?;
        let mut program = Command::new(&interpreter);
        program.arg(root().join("tests/python/measure.py")).args([&server, &batches.to_string()]);
        // A thread that waits for it must not be one of the node's.
        let output = tokio::task::spawn_blocking(move || program.output()).await??;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        best(&mut theirs, serde_json::from_slice(&output.stdout)?);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}; wheel of {} bytes", load.trim(), std::fs::metadata(&wheel)?.len());
    for (name, library) in &ours {
        let package = theirs.get(name).with_context(|| format!("no {name}"))?;
        // As speeds: of times the inverse.
        let share = if name == "lookups" { package / library } else { library / package };
        println!("{name:10} library {library:12.1}   package {package:12.1}   {share:.2} of its speed");
    }
    Ok(node.shutdown().await?)
}

/// The wheel that `host/python/build` left.
fn built() -> Result<PathBuf> {
    let folder =
        std::fs::read_dir(root().join("host/python/dist")).context("there is no wheel; run host/python/build")?;
    let wheel = folder.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.context("there is no wheel; run host/python/build")
}

/// An interpreter with the wheel, and with pyarrow.
fn installed(wheel: &Path) -> Result<PathBuf> {
    let base = python::for_package().map_err(anyhow::Error::msg)?;
    let environment = target().join("python-measured");
    ensure!(Command::new(&base).args(["-m", "venv", "--clear"]).arg(&environment).status()?.success(), "no venv");
    let interpreter = environment.join("bin/python");
    let pip = ["-m", "pip", "-q", "install", "pyarrow==26.0.1"];
    ensure!(Command::new(&interpreter).args(pip).arg(wheel).status()?.success(), "pip install fails");
    Ok(interpreter)
}

fn best(best: &mut Figures, found: Figures) {
    for (name, figure) in found {
        let better = |known: &f64| if name == "lookups" { figure > *known } else { figure < *known };
        if best.get(&name).is_none_or(better) {
            best.insert(name, figure);
        }
    }
}

/// Makes a table anew.
async fn fresh(server: &str, name: &str) -> Result<()> {
    let client = Client::connect(ClientOptions::new(vec![server.to_owned()])).await?;
    let path = name.parse()?;
    client.drop_table(&path, true).await?;
    let descriptor = TableDescriptor { bucket_count: Some(1), ..TableDescriptor::new(Schema::parse_sql(COLUMNS)?) };
    Ok(client.create_table(&path, descriptor, false).await?)
}

async fn with_library(server: &str, batches: usize) -> Result<Figures> {
    fresh(server, "library_rows").await?;
    let client = Client::connect(ClientOptions::new(vec![server.to_owned()])).await?;
    let path = "keys".parse()?;
    let schema = Schema::parse_sql("id BIGINT NOT NULL, n BIGINT")?.with_primary_key(&["id"])?;
    client.create_table(&path, TableDescriptor { bucket_count: Some(1), ..TableDescriptor::new(schema) }, true).await?;
    let keyed = client.table(&path).await?;
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(0..i64::from(ROWS)));
    keyed.upsert(RecordBatch::try_from_iter([("id", Arc::clone(&keys)), ("n", Arc::clone(&keys))])?).await?.await;
    let table = client.table(&"library_rows".parse()?).await?;
    let all: Vec<RecordBatch> = (0..16).map(batch).collect::<Result<_>>()?;
    let rows = batches as f64 * f64::from(ROWS);
    let mut figures = Figures::new();

    let (began, mut pending) = (Instant::now(), VecDeque::new());
    for number in 0..batches {
        if pending.len() == IN_FLIGHT
            && let Some(first) = pending.pop_front()
        {
            written(first).await?;
        }
        pending.push_back(table.append(all[number % 16].clone()).await?);
    }
    for one in pending {
        written(one).await?;
    }
    figures.insert("append".into(), began.elapsed().as_secs_f64() * 1e9 / rows);

    let began = Instant::now();
    let stream = table.scan(ScanOptions::default()).await?;
    let found = stream.try_fold(0, |sum, scanned| async move { Ok(sum + scanned.batch.num_rows()) }).await?;
    ensure!(found == batches * ROWS as usize, "a scan gives {found} rows");
    figures.insert("scan".into(), began.elapsed().as_secs_f64() * 1e9 / rows);

    let keys = RecordBatch::try_from_iter([("id", keys)])?;
    let began = Instant::now();
    for _ in 0..10 {
        ensure!(keyed.lookup(keys.clone()).await?.found() == ROWS as usize, "a key is not found");
    }
    figures.insert("lookups".into(), 10.0 * f64::from(ROWS) / began.elapsed().as_secs_f64());
    Ok(figures)
}

async fn written(pending: thalweg::client::Pending) -> Result<()> {
    let outcome = pending.await;
    ensure!(outcome.acknowledged() == outcome.rows, "{outcome:?}");
    Ok(())
}

/// As `measure.py` makes it.
fn batch(number: i32) -> Result<RecordBatch> {
    let first = i64::from(number) * i64::from(ROWS);
    let each = || 0..ROWS;
    let columns: [(&str, ArrayRef); 8] = [
        ("id", Arc::new(Int64Array::from_iter_values(first..first + i64::from(ROWS)))),
        ("a", Arc::new(Int32Array::from_iter_values(each()))),
        ("b", Arc::new(Int32Array::from_iter_values(each().map(|row| row % 100)))),
        ("c", Arc::new(Float64Array::from_iter_values(each().map(|row| f64::from(row) / 3.0)))),
        ("d", Arc::new(Float64Array::from_iter_values(each().map(|row| f64::from(row) * 0.5)))),
        ("e", Arc::new(StringArray::from_iter_values(each().map(|row| format!("text {}", row % 1000))))),
        ("f", Arc::new(StringArray::from_iter_values(each().map(|row| (row % 7).to_string())))),
        ("g", Arc::new(BooleanArray::from_iter(each().map(|row| Some(row % 2 == 0))))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
