//! A real Apache Fluss cluster for the tests, started by `tests/cluster/fluss-cluster`.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Why no real cluster can run here; `None` if one can.
pub fn missing() -> Option<String> {
    ["java", "mvn"]
        .into_iter()
        .find(|tool| Command::new(tool).arg("-version").output().is_err())
        .map(|tool| format!("needs {tool}, which is not here"))
}

/// By how much the port of a proxy is higher than that of its server.
const PROXIES: u16 = 20;

/// A cluster that ends with its guard.
pub struct Cluster {
    folder: tempfile::TempDir,
    /// `host:port` of the coordinator.
    pub address: String,
}

impl Cluster {
    /// Starts a cluster with some tablet servers; takes about ten seconds, and longer the first time.
    pub fn start(tablets: u32) -> Result<Self> {
        Self::start_with(tablets, &[])
    }

    /// As `start`, with settings of the servers, each `key=value`.
    pub fn start_with(tablets: u32, settings: &[&str]) -> Result<Self> {
        Self::start_script(tablets, &settings.iter().flat_map(|setting| ["--set", *setting]).collect::<Vec<_>>())
    }

    fn start_script(tablets: u32, options: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_ports()?;
        let replicas = tablets.to_string();
        let output = Command::new(script())
            .arg("start")
            .arg(folder.path())
            .args(["--port", &port.to_string(), "--tablets", &tablets.to_string(), "--replicas", &replicas])
            .args(options)
            .output()?;
        if !output.status.success() {
            bail!("the cluster does not start: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Self { folder, address: format!("127.0.0.1:{port}") })
    }

    /// A cluster with a tablet server, at which clients log in as admin with the password admin-secret, or as alice with
    /// alice-secret.
    pub fn with_logins() -> Result<Self> {
        let mut cluster = Self::start_script(1, &["--sasl"])?;
        let port: u16 = cluster.address.rsplit_once(':').context("an address")?.1.parse()?;
        // Without a login clients are let in at the other listener.
        cluster.address = format!("127.0.0.1:{}", port + 100);
        Ok(cluster)
    }

    /// As `start`, where clients are told other ports than the servers listen on: `proxies` says which.
    pub fn start_behind_proxies(tablets: u32) -> Result<Self> {
        Self::start_script(tablets, &["--proxies", &PROXIES.to_string()])
    }

    /// Where clients look for each server that was started behind proxies, the coordinator first, and where it listens.
    pub fn proxies(&self) -> Result<Vec<(SocketAddr, SocketAddr)>> {
        let first: SocketAddr = self.address.parse()?;
        let tablets = (0..10).filter(|tablet| self.folder.path().join(format!("tablet-{tablet}.pid")).exists());
        let servers = std::iter::once(0).chain(tablets.map(|tablet| tablet + 1));
        let at = |port: u16| SocketAddr::new(first.ip(), port);
        Ok(servers.map(|server| first.port() + server).map(|port| (at(port + PROXIES), at(port))).collect())
    }

    /// The number of a tablet server's process.
    pub fn process(&self, tablet: u32) -> Result<u64> {
        let file = self.folder.path().join(format!("tablet-{tablet}.pid"));
        Ok(std::fs::read_to_string(&file).with_context(|| file.display().to_string())?.trim().parse()?)
    }

    /// Kills a tablet server with SIGKILL.
    pub fn kill(&self, tablet: u32) -> Result<()> {
        let status = Command::new(script()).arg("kill").arg(self.folder.path()).arg(tablet.to_string()).status()?;
        status.success().then_some(()).context("the tablet server cannot be killed")
    }

    /// Starts a tablet server again that was killed.
    pub fn restart(&self, tablet: u32) -> Result<()> {
        let status = Command::new(script()).arg("tablet").arg(self.folder.path()).arg(tablet.to_string()).status()?;
        status.success().then_some(()).context("the tablet server cannot be started again")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(script()).arg("stop").arg(self.folder.path()).output();
    }
}

fn script() -> PathBuf {
    crate::root().join("tests/cluster/fluss-cluster")
}

/// A port with free ones behind it where the cluster needs them: tablet servers at +1 to +9, proxies 20 higher,
/// ZooKeeper at +50.
fn free_ports() -> Result<u16> {
    let first = 20_000 + (std::process::id() % 20_000) as u16;
    (0..100)
        .map(|step| first + step * 100)
        .find(|port| {
            let mut offsets = (0..10).chain(PROXIES..PROXIES + 10).chain([50]).chain(100..110);
            offsets.all(|offset| TcpListener::bind(("127.0.0.1", port + offset)).is_ok())
        })
        .context("no free ports for a cluster")
}
