//! The listening socket: takes connections up to a limit, and ends them when the node stops.
//!
//! ```text
//! connection  one connection: requests read, started, answered
//! entrance    what it may do before it has logged in
//! secure      TLS, before a connection is served
//! ```

mod connection;
mod entrance;
mod secure;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thalweg_tls::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error::NodeError;
use crate::handlers::service::Service;
use secure::Secure;

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

/// Takes connections, with TLS or without, until the node is over, then waits for those that there are to end.
pub(crate) async fn run(listener: TcpListener, tls: Option<Arc<Acceptor>>, service: Arc<Service>) {
    let secure = tls.map(|tls| Secure::new(tls, &service.limits));
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
                    connections.spawn(serve(stream, peer, secure.clone(), Arc::clone(&service), place));
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

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    secure: Option<Secure>,
    service: Arc<Service>,
    _place: OwnedSemaphorePermit,
) {
    // Without it answers come later, and nothing else is lost.
    let _ = stream.set_nodelay(true);
    let ended = match secure {
        None => {
            let (read, write) = stream.into_split();
            connection::serve(read, write, service).await
        }
        Some(secure) => match secure.handshake(stream, &service.lifecycle).await {
            Ok(stream) => {
                let (read, write) = tokio::io::split(stream);
                connection::serve(read, write, service).await
            }
            Err(reason) => return tracing::info!(%peer, reason, "no TLS with a peer"),
        },
    };
    match ended {
        Ok(()) => tracing::debug!(%peer, "connection closed"),
        Err(error) => tracing::debug!(%peer, %error, "connection broken off"),
    }
}
