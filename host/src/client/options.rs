//! How a client connects and which engine it drives.

use std::sync::Arc;
use std::time::Duration;

use thalweg_contract::Settings;
use thalweg_tls::Tls;

use crate::runtime::Runtime;

/// Where the engine runs. All give the same bytes on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// As a component in wasmtime.
    #[default]
    Component,
    /// Linked into this program.
    Native,
    /// As a component that does its heavy work itself, as it does for hosts without threads. For tests: it is slower.
    Inside,
    /// Natively and as a component, each doing the same work; any difference of what they do ends the client as `Error::Broken`. For tests.
    Lockstep,
}

/// How a client connects.
#[derive(Clone)]
pub struct ClientOptions {
    /// Limits and defaults; `settings.connection.bootstrap` are the servers to begin with.
    pub settings: Settings,
    /// How connections are encrypted; all of them, to servers that others name too. Default: not at all.
    pub tls: Option<Tls>,
    /// Whether the password of `settings.connection.login` may go beyond this machine over a connection that is not encrypted.
    /// Default false: the session ends with `Error::InsecureLogin` rather than connect to such a server.
    pub insecure_login: bool,
    /// Where the engine runs. Default: as a component.
    pub engine: EngineKind,
    /// What runs components; `None`: the runtime that the process shares. Default `None`.
    pub runtime: Option<Arc<Runtime>>,
}

impl ClientOptions {
    /// Every default, for these servers (`host:port`), of which one that answers is enough.
    pub fn new(servers: Vec<String>) -> Self {
        let settings = Settings::new(servers);
        Self { settings, tls: None, insecure_login: false, engine: EngineKind::default(), runtime: None }
    }

    /// Lets a server take no longer than `timeout` to answer, with all tries, and rows to be delivered.
    pub fn limit_to(&mut self, timeout: Duration) {
        let connection = &mut self.settings.connection;
        connection.connect_timeout = connection.connect_timeout.min(timeout);
        connection.request_timeout = connection.request_timeout.min(timeout);
        connection.command_timeout = timeout;
        self.settings.write.delivery_timeout = timeout;
    }
}
