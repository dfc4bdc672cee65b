//! The command: creates a table, appends rows to it through the module, and scans what was kept.

#[allow(unsafe_code, clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/module", "../../../wit/client", "../../../wit/client-async"],
        inline: "
            package example:author;
            world command { import thalweg:client-async/client@0.2.2; }
        ",
        world: "example:author/command",
        generate_all,
    });
}

use bindings::thalweg::{
    client::{
        catalog::{End, Error, ErrorCode, Fate, Request, ScanSpec, Start, TableDescriptor, TablePath},
        chain::{Policy, Stage},
    },
    client_async::client::{Module, Session, default_settings},
    module::types::{Batch, Column, DataType, Field, Schema, Values},
};

use crate::rule::is_late;

/// Minutes from which a flight is late.
const MIN: i32 = 30;
const DELAYS: [i32; 6] = [12, 45, 7, 30, 29, 180];

struct Command;

wasip3::cli::command::export!(Command);

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let server = std::env::args().nth(1).or_else(|| std::env::var("THALWEG_SERVER").ok());
        let server = server.unwrap_or_else(|| "127.0.0.1:9123".to_owned());
        run(server).await.map_err(|error| eprintln!("error: {:?}", error.code))
    }
}

async fn run(server: String) -> Result<(), Error> {
    let session = Session::connect(default_settings(&[server])).await?;
    let path = TablePath { database: "fluss".into(), table: "flights_author".into() };
    session.ask(Request::DropTable((path.clone(), true))).await?;
    session.ask(Request::CreateTable((path.clone(), flights(), false))).await?;

    // Rows that are appended to this table go through the module first. It is found by any name: the composition has one.
    let stage = Stage {
        name: "late".into(),
        on_error: Policy::Fail,
        on_failure: Policy::Fail,
        answer_bytes: None,
        answer_rows: None,
    };
    let late = Module { stage, config: format!(r#"{{"min": {MIN}}}"#) };
    let table = session.open(path, vec![late]).await?;
    let column = Column { validity: None, values: Values::Int32(DELAYS.to_vec()) };
    let outcome = table.append(Batch { rows: DELAYS.len() as u32, columns: vec![column] }).await?;
    for tally in &outcome.tallies {
        println!("the module left out {} of {} rows", tally.filtered, DELAYS.len());
    }
    for (rows, fate) in &outcome.fates {
        match fate {
            Fate::Acknowledged(at) => println!("acknowledged: {rows:?} up to offset {}", at.end),
            Fate::Failed(failure) => println!("failed: {rows:?}: {:?}", failure.error),
        }
    }

    // What the table has is what the rule says of the rows here.
    let (columns, buckets, partitions) = Default::default();
    let all = ScanSpec { columns, buckets, partitions, start: Start::Earliest, end: End::Latest };
    let reader = table.scan(all, Vec::new()).await?;
    let mut kept = Vec::new();
    while let Some(rows) = reader.next().await? {
        if let [Column { values: Values::Int32(delays), .. }] = &rows.batch.columns[..] {
            kept.extend_from_slice(delays);
        }
    }
    let late: Vec<i32> = DELAYS.into_iter().filter(|delay| is_late(*delay, MIN)).collect();
    if kept != late {
        let text = format!("the table has {kept:?}, by the rule it has {late:?}");
        return Err(Error { code: ErrorCode::Other(text), retriable: false });
    }
    println!("kept, as the rule says: {kept:?}");
    session.close(10_000_000).await
}

/// A log table of one column.
fn flights() -> TableDescriptor {
    let delay = Field { name: "delay".into(), data_type: DataType::Int, nullable: true };
    TableDescriptor {
        schema: Schema { fields: vec![delay], columns: vec![0], primary_key: Vec::new() },
        column_comments: vec![None],
        aggregations: vec![None],
        comment: None,
        partition_keys: Vec::new(),
        bucket_keys: Vec::new(),
        bucket_count: Some(1),
        properties: Vec::new(),
        custom_properties: Vec::new(),
    }
}
