//! Frames out of a connection, and why there are no more.

use std::io::{self, ErrorKind};

use bytes::BytesMut;
use futures::StreamExt;
use thalweg_contract::ConnectionId;
use thalweg_tls::Failed;
use tokio::io::AsyncRead;
use tokio_util::codec::{LengthDelimitedCodec, LengthDelimitedCodecError};

use super::{Events, SocketEvent, passing};

pub(super) const CLOSED: &str = "the server closed the connection";

/// Why no frames come any more.
pub(super) struct Unread {
    pub(super) error: io::Error,
    /// What came in before the first frame was whole; `None`: there was a first frame.
    start: Option<BytesMut>,
}

impl Unread {
    /// Why, of a connection without TLS.
    pub(super) fn without_tls(self) -> Failed {
        // An alert: what a server that speaks TLS has to say of a first frame without it.
        const ALERT: [u8; 2] = [0x15, 3];
        let closed = matches!(self.error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset);
        match &self.start {
            Some(start) if start.starts_with(&ALERT) => Failed::speaks_tls(),
            Some(start) if start.is_empty() && closed => {
                passing(format!("{CLOSED} without an answer; if it speaks TLS, connect with --tls"))
            }
            _ => passing(self.error),
        }
    }
}

/// Reads frames until there are no more.
pub(super) async fn read_frames(
    id: ConnectionId,
    read: impl AsyncRead + Unpin,
    limit: usize,
    events: &Events,
) -> Unread {
    let mut frames = LengthDelimitedCodec::builder().max_frame_length(limit).new_read(read);
    let mut first = true;
    let error = loop {
        let frame = match frames.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) if error.get_ref().is_some_and(|error| error.is::<LengthDelimitedCodecError>()) => {
                break io::Error::new(
                    ErrorKind::InvalidData,
                    format!(
                        "the server sent a frame longer than the limit of {limit} bytes (the setting `frame_limit`)"
                    ),
                );
            }
            Some(Err(error)) => break error,
            None => break io::Error::new(ErrorKind::UnexpectedEof, CLOSED),
        };
        first = false;
        if !events.tell(SocketEvent::Frame(id, frame.freeze())).await {
            break io::Error::other("the client is gone");
        }
    };
    Unread { error, start: first.then(|| std::mem::take(frames.read_buffer_mut())) }
}
