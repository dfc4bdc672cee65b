//! Composes components: `compose OUT PART..`. Each part is given the exports of those before it that it imports; what is left
//! is imported, and the exports of the last are exported.

use anyhow::{Context, Result};
use wac_graph::{CompositionGraph, EncodeOptions, types::Package};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().context("OUT PART..")?;
    let mut graph = CompositionGraph::new();
    let mut parts = Vec::new();
    for (at, path) in arguments.enumerate() {
        let name = format!("tests:part{at}");
        let package = Package::from_file(&name, None, &path, graph.types_mut()).context(path)?;
        let package = graph.register_package(package)?;
        let part = graph.instantiate(package);
        let world = &graph.types()[graph[package].ty()];
        let imports = world.imports.keys().cloned().collect::<Vec<String>>();
        let exports = world.exports.keys().cloned().collect();
        for import in imports {
            let from = parts.iter().rev().find(|(_, exports): &&(_, Vec<String>)| exports.contains(&import));
            if let Some((from, _)) = from {
                let export = graph.alias_instance_export(*from, &import)?;
                graph.set_instantiation_argument(part, &import, export)?;
            }
        }
        parts.push((part, exports));
    }
    let (last, exports) = parts.pop().context("OUT PART..")?;
    for name in exports {
        let export = graph.alias_instance_export(last, &name)?;
        graph.export(export, &name)?;
    }
    Ok(std::fs::write(out, graph.encode(EncodeOptions::default())?)?)
}
