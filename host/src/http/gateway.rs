//! A WebSocket as a connection to a server: binary messages are the bytes of the connection, both ways, cut anywhere.
//!
//! Each side is read only when the other has taken what was read before, so that no more than a message and a buffer of
//! bytes are ever held. What the server has to say reaches the page before its end does.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use super::answer::Refusal;
use super::servers::Servers;

/// The longest message from a page, in bytes: more than the longest request of a client with every default.
const MESSAGE: usize = 16 << 20;
/// How much of what a server says is sent as one message, in bytes.
const CHUNK: usize = 64 << 10;
/// How long a server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one side may leave what it is given untaken.
const STALL: Duration = Duration::from_secs(60);
/// How often a page is asked whether it is there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(75);

/// WebSockets at once.
const PLACES: u32 = 64;

/// Where WebSockets may lead, and how many there may be.
#[derive(Clone)]
pub(super) struct Gateway {
    servers: Arc<Servers>,
    places: Arc<Semaphore>,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
}

impl Gateway {
    pub(super) fn new(servers: Servers, stopping: watch::Receiver<bool>) -> Self {
        Self { servers: Arc::new(servers), places: Arc::new(Semaphore::new(PLACES as usize)), stopping }
    }

    /// Where the node listens.
    pub(super) fn node(&self) -> &str {
        self.servers.node()
    }

    /// Waits until no WebSocket is open.
    pub(super) async fn empty(&self) {
        let _ = self.places.acquire_many(PLACES).await;
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    /// `host:port`; `None`: the node.
    to: Option<String>,
}

/// `GET /gateway?to=HOST:PORT`: a WebSocket.
pub(super) async fn open(
    State(gateway): State<Gateway>,
    Query(Asked { to }): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let target = match gateway.servers.find(to.as_deref()) {
        Ok(target) => target,
        Err(reason) => return Refusal::new(StatusCode::FORBIDDEN, reason).into_response(),
    };
    let Ok(place) = gateway.places.try_acquire_owned() else {
        return Refusal::busy("there are too many connections through this gateway; close some").into_response();
    };
    upgrade
        .max_message_size(MESSAGE)
        .max_frame_size(MESSAGE)
        .read_buffer_size(CHUNK)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * CHUNK)
        .on_upgrade(move |socket| async move {
            run(socket, &target, gateway.stopping).await;
            drop(place);
        })
}

/// Carries bytes both ways until one side ends.
async fn run(socket: WebSocket, target: &str, mut stopping: watch::Receiver<bool>) {
    let (mut to_page, from_page) = socket.split();
    let reason = match timeout(CONNECT, TcpStream::connect(target)).await {
        Ok(Ok(server)) => {
            let _ = server.set_nodelay(true);
            let (from_server, to_server) = server.into_split();
            let (heard, hearing) = watch::channel(Instant::now());
            tokio::select! {
                reason = to_the_server(from_page, to_server, heard) => reason,
                reason = to_the_page(from_server, &mut to_page, hearing) => reason,
                _ = stopping.wait_for(|stop| *stop) => (close_code::AWAY, "the node stops".to_owned()),
            }
        }
        Ok(Err(error)) => (close_code::ERROR, format!("{target} cannot be reached: {error}")),
        Err(_) => (close_code::ERROR, format!("{target} does not answer")),
    };
    tracing::debug!(target_server = target, code = reason.0, reason = reason.1, "a connection of the gateway ended");
    let close = CloseFrame { code: reason.0, reason: short(&reason.1).into() };
    let _ = timeout(Duration::from_secs(5), to_page.send(Message::Close(Some(close)))).await;
}

/// The reason of a close holds 123 bytes.
fn short(reason: &str) -> String {
    let end = (0..=reason.len().min(120)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.get(..end).unwrap_or_default().to_owned()
}

/// What the page sends goes to the server. Gives why it ended.
async fn to_the_server(
    mut page: SplitStream<WebSocket>,
    mut server: OwnedWriteHalf,
    heard: watch::Sender<Instant>,
) -> (u16, String) {
    loop {
        let bytes = match page.next().await {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(_))) => {
                return (close_code::UNSUPPORTED, "the gateway takes binary messages only".to_owned());
            }
            // Pings are answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Bytes::new(),
            Some(Ok(Message::Close(_))) | None => return (close_code::NORMAL, String::new()),
            Some(Err(error)) => return (close_code::PROTOCOL, error.to_string()),
        };
        heard.send_replace(Instant::now());
        match timeout(STALL, server.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return (close_code::ERROR, format!("the server ended the connection: {error}")),
            Err(_) => return (close_code::ERROR, "the server takes nothing more".to_owned()),
        }
        heard.send_replace(Instant::now());
    }
}

/// What the server sends goes to the page. Gives why it ended.
async fn to_the_page(
    mut server: OwnedReadHalf,
    page: &mut SplitSink<WebSocket, Message>,
    heard: watch::Receiver<Instant>,
) -> (u16, String) {
    let mut chunk = vec![0; CHUNK];
    let mut asking = tokio::time::interval(PING);
    asking.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            read = server.read(&mut chunk) => match read {
                Ok(0) => return (close_code::NORMAL, "the server ended the connection".to_owned()),
                Ok(length) => Message::Binary(Bytes::copy_from_slice(chunk.get(..length).unwrap_or_default())),
                Err(error) => return (close_code::ERROR, format!("the server ended the connection: {error}")),
            },
            _ = asking.tick() => {
                if heard.borrow().elapsed() > SILENCE {
                    return (close_code::POLICY, "the page is silent".to_owned());
                }
                Message::Ping(Bytes::new())
            }
        };
        match timeout(STALL, page.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return (close_code::ERROR, error.to_string()),
            Err(_) => return (close_code::POLICY, "the page takes nothing more".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn reasons_fit_into_a_close() {
        assert_eq!(short("no"), "no");
        assert_eq!(short(&"ä".repeat(200)), "ä".repeat(60));
    }
}
