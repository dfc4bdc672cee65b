//! Runs a node until it is interrupted: `cargo run -p thalweg-node --example serve -- DATA [HOST:PORT [fsync|os|memory
//! [BYTES]]]`, where the bytes are the memory for rows of primary-key tables.

use std::process::ExitCode;
use std::time::Instant;

use thalweg_node::{Durability, Node, NodeOptions};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = NodeOptions::new(arguments.next().ok_or("name the data folder")?);
    if let Some(listen) = arguments.next() {
        options.listen = listen;
    }
    options.durability = match arguments.next().as_deref() {
        None | Some("fsync") => Durability::Fsync,
        Some("os") => Durability::Os,
        Some("memory") => Durability::Memory,
        Some(other) => return Err(format!("there is no durability '{other}': say fsync, os or memory").into()),
    };
    if let Some(bytes) = arguments.next() {
        options.memory = bytes.parse()?;
    }
    let begun = Instant::now();
    let node = Node::start(options).await?;
    println!("ready on {} after {:?}", node.address(), begun.elapsed());
    tokio::signal::ctrl_c().await?;
    node.shutdown().await?;
    Ok(())
}
