//! One connection: reads requests one by one, starts them in order, and writes answers as they come.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use thalweg_wire::frame::{self, LENGTH_PREFIX};
use thalweg_wire::message::ApiKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::dispatch::{self, Answer, Started};
use crate::memory::{self, Share};
use crate::options::Limits;
use crate::service::Service;

/// Answers that wait for the socket before requests are no longer read.
const WAITING_ANSWERS: usize = 32;
/// Bytes read from the socket at once.
const READ_BUFFER: usize = 32 << 10;
/// The longest request without rows in it.
const MOST_WITHOUT_ROWS: usize = 4 << 20;
/// How many times its size a request without rows may take up once it is decoded: it is all small parts.
const DECODED: usize = 16;
/// What is set aside for a request before it has begun to arrive.
const FIRST_RESERVE: usize = 1 << 20;

/// Why a connection is broken off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// A length that no request has.
    #[error(transparent)]
    Frame(#[from] frame::FrameError),
    /// A request is longer than allowed.
    #[error("a request of {length} bytes is longer than the {limit} that this node takes")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing came for too long.
    #[error("it was idle for too long")]
    Idle,
    /// A request came, or an answer was taken, too slowly.
    #[error("its peer is too slow")]
    Slow,
    /// There was no memory for a request for too long.
    #[error("requests of other connections take up all the memory")]
    Memory,
}

/// Serves a connection until its peer closes it, breaks the rules, or the node stops.
pub(crate) async fn serve(
    stream: TcpStream,
    service: Arc<Service>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let (answers, waiting) = mpsc::channel(WAITING_ANSWERS);
    let patience = service.limits.transfer;
    let mut writer = tokio::spawn(write_answers(write, waiting, patience));
    let read = tokio::select! {
        _ = stop.wait_for(|stop| *stop) => Ok(()),
        read = read_requests(read, &service, answers) => read,
        // The peer takes no answers: there is no use in reading on.
        written = &mut writer => return written.unwrap_or(Ok(())),
    };
    // The requests that were started have ended or are dropped with their senders; what they answered goes out.
    let written = writer.await.unwrap_or(Ok(()));
    read.and(written)
}

async fn read_requests(
    read: OwnedReadHalf,
    service: &Arc<Service>,
    answers: mpsc::Sender<Answer>,
) -> Result<(), ConnectionError> {
    let mut read = BufReader::with_capacity(READ_BUFFER, read);
    let places = Arc::new(Semaphore::new(service.limits.requests_per_connection));
    let mut running = JoinSet::new();
    while let Some((request, share)) = read_request(&mut read, service).await? {
        while running.try_join_next().is_some() {}
        let (header, body) = frame::decode_request(request)?;
        match dispatch::start(service, header, body).await {
            Started::Done(answer) => {
                if answers.send(answer).await.is_err() {
                    return Ok(());
                }
            }
            Started::Running(answer) => {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
                let answers = answers.clone();
                running.spawn(async move {
                    let answer = answer.await;
                    let _ = answers.send(answer).await;
                    drop((share, place));
                });
            }
        }
    }
    // The peer has sent its last request and may still read: it gets the answers to those that run.
    while running.join_next().await.is_some() {}
    Ok(())
}

/// The next request and its share of the memory; `None` when the peer has closed.
async fn read_request(
    read: &mut BufReader<OwnedReadHalf>,
    service: &Service,
) -> Result<Option<(Bytes, Arc<Share>)>, ConnectionError> {
    let Limits { frame_bytes, idle, transfer, .. } = service.limits;
    let mut prefix = [0; LENGTH_PREFIX];
    match timeout(idle, read.read_exact(&mut prefix)).await {
        Err(_) => return Err(ConnectionError::Idle),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Ok(read) => read?,
    };
    let length = frame::request_length(prefix)?;
    // Its key, with which every request begins, says what it may take.
    let key = timeout(transfer, read.read_i16()).await.map_err(|_| ConnectionError::Slow)??;
    let with_rows = key == ApiKey::ProduceLog.code() || key == ApiKey::PutKv.code();
    let limit = if with_rows { frame_bytes } else { frame_bytes.min(MOST_WITHOUT_ROWS) };
    if length > limit {
        return Err(ConnectionError::TooLong { length, limit });
    }
    let memory = if with_rows { length } else { length * DECODED };
    let share = Arc::new(service.requests.take(memory, transfer).await.ok_or(ConnectionError::Memory)?);
    let patience = transfer + Duration::from_secs((length >> 20) as u64);
    let mut bytes = BytesMut::with_capacity(length.min(FIRST_RESERVE));
    bytes.put_i16(key);
    let mut rest = read.take((length - bytes.len()) as u64);
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
    Ok(Some((bytes, share)))
}

async fn write_answers(
    mut write: OwnedWriteHalf,
    mut waiting: mpsc::Receiver<Answer>,
    patience: Duration,
) -> Result<(), ConnectionError> {
    while let Some(answer) = waiting.recv().await {
        let patience = patience + Duration::from_secs((answer.frame.len() >> 20) as u64);
        timeout(patience, write.write_all(&answer.frame)).await.map_err(|_| ConnectionError::Slow)??;
    }
    Ok(())
}
