//! Rows appended one at a time, thalweg against fluss-rs 1.0.0, on one node in one run:
//!
//! ```sh
//! cargo run --release -p thalweg-tests --example rows                   # [ROWS [RUNS]], by default 1000000 and 3
//! ```
//!
//! Each client appends to a table of its own, `id BIGINT, name STRING, amount DOUBLE` in one bucket, and waits for all rows
//! at the end. Figures are medians of the runs, with microseconds of CPU a row of the client and of the node; ratios are
//! against thalweg as it comes: with its engine as a component.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use thalweg::client::{Client, ClientOptions, EngineKind, RowWriterOptions};
use thalweg::table::{Schema, TableDescriptor, TablePath};
use thalweg_tests::measure::{self, Node};
use thalweg_tests::{client, fluss_rs};

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    amount: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(served) = measure::serve().await {
        return served;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse::<i64>());
    let (rows, runs) = (number(0, 1_000_000)?, number(1, 3)?);
    let foreign = fluss_rs::program(true)?;
    let node = Node::start()?;
    let mut figures = vec![("thalweg", Vec::new()), ("thalweg, native", Vec::new()), ("fluss-rs", Vec::new())];
    for run in 0..runs {
        for (name, found) in &mut figures {
            let table = create(&node.address, &format!("{name} {run}")).await?;
            found.push(match *name {
                "thalweg" => ours(&node, EngineKind::Component, &table, rows).await?,
                "thalweg, native" => ours(&node, EngineKind::Native, &table, rows).await?,
                _ => {
                    let command = json!({"do": "bench-append", "table": format!("fluss.{table}"), "rows": rows,
                        "server": node.process()});
                    let mut program = Command::new(&foreign);
                    program.arg(&node.address);
                    let answers = client::answers(program, &[command])?;
                    answers.into_iter().flatten().next().context("no figures")?
                }
            });
        }
    }
    println!("{:<16}{:>22}{:>18}{:>18}", "client", "rows/s", "CPU µs", "server µs");
    let mut first: Option<[f64; 3]> = None;
    for (name, found) in &figures {
        let each = |of: fn(&Value) -> Option<f64>| -> Result<f64> {
            let mut all = found.iter().map(|found| of(found).context("no figure")).collect::<Result<Vec<f64>>>()?;
            all.sort_by(f64::total_cmp);
            Ok(all[all.len() / 2])
        };
        let seconds = each(|found| found["seconds"].as_f64())?;
        let [cpu, server] = [each(|found| found["cpu"].as_f64())?, each(|found| found["server_cpu"].as_f64())?];
        let line = [rows as f64 / seconds, cpu * 1e6 / rows as f64, server * 1e6 / rows as f64];
        let first = first.get_or_insert(line);
        let [speed, cpu, server] = [0, 1, 2].map(|at| (line[at], line[at] / first[at]));
        let of_cpu = |(cpu, ratio): (f64, f64)| format!("{cpu:.3} ({ratio:.2})");
        println!("{name:<16}{:>14.0} ({:>5.2}){:>18}{:>18}", speed.0, speed.1, of_cpu(cpu), of_cpu(server));
    }
    Ok(())
}

async fn create(server: &str, client: &str) -> Result<String> {
    let name = client.replace(['-', ',', ' '], "_");
    let session = Client::connect(ClientOptions::new(vec![server.to_owned()])).await?;
    let mut descriptor = TableDescriptor::new(Schema::parse_sql("id BIGINT, name STRING, amount DOUBLE")?);
    descriptor.bucket_count = Some(1);
    session.create_table(&name.parse::<TablePath>()?, descriptor, false).await?;
    session.close(Duration::from_secs(10)).await?;
    Ok(name)
}

/// What `bench-append` of tests/fluss-rs does, by thalweg.
async fn ours(node: &Node, engine: EngineKind, table: &str, rows: i64) -> Result<Value> {
    let mut options = ClientOptions::new(vec![node.address.clone()]);
    options.engine = engine;
    let client = Client::connect(options).await?;
    let writer = client.table(&table.parse::<TablePath>()?).await?.row_writer(RowWriterOptions::default())?;
    let begun = node.begin();
    for id in 0..rows {
        writer.write(Row { id, name: format!("customer {id}"), amount: id as f64 / 8.0 }).await?;
    }
    let written = writer.flush().await?;
    let figures = begun.end();
    ensure!(written.acknowledged == rows as u64, "{written:?}");
    client.close(Duration::from_secs(10)).await?;
    Ok(figures)
}
