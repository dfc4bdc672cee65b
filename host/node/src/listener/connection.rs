//! One connection: reads requests one by one, starts them in order, and writes answers as they come.
//!
//! Every request whose header can be read is answered: what is too long, or has no room, with an error, and its bytes are
//! passed over; what panics, too; and what still runs when the node ends.

use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use thalweg_wire::frame::{self, LENGTH_PREFIX, MAX_PLAIN_REQUEST_LENGTH, MAX_REQUEST_LENGTH, RequestHeader};
use thalweg_wire::message::{ApiKey, ServerErrorCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, copy, sink};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::entrance::Entrance;
use crate::failure::Failure;
use crate::handlers::dispatch::{self, Answer, Started};
use crate::handlers::frame::Frame;
use crate::handlers::service::Service;
use crate::options::Limits;
use crate::runtime::memory::{self, Share};
use crate::runtime::panics::Caught;

/// Answers that wait for the socket before requests are no longer read.
const WAITING_ANSWERS: usize = 32;
/// Bytes read from the socket at once.
const READ_BUFFER: usize = 32 << 10;
/// The header of a request: key, version and number.
const HEADER: usize = 8;
/// How many times its size a request without rows may take up once it is decoded: it is all small parts.
const DECODED: usize = 16;
/// What is set aside for a request before it has begun to arrive.
const FIRST_RESERVE: usize = 1 << 20;
/// How long requests get to end by themselves when the node ends.
const GRACE: Duration = Duration::from_secs(1);
/// How long the rest of a request that is not passed over is still taken, so that its answer reaches the peer.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection is broken off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// A length that no request has.
    #[error(transparent)]
    Frame(#[from] frame::FrameError),
    /// A request is so long that it is not even passed over.
    #[error("a request of {length} bytes is longer than any may be")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Nothing came for too long.
    #[error("it was idle for too long")]
    Idle,
    /// A request came, or an answer was taken, too slowly.
    #[error("its peer is too slow")]
    Slow,
    /// It did not log in.
    #[error("it did not log in in time")]
    NoLogin,
    /// It could not log in.
    #[error("it tried to log in as often as it may")]
    Refused,
    /// There are too many connections that have not logged in.
    #[error("there are as many connections without a login as allowed")]
    Crowded,
    /// Reading requests broke down.
    #[error("reading its requests broke down: {0}")]
    Panicked(String),
}

/// What comes in.
enum Incoming {
    /// A request and its share of the memory.
    Request(RequestHeader, Bytes, Arc<Share>),
    /// A request that is passed over, and its answer.
    Refused(Answer),
    /// A request that cannot be passed over, and its answer.
    Hopeless(Answer, ConnectionError),
}

/// Serves a connection until its peer closes it, breaks the rules, or the node ends.
pub(crate) async fn serve(
    read: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin + Send + 'static,
    service: Arc<Service>,
) -> Result<(), ConnectionError> {
    let mut entrance = Entrance::new(&service)?;
    let mut read = BufReader::with_capacity(READ_BUFFER, read);
    let (answers, waiting) = mpsc::channel(WAITING_ANSWERS);
    let patience = service.limits.transfer;
    let mut writer = tokio::spawn(write_answers(write, waiting, patience));
    let mut running = JoinSet::new();
    let reading = async {
        let ended = Caught(pin!(read_requests(&mut read, &service, &mut entrance, &answers, &mut running))).await;
        let ended = ended.unwrap_or_else(|panic| Err(ConnectionError::Panicked(panic)));
        if let Err(ConnectionError::Panicked(panic)) = &ended {
            tracing::error!(panic, "reading the requests of a connection broke down");
        }
        // Those that were started are answered: the peer may still read, though it, or the node, says no more.
        while running.join_next().await.is_some() {}
        ended
    };
    let ended = tokio::select! {
        ended = reading => ended,
        // The peer takes no answers: there is no use in reading on.
        written = &mut writer => return written.unwrap_or(Ok(())),
    };
    drop(answers);
    let written = writer.await.unwrap_or(Ok(()));
    if let Err(ConnectionError::TooLong { .. } | ConnectionError::Refused | ConnectionError::Panicked(_)) = ended {
        // A socket that is closed over what it has not read may take the answer with it.
        let _ = timeout(LINGER, copy(&mut read, &mut sink())).await;
    }
    ended.and(written)
}

async fn read_requests(
    read: &mut (impl AsyncRead + Unpin),
    service: &Arc<Service>,
    entrance: &mut Entrance,
    answers: &mpsc::Sender<Answer>,
    running: &mut JoinSet<()>,
) -> Result<(), ConnectionError> {
    let places = Arc::new(Semaphore::new(service.limits.requests_per_connection));
    let mut over = pin!(service.lifecycle.over());
    loop {
        service.lifecycle.fail_point("read requests");
        let incoming = tokio::select! {
            () = &mut over => return Ok(()),
            () = entrance.expired() => return Err(ConnectionError::NoLogin),
            incoming = read_request(read, service, entrance.frame_limit()) => incoming?,
        };
        while running.try_join_next().is_some() {}
        let (header, body, share) = match incoming {
            None => return Ok(()),
            Some(Incoming::Request(header, body, share)) => (header, body, share),
            Some(Incoming::Refused(answer)) => {
                if answers.send(answer).await.is_err() {
                    return Ok(());
                }
                continue;
            }
            Some(Incoming::Hopeless(answer, error)) => {
                let _ = answers.send(answer).await;
                return Err(error);
            }
        };
        if let Some((answer, last)) = entrance.answer(header, &body).await {
            let sent = answers.send(answer).await;
            match (sent, last) {
                (Err(_), _) => return Ok(()),
                (Ok(()), true) => return Err(ConnectionError::Refused),
                (Ok(()), false) => continue,
            }
        }
        let started = Caught(pin!(dispatch::start(service, header, body))).await;
        match started.unwrap_or_else(|panic| Started::Done(dispatch::broken(header, &panic))) {
            Started::Done(answer) => {
                if answers.send(answer).await.is_err() {
                    return Ok(());
                }
            }
            Started::Running(answer) => {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
                let (answers, service) = (answers.clone(), Arc::clone(service));
                running.spawn(async move {
                    // A fetch may wait for long, and nothing comes of it any more.
                    let grace = if header.api_key == ApiKey::FetchLog.code() { Duration::ZERO } else { GRACE };
                    let answer = tokio::select! {
                        answer = Caught(answer) => answer.unwrap_or_else(|panic| dispatch::broken(header, &panic)),
                        () = service.lifecycle.over_for(grace) => {
                            dispatch::refuse(header.request_id, &service.lifecycle.given_up())
                        }
                    };
                    let _ = answers.send(answer).await;
                    drop((share, place));
                });
            }
        }
    }
}

/// What comes next; `None` when the peer has closed.
async fn read_request(
    read: &mut (impl AsyncRead + Unpin),
    service: &Service,
    guest_limit: Option<usize>,
) -> Result<Option<Incoming>, ConnectionError> {
    let Limits { frame_bytes, idle, transfer, .. } = service.limits;
    let mut prefix = [0; LENGTH_PREFIX];
    match timeout(idle, read.read_exact(&mut prefix)).await {
        Err(_) => return Err(ConnectionError::Idle),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Ok(read) => read?,
    };
    let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(0);
    let length = if length > MAX_REQUEST_LENGTH { length } else { frame::request_length(prefix)? };
    let mut start = [0; HEADER];
    timeout(transfer, read.read_exact(&mut start)).await.map_err(|_| ConnectionError::Slow)??;
    let (header, _) = frame::decode_request(Bytes::copy_from_slice(&start))?;
    // Its key says what it may take.
    let with_rows = header.api_key == ApiKey::ProduceLog.code() || header.api_key == ApiKey::PutKv.code();
    let limit = if with_rows { frame_bytes } else { frame_bytes.min(MAX_PLAIN_REQUEST_LENGTH) };
    let limit = guest_limit.map_or(limit, |guest| limit.min(guest));
    let rest = length - HEADER;
    let patience = transfer + Duration::from_secs((length >> 20) as u64);
    if length > limit {
        let answer = dispatch::refuse(header.request_id, &too_long(header, length, limit));
        if length > MAX_REQUEST_LENGTH || guest_limit.is_some() {
            return Ok(Some(Incoming::Hopeless(answer, ConnectionError::TooLong { length })));
        }
        return pass_over(read, rest, patience, answer).await;
    }
    let memory = if with_rows { length } else { length * DECODED };
    let Some(share) = service.requests.take(memory, transfer).await else {
        let answer = dispatch::refuse(header.request_id, &Failure::busy());
        return pass_over(read, rest, patience, answer).await;
    };
    let share = Arc::new(share);
    let mut bytes = BytesMut::with_capacity(length.min(FIRST_RESERVE));
    bytes.put_slice(&start);
    let mut rest = read.take(rest as u64);
    let whole = async {
        while bytes.len() < length {
            if rest.read_buf(&mut bytes).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok(())
    };
    timeout(patience, whole).await.map_err(|_| ConnectionError::Slow)??;
    // Only rows outlive their request; the catalogue, which may keep a part of one, must not keep its share.
    let bytes = if with_rows { memory::hold(bytes, &share) } else { bytes.freeze() };
    let (header, body) = frame::decode_request(bytes)?;
    Ok(Some(Incoming::Request(header, body, share)))
}

/// Reads the rest of a request that is not carried out, so that the next one can be read.
async fn pass_over(
    read: &mut (impl AsyncRead + Unpin),
    rest: usize,
    patience: Duration,
    answer: Answer,
) -> Result<Option<Incoming>, ConnectionError> {
    let mut rest = read.take(rest as u64);
    timeout(patience, copy(&mut rest, &mut sink())).await.map_err(|_| ConnectionError::Slow)??;
    Ok(Some(Incoming::Refused(answer)))
}

/// A request is longer than allowed.
fn too_long(header: RequestHeader, length: usize, limit: usize) -> Failure {
    let name = ApiKey::from_code(header.api_key).map_or("an unknown call", ApiKey::name);
    let text = format!(
        "The request takes {length} bytes, more than the {limit} that this node takes of {name}: ask for less at once."
    );
    Failure::new(ServerErrorCode::RECORD_TOO_LARGE, text)
}

async fn write_answers(
    mut write: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Answer>,
    patience: Duration,
) -> Result<(), ConnectionError> {
    while let Some(answer) = waiting.recv().await {
        let patience = patience + Duration::from_secs((answer.frame.len() >> 20) as u64);
        timeout(patience, write_frame(&mut write, &answer.frame)).await.map_err(|_| ConnectionError::Slow)??;
    }
    // With TLS the peer is told that this is the end.
    let _ = timeout(LINGER, write.shutdown()).await;
    Ok(())
}

async fn write_frame(write: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let mut all: Vec<IoSlice<'_>> = frame.slices().map(IoSlice::new).collect();
    let mut rest = all.as_mut_slice();
    while !rest.is_empty() {
        match write.write_vectored(rest).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut rest, written),
        }
    }
    // With TLS some of it may still be held back.
    write.flush().await
}
