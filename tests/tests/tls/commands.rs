//! TLS on the command line.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary::{self, Node};

use crate::certificates::{Authority, NOW};

/// Each command of these words, its status, and a part of what it says on standard error.
const WRONG: &[(&str, i32, &str)] = &[
    ("table list --tls-cert FILE", 2, "--tls-cert needs --tls-key FILE"),
    ("--tls-key FILE table list", 2, "--tls-key needs --tls-cert FILE"),
    ("table list --tls-ca /nowhere.pem", 1, "/nowhere.pem cannot be read (there is no such file)"),
    ("serve --tls-cert FILE", 2, "--tls-key <FILE>"),
    ("serve --tls-key FILE", 2, "--tls-cert <FILE>"),
    ("serve --tls-client-ca FILE", 2, "--tls-cert <FILE>"),
    ("serve --tls-ca FILE", 2, "--tls-ca is for commands that connect to a server; the node takes --tls-cert"),
    ("serve --tls", 2, "--tls is for commands that connect"),
    ("demo --tls", 2, "--tls is for commands that connect to a server; leave it out"),
    ("completions bash --tls-cert FILE --tls-key FILE", 2, "--tls-cert is for commands that connect"),
    ("serve --listen 127.0.0.1:0 --tls-cert /nowhere.pem --tls-key /nowhere.key", 1, "/nowhere.pem cannot be read"),
];

/// A command ends so, and says this.
fn ends(command: &mut Command, status: i32, says: &str) -> Result<Output> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {said}", output.status);
    ensure!(said.contains(says), "it says {said}");
    Ok(output)
}

pub(crate) fn wrong_usage() -> Result<()> {
    let data = tempfile::tempdir()?;
    for (words, status, says) in WRONG {
        let mut command = binary::command(words.split(' '));
        command.env("THALWEG_DATA", data.path());
        ends(&mut command, *status, says).context(*words)?;
    }
    Ok(())
}

/// Options of connections stand in the help of commands that connect, and of no others.
pub(crate) fn help() -> Result<()> {
    for (words, shown, not) in [
        ("append --help", "--tls-server-name", "--tls-client-ca"),
        ("serve --help", "--tls-client-ca", "--tls-server-name"),
        ("demo --help", "--rows", "--tls"),
        ("component export --help", "--quiet", "--tls"),
    ] {
        let help = binary::printed(binary::command(words.split(' ')).output()?)?;
        ensure!(help.contains(shown) && !help.contains(not), "{words}: {help}");
    }
    let help = binary::printed(binary::command(["serve", "--help"]).output()?)?;
    ensure!(help.matches("--tls-cert <FILE>").count() == 1, "{help}");
    Ok(())
}

/// A node with a certificate, and commands that trust it.
pub(crate) fn rows() -> Result<()> {
    let (folder, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let ours = Authority::new(folder.path(), "ours")?;
    let (shown, own) = (ours.server("node", &["localhost"], NOW)?, ours.client("client")?);
    let path = |path: &std::path::Path| path.display().to_string();
    let (certificate, key, ca) = (path(&shown.certificate), path(&shown.key), path(&ours.file));
    let options = ["--listen", "localhost:0", "--tls-cert", &certificate, "--tls-key", &key, "--tls-client-ca", &ca];
    let node = Node::start_with(data.path(), &options)?;
    let (certificate, key) = (path(&own.certificate), path(&own.key));
    let tls = ["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key, "--tls-server-name", "localhost"];
    let command = |words: &str| {
        let mut command = binary::command(words.split(' '));
        command.env("THALWEG_SERVER", &node.address);
        command
    };
    binary::printed(command("table create t --schema id=INT").args(tls).output()?).err().context("a bad schema")?;
    let schema = ["table", "create", "t", "--schema", "id INT"];
    binary::printed(binary::command(tls.iter().chain(&schema)).env("THALWEG_SERVER", &node.address).output()?)?;
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, "id\n1\n2\n")?;
    binary::printed(command("append t").arg(&file).args(tls).output()?)?;
    let rows = binary::printed(command("scan t").args(tls).output()?)?;
    ensure!(rows == "{\"id\":1}\n{\"id\":2}\n", "{rows}");
    ends(&mut command("scan t"), 1, "thalweg: no connection (")?;
    ends(&mut command("scan t"), 1, "the server speaks TLS; connect with --tls")?;
    ends(
        command("scan t --tls-server-name localhost").args(&tls[..2]),
        1,
        "name one with --tls-cert FILE and --tls-key FILE",
    )
    .map(drop)
}
