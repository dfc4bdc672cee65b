//! A command with the client inside: one component, which appends rows to a table and scans them.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2 -p thalweg-example-single
//! wasmtime run -S inherit-network target/wasm32-wasip2/release/thalweg_example_single.wasm 127.0.0.1:9123
//! ```
#![cfg(target_arch = "wasm32")]

use thalweg_chain::column::OwnedValues;
use thalweg_client_component::Session;
use thalweg_contract::{End, Error, Fate, Request, ScanSpec, Settings, Start};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{Schema, TableDescriptor, TablePath},
};

struct Command;

wasip3::cli::command::export!(Command);

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let server = std::env::args().nth(1).or_else(|| std::env::var("THALWEG_SERVER").ok());
        let server = server.unwrap_or_else(|| "127.0.0.1:9123".to_owned());
        run(server).await.map_err(|error| eprintln!("error: {error}"))
    }
}

async fn run(server: String) -> Result<(), Error> {
    let session = Session::connect(Settings::new(vec![server]))?;
    let path = TablePath { database: "fluss".into(), table: "flights_single".into() };
    let schema = Schema::parse_sql("id BIGINT NOT NULL, delay INT").expect("it is SQL");
    let descriptor = Box::new(TableDescriptor::new(schema));
    session.ask(Request::DropTable { path: path.clone(), if_exists: true }).await?;
    session.ask(Request::CreateTable { path: path.clone(), descriptor, if_not_exists: false }).await?;
    let table = session.open(path, Vec::new()).await?;

    // Rows in, as columns that are lent.
    let (ids, delays) = ([1i64, 2, 3], [12i32, 45, 7]);
    let column = |values| Column { validity: None, values };
    let rows = Batch { rows: 3, columns: vec![column(Values::Int64(&ids)), column(Values::Int32(&delays))] };
    for (rows, fate) in table.append(&rows).await?.fates {
        match fate {
            Fate::Acknowledged { end, .. } => println!("acknowledged: {rows:?} up to offset {end}"),
            Fate::Failed { error, .. } => println!("failed: {rows:?}: {error}"),
        }
    }

    // Rows out, as they come.
    let all = ScanSpec {
        columns: None,
        buckets: Vec::new(),
        partitions: Vec::new(),
        start: Start::Earliest,
        end: End::Latest,
    };
    let reader = table.scan(all, &[])?;
    while let Some(given) = reader.next().await? {
        if let Some(OwnedValues::Int64(ids)) = given.rows.columns.first().map(|column| &column.values) {
            println!("{} rows from offset {}: {ids:?}", given.rows.rows, given.offset);
        }
    }
    session.close(10_000_000).await
}
