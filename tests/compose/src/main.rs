//! Gives the exports of some components to the imports of another, as `wac plug` does: `compose OUT SOCKET PLUG..`.

use anyhow::{Context, Result};
use wac_graph::{CompositionGraph, EncodeOptions, types::Package};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &'static str| arguments.next().context(name);
    let (out, socket) = (next("OUT")?, next("SOCKET")?);
    let mut graph = CompositionGraph::new();
    let socket = Package::from_file("tests:socket", None, &socket, graph.types_mut()).context(socket)?;
    let socket = graph.register_package(socket)?;
    let mut plugs = Vec::new();
    for (at, path) in arguments.enumerate() {
        let package = Package::from_file(&format!("tests:plug{at}"), None, &path, graph.types_mut()).context(path)?;
        plugs.push(graph.register_package(package)?);
    }
    wac_graph::plug(&mut graph, plugs, socket)?;
    Ok(std::fs::write(out, graph.encode(EncodeOptions::default())?)?)
}
