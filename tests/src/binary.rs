//! The `thalweg` binary as the tests run it: commands, and a node that ends with its guard.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};

/// The binary of this build: beside the folder of the test's own executable. `cargo test` builds it because its
/// package has tests of its own; run alone, this builds it.
pub fn thalweg() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows its path");
        let folder = test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps");
        let binary = folder.join(format!("thalweg{}", std::env::consts::EXE_SUFFIX));
        if !binary.is_file() {
            let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
            let built = Command::new(cargo)
                .args(["build", "--workspace", "--bin", "thalweg"])
                .current_dir(crate::root())
                .status();
            assert!(built.is_ok_and(|s| s.success()) && binary.is_file(), "{} cannot be built", binary.display());
        }
        binary
    })
}

/// A program among the examples of the workspace, of this profile. `cargo test` builds it with the tests; run alone, this does.
///
/// # Errors
/// What cargo says.
pub fn example(name: &str) -> Result<PathBuf> {
    let folder = thalweg().parent().context("the binary lies in a folder")?;
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.args(["build", "--locked", "--workspace", "--example", name]).current_dir(crate::root());
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    printed(cargo.output()?)?;
    Ok(folder.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION))
}

/// A command of the binary, quiet and without colour, that knows none of the user's profiles.
pub fn command<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(thalweg());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("THALWEG_SERVER")
        .env_remove("THALWEG_USER")
        .env_remove("THALWEG_PROFILE")
        .env("THALWEG_CONFIG", std::env::temp_dir().join("thalweg-tests-without-profiles"))
        .env("NO_COLOR", "1");
    command
}

/// Runs a command of the binary that must succeed, and gives what it printed.
pub fn run<S: AsRef<std::ffi::OsStr>>(server: &str, arguments: impl IntoIterator<Item = S>) -> Result<String> {
    let output = command(arguments).env("THALWEG_SERVER", server).output()?;
    printed(output)
}

/// As `run`, with text on standard input.
pub fn run_with<S: AsRef<std::ffi::OsStr>>(
    server: &str,
    arguments: impl IntoIterator<Item = S>,
    input: &str,
) -> Result<Output> {
    let mut command = command(arguments);
    command.env("THALWEG_SERVER", server);
    fed(command, input)
}

/// Runs a command with text on standard input.
///
/// # Errors
/// When it cannot be started.
pub fn fed(mut command: Command, input: &str) -> Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A command that refuses its arguments ends without reading; that is no failure of the test's.
    let _ = child.stdin.take().context("a pipe to the command")?.write_all(input.as_bytes());
    Ok(child.wait_with_output()?)
}

/// Standard output of a command that succeeded; otherwise an error with all it said.
pub fn printed(output: Output) -> Result<String> {
    ensure!(
        output.status.success(),
        "{}\nstdout: {}\nstderr: {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// A `thalweg serve` of the test's own. Killed when dropped.
pub struct Node {
    child: Child,
    /// `host:port`.
    pub address: String,
}

impl Node {
    /// Starts a node on a data folder, on a free port or the given `host:port`.
    pub fn start(data: &Path, listen: Option<&str>) -> Result<Self> {
        Self::start_with(data, &["--listen", listen.unwrap_or("127.0.0.1:0")])
    }

    /// Starts a node on a data folder, with these options.
    pub fn start_with(data: &Path, options: &[&str]) -> Result<Self> {
        let mut child = command(["serve"])
            .args(options)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe from the node")?).read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("thalweg: ready on ") else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the node said {line:?} instead of being ready");
        };
        Ok(Self { address: address.to_owned(), child })
    }

    /// Kills the node as a power cut would: SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
