//! The server of the page: it listens, serves a bounded number of connections, and stops in order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::flows::{FlowSpec, Flows};
use super::gateway::Gateway;
use super::guard::Guard;
use super::modules::Modules;
use super::patience::Patience;
use super::routes::{self, Shared};
use super::servers::Servers;
use super::token::Token;
use crate::client::ClientOptions;

/// Connections at once; one more is closed at once.
const CONNECTIONS: usize = 256;
/// How long the head of a request may take, and how long a connection may wait for one.
const HEAD_TIME: Duration = Duration::from_secs(20);
/// The longest head of a request, in bytes.
const HEAD_BYTES: usize = 32 << 10;
/// The most headers.
const HEADERS: usize = 64;
/// How long the other side may leave what it is sent untaken.
const STALL: Duration = Duration::from_secs(60);
/// How long connections get to end when the server stops.
const STOP_TIME: Duration = Duration::from_secs(3);

/// What the page is served with.
pub(crate) struct HttpOptions {
    /// Where to listen, `HOST:PORT`; port 0 picks a free one.
    pub(crate) listen: String,
    /// Where the node listens.
    pub(crate) node: SocketAddr,
    /// What else the node is called by clients, as `HOST:PORT`.
    pub(crate) names: Vec<String>,
    /// Other servers that the gateway leads to, as `HOST:PORT`.
    pub(crate) allow: Vec<String>,
    /// How flows connect to the node; the servers in it are replaced by the node.
    pub(crate) client: ClientOptions,
}

/// Why the page is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The address cannot be listened on.
    #[error("the page cannot be served on {address}: {cause}; choose another address with --http HOST:PORT")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        cause: std::io::Error,
    },
    /// An address is not one.
    #[error("{0}; write it as HOST:PORT")]
    Address(String),
    /// There is no randomness for a token.
    #[error("no token can be made, and beyond this machine the page needs one: {0}")]
    Token(getrandom::Error),
    /// There is no folder for modules.
    #[error("there is no temporary folder for modules: {0}")]
    Folder(std::io::Error),
}

/// A running server. When it is dropped, it stops without waiting for anything.
pub(crate) struct HttpServer {
    url: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    flows: Arc<Flows>,
    gateway: Gateway,
}

impl HttpServer {
    /// Begins to listen. When it returns, the page can be opened.
    ///
    /// # Errors
    /// On an address that is none or is not to be had.
    pub(crate) async fn start(options: HttpOptions) -> Result<Self, HttpError> {
        let failed = |cause| HttpError::Listen { address: options.listen.clone(), cause };
        let listener = TcpListener::bind(&options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let host = options.listen.rsplit_once(':').map_or("", |(host, _)| host);
        let guard = match address.ip().is_loopback() {
            true => Guard::of_this_machine(host, address.port()),
            false => Guard::with_token(Token::random().map_err(HttpError::Token)?),
        };
        let node = reachable(options.node);
        let mut names = options.names;
        names.push(node.to_string());
        let servers = Servers::new(&node.to_string(), &names, &options.allow).map_err(HttpError::Address)?;
        let url = url(address, guard.token());
        let (stop, stopping) = watch::channel(false);
        let modules = Arc::new(Modules::new().map_err(HttpError::Folder)?);
        let flows = Flows::new(servers.node().to_owned(), options.client, Arc::clone(&modules), stopping.clone());
        let (flows, gateway) = (Arc::new(flows), Gateway::new(servers, stopping.clone()));
        let shared = Shared { gateway: gateway.clone(), modules, flows: Arc::clone(&flows) };
        let task = tokio::spawn(serve(listener, routes::router(guard, shared), stopping));
        Ok(Self { url, stop, task, flows, gateway })
    }

    /// What a browser opens, the token in it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts a flow, as the page does.
    ///
    /// # Errors
    /// Why it does not start, in a sentence.
    pub(crate) async fn start_flow(&self, spec: FlowSpec) -> Result<u64, String> {
        self.flows.start(spec).await
    }

    /// Ends flows and connections, waiting a little for each.
    pub(crate) async fn shutdown(self) {
        self.stop.send_replace(true);
        self.flows.stop_all().await;
        let Self { mut task, gateway, .. } = self;
        // Each tells its page.
        let _ = tokio::time::timeout(STOP_TIME, gateway.empty()).await;
        if tokio::time::timeout(STOP_TIME + Duration::from_secs(1), &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// The address at which a program of this machine reaches what listens there.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (std::net::Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

/// What a browser opens. The token stands behind `#`, which no browser sends.
fn url(address: SocketAddr, token: Option<&str>) -> String {
    let address = reachable(address);
    match token {
        Some(token) => format!("http://{address}/#token={token}"),
        None => format!("http://{address}/"),
    }
}

/// Takes connections until it is to stop.
async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                // Without room the connection is closed: whoever comes learns it at once.
                let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
                let (router, stopping) = (router.clone(), stopping.clone());
                connections.spawn(async move {
                    connection(stream, router, stopping).await;
                    drop(place);
                });
            }
            // Too many open files, mostly: it passes.
            Err(error) => {
                tracing::warn!(%error, "the page cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_TIME, ended).await;
}

/// Serves one connection until its end.
async fn connection(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Patience::new(stream, STALL));
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_header_size(HEAD_BYTES).max_headers(HEADERS);
    let connection = settings.serve_connection(stream, TowerToHyperService::new(router)).with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection of the page ended");
            }
            return;
        }
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(STOP_TIME, connection).await;
}
