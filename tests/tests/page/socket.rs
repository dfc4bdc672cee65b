//! WebSockets for the tests: to the gateway, and to a browser.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A WebSocket.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

/// Opens a WebSocket with further headers; the error is the status of the answer, where there was one.
pub(crate) async fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<Result<Socket, u16>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
    }
    // Screenshots and large tables come as one message.
    let config = WebSocketConfig::default().max_message_size(Some(256 << 20)).max_frame_size(Some(256 << 20));
    match tokio::time::timeout(PATIENCE, client_async_with_config(request, stream, Some(config))).await? {
        Ok((socket, _)) => Ok(Ok(Socket(socket))),
        Err(Error::Http(answer)) => Ok(Err(answer.status().as_u16())),
        Err(error) => Err(error.into()),
    }
}

impl Socket {
    pub(crate) async fn send(&mut self, message: Message) -> Result<()> {
        Ok(tokio::time::timeout(PATIENCE, self.0.send(message)).await.context("it takes nothing")??)
    }

    /// The next message that is no ping or pong; `None`: the connection has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.context("no message comes")? {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Ok(Some(message)),
                Some(Err(_)) | None => return Ok(None),
            }
        }
    }

    /// Reads until so many bytes have come.
    pub(crate) async fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            match self.next().await? {
                Some(Message::Binary(more)) => bytes.extend_from_slice(&more),
                other => bail!("{} bytes came, then {other:?}", bytes.len()),
            }
        }
        Ok(bytes)
    }

    /// The code and the reason with which the other side closes; what comes before is dropped.
    pub(crate) async fn closed(&mut self) -> Result<(u16, String)> {
        loop {
            match self.next().await? {
                Some(Message::Close(Some(frame))) => return Ok((frame.code.into(), frame.reason.to_string())),
                Some(Message::Close(None)) | None => return Ok((0, String::new())),
                Some(_) => {}
            }
        }
    }
}
