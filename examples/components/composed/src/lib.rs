//! A command that imports the client: creates a table, appends rows, scans them, and looks a row up.
//!
//! ```sh
//! thalweg component export out
//! cargo build --release --target wasm32-wasip2 -p thalweg-example-composed
//! wac plug target/wasm32-wasip2/release/thalweg_example_composed.wasm --plug out/client.wasm -o flights.wasm
//! wasmtime run -S inherit-network flights.wasm 127.0.0.1:9123
//! ```
#![cfg(target_arch = "wasm32")]

#[expect(missing_docs, unsafe_code, clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/module", "../../../wit/client", "../../../wit/client-async"],
        inline: "
            package example:composed;
            world command { import thalweg:client-async/client@0.2.2; }
        ",
        world: "example:composed/command",
        generate_all,
    });
}

use bindings::thalweg::{
    client::catalog::{Answer, End, Error, Fate, Request, ScanSpec, Start, TableDescriptor, TablePath},
    client_async::client::{Session, default_settings},
    module::types::{Batch, Column, DataType, Field, Schema, Spans, Values},
};

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

    // Tables: a log of flights, and airports by their code.
    let flights = TablePath { database: "fluss".into(), table: "flights_composed".into() };
    let airports = TablePath { database: "fluss".into(), table: "airports_composed".into() };
    for (path, columns, key) in [
        (&flights, vec![("id", DataType::Bigint), ("delay", DataType::Int), ("origin", DataType::Text)], vec![]),
        (&airports, vec![("code", DataType::Text), ("name", DataType::Text)], vec![0]),
    ] {
        session.ask(Request::DropTable((path.clone(), true))).await?;
        session.ask(Request::CreateTable((path.clone(), table(columns, key), false))).await?;
    }

    // Rows in, as columns.
    let table = session.open(flights, Vec::new()).await?;
    let rows = Batch {
        rows: 3,
        columns: vec![
            column(Values::Int64(vec![1, 2, 3])),
            column(Values::Int32(vec![12, 45, 7])),
            texts(&["SEA", "PDX", "SEA"]),
        ],
    };
    let outcome = table.append(rows).await?;
    for (rows, fate) in &outcome.fates {
        match fate {
            Fate::Acknowledged(at) => println!("acknowledged: {rows:?} up to offset {}", at.end),
            Fate::Failed(failure) => println!("failed: {rows:?}: {:?}", failure.error),
        }
    }

    // Rows out, as they come.
    let spec = ScanSpec {
        columns: None,
        buckets: Vec::new(),
        partitions: Vec::new(),
        start: Start::Earliest,
        end: End::Latest,
    };
    let reader = table.scan(spec, Vec::new()).await?;
    while let Some(rows) = reader.next().await? {
        let [Column { values: Values::Int64(ids), .. }, Column { values: Values::Int32(delays), .. }, ..] =
            &rows.batch.columns[..]
        else {
            continue;
        };
        for (id, delay) in ids.iter().zip(delays) {
            println!("flight {id}: {delay} minutes late");
        }
    }

    // A row by its key.
    let table = session.open(airports, Vec::new()).await?;
    table.upsert(None, Batch { rows: 1, columns: vec![texts(&["SEA"]), texts(&["Seattle-Tacoma"])] }).await?;
    let found = table.lookup(Batch { rows: 2, columns: vec![texts(&["SEA", "XXX"])] }, false).await?;
    println!("found: {:?}", found.counts);
    if let Answer::Names(names) = session.ask(Request::ListTables("fluss".into())).await? {
        println!("tables: {}", names.len());
    }
    session.close(10_000_000).await
}

/// What a table is created with.
fn table(columns: Vec<(&str, DataType)>, primary_key: Vec<u32>) -> TableDescriptor {
    let count = columns.len();
    let field = |(name, data_type): (&str, DataType)| Field { name: name.into(), data_type, nullable: true };
    let fields = columns.into_iter().map(field).collect();
    let schema = Schema { fields, columns: (0..count as u32).collect(), primary_key };
    TableDescriptor {
        schema,
        column_comments: vec![None; count],
        aggregations: (0..count).map(|_| None).collect(),
        comment: None,
        partition_keys: Vec::new(),
        bucket_keys: Vec::new(),
        bucket_count: Some(1),
        properties: Vec::new(),
        custom_properties: Vec::new(),
    }
}

fn column(values: Values) -> Column {
    Column { validity: None, values }
}

fn texts(texts: &[&str]) -> Column {
    let ends = texts.iter().scan(0, |end, text| {
        *end += text.len() as i32;
        Some(*end)
    });
    column(Values::Spans(Spans {
        offsets: std::iter::once(0).chain(ends).collect(),
        bytes: texts.concat().into_bytes(),
    }))
}
