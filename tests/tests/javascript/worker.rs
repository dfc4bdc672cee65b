//! The package in workerd: a worker that a request drives.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thalweg_tests::binary::Node;
use thalweg_tests::javascript::JavaScript;

/// workerd, killed when dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The files of a folder as modules of a worker, by their paths from `root`.
fn modules(config: &mut String, root: &Path, folder: &Path) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            modules(config, root, &path)?;
            continue;
        }
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("js") => "esModule",
            Some("wasm") if !path.ends_with("transpiler.wasm") => "wasm",
            _ => continue,
        };
        let name = path.strip_prefix(root)?.display().to_string();
        writeln!(config, "(name = \"thalweg/{name}\", {kind} = embed \"node_modules/thalweg/{name}\"),")?;
    }
    Ok(())
}

fn config(javascript: &JavaScript) -> Result<String> {
    let root = javascript.path("node_modules/thalweg");
    let mut files = String::from("(name = \"worker.js\", esModule = embed \"tests/worker.js\"),\n");
    modules(&mut files, &root, &root)?;
    Ok(format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [(name = \"main\", worker = .main), (name = \"internet\", network = (allow = [\"public\", \"private\"]))],
  sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"main\")],
);
const main :Workerd.Worker = (
  compatibilityDate = \"2026-09-01\",
  modules = [
{files}  ],
);
"
    ))
}

pub(crate) fn run(javascript: &JavaScript) -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let file = javascript.path("worker.capnp");
    std::fs::write(&file, config(javascript)?)?;
    let mut command = javascript.program("workerd");
    command.arg("serve").arg(&file).args(["--control-fd", "1"]).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut worker = Worker(command.spawn()?);
    let mut said = BufReader::new(worker.0.stdout.take().context("a pipe from workerd")?).lines();
    let line = said.next().context("workerd ended")??;
    let port = serde_json::from_str::<Value>(&line)?["port"].as_u64().with_context(|| line.clone())?;
    let rows = 65_536;
    let answer = get(u16::try_from(port)?, &format!("/?server={}&rows={rows}", node.address))?;
    let wanted = json!({ "acknowledged": 49_152, "filtered": 16_384, "scanned": 49_152, "refused": "unsupported" });
    ensure!(serde_json::from_str::<Value>(&answer).is_ok_and(|found| found == wanted), "{answer}");
    Ok(())
}

/// The body of what a server answers.
fn get(port: u16, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(connection, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("a header")?;
    Ok(body.to_owned())
}
