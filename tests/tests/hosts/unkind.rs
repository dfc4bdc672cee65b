//! Servers that break, and readers that are slow or leave.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::{Int64Array, RecordBatch, StringArray};
use thalweg_client_command::request::{Answer, Operation, Request};
use thalweg_tests::binary::{self, Node};

use crate::session::Session;
use crate::{command, full, server};

pub(crate) const ALL: &[crate::Case] = &[
    ("unkind/refused_connection", refused_connection),
    ("unkind/garbage", garbage),
    ("unkind/killed_while_rows_flow", killed_while_rows_flow),
    ("unkind/readers_that_leave_and_wait", readers_that_leave_and_wait),
    ("unkind/many_rows", many_rows),
];

fn connected(server: &str) -> Result<Session> {
    let mut session = Session::start(&command()?)?;
    let (server, fetch_bytes, bucket_bytes, batch_rows) = (server.to_owned(), None, None, None);
    session.ask(&Request::Connect { server, fetch_bytes, bucket_bytes, batch_rows, create_partitions: true }, None)?;
    Ok(session)
}

fn rows(count: i64) -> Result<RecordBatch> {
    let texts = (0..count).map(|number| format!("row number {number}"));
    let (ids, texts) = (Int64Array::from_iter_values(0..count), StringArray::from_iter_values(texts));
    Ok(RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("text", Arc::new(texts) as _)])?)
}

fn figure(answer: &Answer, name: &str) -> Result<f64> {
    let found = answer.figures.iter().find(|(figure, _)| figure == name);
    Ok(found.with_context(|| format!("no figure {name:?}: {answer:?}"))?.1)
}

/// How a request that cannot succeed fails, and that it does within the time that a command has.
fn fails(session: &mut Session, request: &Request, rows: Option<&RecordBatch>) -> Result<String> {
    let began = Instant::now();
    let failed = session.ask(request, rows).err().context("it succeeds")?;
    ensure!(began.elapsed() < Duration::from_secs(90), "it took {:?}", began.elapsed());
    Ok(format!("{failed:#}"))
}

fn refused_connection() -> Result<()> {
    // A port that nobody listens on: one that was just given back.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut session = connected(&address)?;
    let said = fails(&mut session, &Request::Partitions { table: "fluss.t".into() }, None)?;
    ensure!(said.contains(&address) || said.contains("refused"), "{said}");
    Ok(())
}

fn garbage() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for (turn, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { break };
            std::thread::spawn(move || {
                let mut asked = [0; 64];
                let _ = stream.read(&mut asked);
                let answer: &[u8] = match turn % 3 {
                    0 => b"HTTP/1.1 400 Bad Request\r\n\r\n",
                    1 => &[0xff; 64],
                    _ => &[0, 0, 0, 5, 0, 0, 0, 0, 0],
                };
                let _ = stream.write_all(answer);
            });
        }
    });
    let mut session = connected(&address)?;
    let said = fails(&mut session, &Request::Partitions { table: "fluss.t".into() }, None)?;
    ensure!(!said.is_empty(), "it says why");
    Ok(())
}

fn killed_while_rows_flow() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let address = node.address.clone();
    binary::run(&address, ["table", "create", "flow", "--schema", "id BIGINT, text STRING"])?;
    let mut session = connected(&address)?;
    let table = || "flow".to_owned();
    let write = Request::Write { table: table(), operation: Operation::Append, columns: None, modules: Vec::new() };
    session.ask(&write, Some(&rows(1000)?))?;
    drop(node);
    // What is written now waits for the node, which comes back.
    let again = std::thread::spawn({
        let (path, address) = (data.path().to_owned(), address.clone());
        move || {
            std::thread::sleep(Duration::from_secs(2));
            Node::start(&path, Some(&address))
        }
    });
    let (answer, _) = session.ask(&write, Some(&rows(1000)?))?;
    ensure!(answer.acknowledged == 1000, "{answer:?}");
    let _node = again.join().map_err(|_| anyhow::anyhow!("the node was not started"))??;
    let (answer, _) = session.ask(&Request::DropReader { table: table(), milliseconds: 0 }, None)?;
    ensure!(figure(&answer, "rows")? == 2000.0, "{answer:?}");
    Ok(())
}

fn readers_that_leave_and_wait() -> Result<()> {
    let server = server()?;
    binary::run(&server, ["table", "create", "readers", "--schema", "id BIGINT, text STRING"])?;
    let mut session = connected(&server)?;
    let table = || "readers".to_owned();
    let batches = if full() { 400 } else { 40 };
    let bench = Request::BenchRows { table: table(), batches, at_once: 4 };
    let (answer, _) = session.ask(&bench, Some(&rows(8192)?))?;
    let all = f64::from(batches) * 8192.0;
    ensure!(figure(&answer, "read")? == all, "{answer:?}");
    let (answer, _) = session.ask(&Request::DropReader { table: table(), milliseconds: 200 }, None)?;
    ensure!(figure(&answer, "rows")? == all, "{answer:?}");
    let (answer, _) = session.ask(&Request::SlowReader { table: table(), milliseconds: 50, batches: 10 }, None)?;
    ensure!(figure(&answer, "memory")? < f64::from(64 << 20), "{answer:?}");
    Ok(())
}

fn many_rows() -> Result<()> {
    let server = server()?;
    binary::run(&server, ["table", "create", "many", "--schema", "id BIGINT, text STRING"])?;
    let mut session = connected(&server)?;
    let batches = if full() { 1000 } else { 123 };
    let bench = Request::BenchRows { table: "many".into(), batches, at_once: 16 };
    let (answer, _) = session.ask(&bench, Some(&rows(8192)?))?;
    let all = f64::from(batches) * 8192.0;
    ensure!(figure(&answer, "acknowledged")? == all && figure(&answer, "read")? == all, "{answer:?}");
    println!("{:?}", answer.figures);
    Ok(())
}
