//! A browser of the test's own: Debian's Chromium, without a window, with an empty profile.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use thalweg_tests::wait;

/// A running browser. Ended when dropped.
pub(super) struct Chromium {
    child: Child,
    profile: TempDir,
}

/// Why there is no browser; `None`: there is one.
pub(super) fn missing() -> Option<String> {
    program().is_none().then(|| "needs Chromium: apt-get install chromium".to_owned())
}

/// Chromium on the path, installed by Debian's package where that can be done.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| {
            let found = || {
                ["chromium", "chromium-browser"].into_iter().find(|name| {
                    Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
                })
            };
            if found().is_none() && std::env::var_os("CI").is_some() {
                let mut install = Command::new("apt-get");
                install.args(["install", "-y", "--no-install-recommends", "chromium"]);
                let _ = install.env("DEBIAN_FRONTEND", "noninteractive").output();
            }
            found().map(PathBuf::from)
        })
        .as_deref()
}

impl Chromium {
    pub(super) fn start() -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("thalweg-chromium").tempdir()?;
        let child = Command::new(program().context("no browser")?)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, profile })
    }

    /// Where it takes commands: `host:port` and a path.
    pub(super) fn debugger(&self) -> Result<(String, String)> {
        let file = self.profile.path().join("DevToolsActivePort");
        let look = || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let mut lines = text.lines();
            Ok(lines.next().zip(lines.next()).map(|(port, path)| (format!("127.0.0.1:{port}"), path.to_owned())))
        };
        wait::until(Duration::from_secs(60), look, || "Chromium does not start".to_owned())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
