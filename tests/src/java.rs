//! Fluss's Java client 0.9.1 as a foreign client: `tests/java`, with the published jar that Maven gets.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, ensure};

use crate::{cluster, root, target};

/// Why there is no Java client here; `None` if there is one.
pub fn missing() -> Option<String> {
    let compiler = Command::new("javac").arg("-version").output().is_err();
    cluster::missing().or_else(|| compiler.then(|| "needs javac, which is not here".into()))
}

/// The program, to be followed by the server's address.
pub fn program() -> Result<Command> {
    static CLASSES: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder =
        CLASSES.get_or_init(|| build().map_err(|error| error.to_string())).clone().map_err(anyhow::Error::msg)?;
    let mut command = Command::new("java");
    // A short life: no time for optimisation.
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
    command.arg("--add-opens=java.base/java.nio=ALL-UNNAMED");
    command.arg("-cp").arg(format!("{0}/classes:{0}/*", folder.display())).arg("Client");
    Ok(command)
}

/// The folder of the client's jars, and of our classes.
fn build() -> Result<PathBuf> {
    let (folder, source) = (target().join("java-client-0.9.1"), root().join("tests/java"));
    if !folder.join("fluss-client-0.9.1-incubating.jar").is_file() {
        let to = format!("-DoutputDirectory={}", folder.display());
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f"]).arg(source.join("pom.xml")).args(["dependency:copy-dependencies", &to]);
        let output = maven.output()?;
        ensure!(output.status.success(), "mvn cannot get fluss-client: {}", String::from_utf8_lossy(&output.stdout));
    }
    let mut compiler = Command::new("javac");
    compiler.args(["-nowarn", "-cp"]).arg(folder.join("*")).arg("-d").arg(folder.join("classes"));
    let output = compiler.args(["Client.java", "Values.java"].map(|file| source.join(file))).output()?;
    ensure!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
    Ok(folder)
}
