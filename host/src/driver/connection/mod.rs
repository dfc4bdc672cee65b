//! A socket: connecting, with TLS or without, cutting frames, writing pieces.
//!
//! ```text
//! events  where it tells what it did
//! read    frames out of a connection, and why there are no more
//! write   frames into a connection
//! ```

mod events;
mod read;
mod write;

use std::{io::ErrorKind, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use thalweg_contract::{ConnectionId, Settings};
use thalweg_tls::{ClientStream, Connector, Failed};
use tokio::{
    net::TcpStream,
    runtime::Handle,
    task::AbortHandle,
    time::{Instant, timeout, timeout_at},
};

pub(super) use self::{
    events::{Events, Taker, Waiting},
    write::Writer,
};
use self::{
    read::{CLOSED, read_frames},
    write::{write_queue, write_secure},
};
use crate::panics::caught;

/// What a socket did.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// The server was reached, and the TLS handshake begins.
    Reached(ConnectionId),
    /// The connection stands; frames go out here.
    Connected(ConnectionId, Writer),
    /// A whole frame came in.
    Frame(ConnectionId, Bytes),
    /// The connection could not be made, or ended: why.
    Ended(ConnectionId, Failed),
    /// The server is not on this machine, and a password would go there in clear text: its address.
    Exposed(String),
}

/// How a socket is made and read.
#[derive(Debug, Clone)]
pub(crate) struct SocketSettings {
    /// How long connecting may take, with the look-up of the name and the TLS handshake.
    pub(super) connect_timeout: Duration,
    /// The longest frame that is taken, in bytes.
    pub(super) frame_limit: usize,
    /// What makes connections secure; `None`: they are not.
    pub(super) tls: Option<Connector>,
    /// Whether only servers on this machine may be talked to, as a password goes to them in clear text.
    pub(super) only_loopback: bool,
}

impl SocketSettings {
    /// As the settings of a client say. With `only_loopback` the driver ends rather than talk to a server that is not on
    /// this machine.
    pub(crate) fn new(settings: &Settings, tls: Option<Connector>, only_loopback: bool) -> Self {
        let connection = &settings.connection;
        let (connect_timeout, frame_limit) = (connection.connect_timeout, connection.frame_limit as usize);
        Self { connect_timeout, frame_limit, tls, only_loopback }
    }
}

/// A connection as the driver holds it. Its task ends with it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: String,
    /// `None` until it stands.
    pub(super) writer: Option<Writer>,
    /// Whether a frame came in.
    pub(super) answered: bool,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Starts to connect, on this runtime; what comes of it goes to `events`.
    pub(super) fn open(
        runtime: &Handle,
        id: ConnectionId,
        address: String,
        settings: SocketSettings,
        events: Events,
    ) -> Self {
        let target = address.clone();
        let task = runtime.spawn(async move {
            let failed = match caught(serve(id, &target, &settings, &events)).await {
                Ok(Err(failed)) => failed,
                Err(cause) => passing(cause),
            };
            events.tell(SocketEvent::Ended(id, failed)).await;
        });
        Self { address, writer: None, answered: false, task: task.abort_handle() }
    }
}

/// How long a server may take to say why it takes nothing any more.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Never to be had.
enum Never {}

/// A failure that the next try may not meet.
fn passing(reason: impl ToString) -> Failed {
    Failed { reason: reason.to_string(), hopeless: false }
}

/// Nobody is left to tell.
fn deserted() -> Failed {
    passing("the client is gone")
}

/// Connects, reads and writes until one of them fails.
async fn serve(id: ConnectionId, address: &str, settings: &SocketSettings, events: &Events) -> Result<Never, Failed> {
    let deadline = Instant::now() + settings.connect_timeout;
    let late = |what: &str| passing(format!("{what} within {:?}", settings.connect_timeout));
    let connecting = timeout_at(deadline, TcpStream::connect(address)).await;
    let stream = connecting.map_err(|_| late("no connection"))?.map_err(passing)?;
    if settings.only_loopback && !stream.peer_addr().map_err(passing)?.ip().to_canonical().is_loopback() {
        events.tell(SocketEvent::Exposed(address.to_owned())).await;
        // The driver ends, and this task with it.
        std::future::pending::<()>().await;
    }
    stream.set_nodelay(true).map_err(passing)?;
    let Some(tls) = &settings.tls else { return serve_plain(id, stream, settings, events).await };
    events.tell(SocketEvent::Reached(id)).await.then_some(()).ok_or_else(deserted)?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let stream = timeout_at(deadline, tls.connect(host, stream)).await;
    let stream = stream.map_err(|_| late("connected, but no TLS handshake"))??;
    serve_secure(id, tls, stream, settings, events).await
}

async fn serve_plain(
    id: ConnectionId,
    stream: TcpStream,
    settings: &SocketSettings,
    events: &Events,
) -> Result<Never, Failed> {
    let (read, write) = stream.into_split();
    let write = Arc::new(write);
    let (writer, queued, waiting) = Writer::direct(Arc::clone(&write));
    events.tell(SocketEvent::Connected(id, writer)).await.then_some(()).ok_or_else(deserted)?;
    tokio::select! {
        ended = read_frames(id, read, settings.frame_limit, events) => Err(ended.without_tls()),
        ended = write_queue(&write, queued, &waiting) => Err(passing(ended)),
    }
}

async fn serve_secure(
    id: ConnectionId,
    tls: &Connector,
    stream: ClientStream<TcpStream>,
    settings: &SocketSettings,
    events: &Events,
) -> Result<Never, Failed> {
    let (read, write) = tokio::io::split(stream);
    let (writer, queued) = Writer::queued();
    events.tell(SocketEvent::Connected(id, writer)).await.then_some(()).ok_or_else(deserted)?;
    let mut reading = pin!(read_frames(id, read, settings.frame_limit, events));
    let error = tokio::select! {
        ended = &mut reading => ended.error,
        ended = write_secure(write, queued) => {
            // What the server said last is worth more than that it takes nothing any more.
            timeout(LAST_WORDS, reading).await.map_or(ended, |read| read.error)
        }
    };
    Err(tls.ended(&error).unwrap_or_else(|| match error.kind() {
        ErrorKind::UnexpectedEof => passing(CLOSED),
        _ => passing(error),
    }))
}
