//! The programs of `examples/components`, as their heads say they are run.

use anyhow::{Result, ensure};
use thalweg_tests::{binary, components};

use crate::server;

pub(crate) const ALL: [(&str, fn() -> Result<()>); 2] = [("composed", composed), ("single", single)];

fn composed() -> Result<()> {
    let alone = components::command("thalweg-example-composed")?;
    let whole = alone.with_file_name("flights.wasm");
    components::plug(&alone, &[&components::exported()?.join("client.wasm")], &whole)?;
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
