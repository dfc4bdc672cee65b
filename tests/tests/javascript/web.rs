//! The package for browsers, over WebSockets through a gateway that Deno runs.

use std::io::{BufRead, BufReader};
use std::process::Child;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thalweg_tests::binary::Node;
use thalweg_tests::javascript::{JavaScript, Runner};

/// The gateway, killed when dropped.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(javascript: &JavaScript) -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let mut gateway = Gateway(javascript.script(Runner::Deno, "gateway.mjs").arg(&node.address).spawn()?);
    let mut said = BufReader::new(gateway.0.stdout.take().context("a pipe from the gateway")?).lines();
    let port = said.next().context("the gateway ended")??;
    let address = format!("ws://127.0.0.1:{}/", port.trim());
    let output = javascript.script(Runner::Node24, "web.mjs").arg(address).output()?;
    let (said, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}: {said}{erred}", output.status);
    let wanted = json!({ "acknowledged": 50_000, "scanned": 50_000, "refused": true });
    ensure!(serde_json::from_str::<Value>(&said).is_ok_and(|found| found == wanted), "{said}{erred}");
    Ok(())
}
