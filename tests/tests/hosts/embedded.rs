//! The program of `examples/components/embedded`, which drives the component of the engine over its own sockets: on a good
//! network, on one that breaks, and where there is no server.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::{binary, components};

use crate::proxy::Proxy;
use crate::{RUNTIME, server};

pub(crate) const ALL: &[crate::Case] = &[
    ("embedded/good_network", good_network),
    ("embedded/connections_that_break", connections_that_break),
    ("embedded/no_server", no_server),
    ("embedded/no_component", no_component),
];

const SAID: [&str; 5] = [
    "5000 rows acknowledged",
    "5000 rows scanned: their ids sum to 12497500, 2500 are from Seattle",
    "PDX: Portland",
    "XXX: not there",
    "SEA: Seattle-Tacoma",
];

fn program(server: &str, seconds: u32) -> Result<Command> {
    let mut program = Command::new(binary::example("embedded")?);
    program.arg(components::exported()?.join("engine.wasm")).arg(server).arg(seconds.to_string());
    Ok(program)
}

fn good_network() -> Result<()> {
    let said = binary::printed(program(&server()?, 30)?.output()?)?;
    ensure!(said.lines().eq(SAID), "{said}");
    Ok(())
}

/// Every connection is cut after some bytes, and every row is there once all the same.
fn connections_that_break() -> Result<()> {
    let data = tempfile::tempdir()?;
    let (_node, network, address) = RUNTIME.block_on(async {
        let proxy = Proxy::bind(21).await?;
        let address = proxy.address()?;
        let mut options = NodeOptions::new(data.path());
        options.listen = "127.0.0.1:0".into();
        options.advertise = Some(address.to_string());
        let node = Node::start(options).await?;
        let network = proxy.start(node.address());
        anyhow::Ok((node, network, address))
    })?;
    network.good.store(false, Ordering::Relaxed);
    let said = binary::printed(program(&address.to_string(), 120)?.output()?)?;
    ensure!(said.lines().eq(SAID), "{said}");
    let broken = network.broken.load(Ordering::Relaxed);
    ensure!(broken > 2, "{broken} connections broke");
    Ok(())
}

fn no_server() -> Result<()> {
    // A port that nobody listens on: one that was just given back.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let began = Instant::now();
    let failed = program(&address, 2)?.output()?;
    let said = String::from_utf8_lossy(&failed.stderr);
    ensure!(failed.status.code() == Some(1) && said.contains(&address) && said.contains("refused"), "{said}");
    ensure!(began.elapsed() < Duration::from_secs(60), "it took {:?}", began.elapsed());
    Ok(())
}

fn no_component() -> Result<()> {
    let failed = Command::new(binary::example("embedded")?).args(["there-is-none.wasm", "127.0.0.1:1"]).output()?;
    let said = String::from_utf8_lossy(&failed.stderr);
    ensure!(failed.status.code() == Some(1) && said.contains("there-is-none.wasm"), "{said}");
    Ok(())
}
