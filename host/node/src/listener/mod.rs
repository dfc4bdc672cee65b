//! The listening socket: takes connections up to a limit, and ends them when the node stops.
//!
//! ```text
//! connection  one connection: requests read, started, answered
//! entrance    what it may do before it has logged in
//! ```

mod connection;
mod entrance;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error::NodeError;
use crate::handlers::service::Service;

/// How long connections may take to send their last answers when the node stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Binds the socket. Port 0 picks a free port.
pub(crate) async fn bind(address: &str) -> Result<TcpListener, NodeError> {
    let port = address.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok()));
    if port.flatten().is_none() {
        return Err(NodeError::BadAddress { address: address.to_owned() });
    }
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => NodeError::AddressTaken { address: address.to_owned() },
        _ => NodeError::Listen { address: address.to_owned(), source },
    })
}

/// Takes connections until the node is over, then waits for those that there are to end.
pub(crate) async fn run(listener: TcpListener, service: Arc<Service>) {
    let free = Arc::new(Semaphore::new(service.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = service.lifecycle.over() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        service.lifecycle.fail_point("listener");
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&free).try_acquire_owned() {
                Ok(place) => {
                    connections.spawn(serve(stream, peer, Arc::clone(&service), place));
                }
                Err(_) => tracing::warn!(%peer, "refusing a connection: there are as many as allowed"),
            },
            // Most likely no file handle is free. It will not help to ask again at once.
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, ended).await.is_err() {
        connections.shutdown().await;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, service: Arc<Service>, _place: OwnedSemaphorePermit) {
    match connection::serve(stream, service).await {
        Ok(()) => tracing::debug!(%peer, "connection closed"),
        Err(error) => tracing::debug!(%peer, %error, "connection broken off"),
    }
}
