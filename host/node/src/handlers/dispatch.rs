//! From a request's key to who handles it, and from what that returns to an answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use thalweg_wire::frame::{FrameError, RequestHeader, encode_error_response, encode_response};
use thalweg_wire::message::{ApiKey, Request, ServerErrorCode, decode};

use super::MOST_NAMED;
use super::admin::{alter, cluster, database, handshake, metadata, partition, snapshots, stats, table};
use super::read::{fetch, lookup, offsets, scan_kv};
use super::write::{produce, put_kv};
use crate::failure::Failure;
use crate::handlers::frame::Frame;
use crate::handlers::service::Service;
use crate::runtime::memory::Share;

/// Rows of so many bytes are checked on the connection's own task: that takes less than handing them over.
const CHECKED_AT_ONCE: usize = 256 << 10;

/// An answer on its way to the socket.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The whole frame.
    pub(crate) frame: Frame,
    /// Its share of the memory, given back when it is sent.
    pub(crate) _share: Option<Share>,
}

/// How far a request has come when the next one of its connection may start.
pub(crate) enum Started {
    /// It is answered.
    Done(Answer),
    /// It has taken its place in every order that matters, and is answered later.
    Running(Pin<Box<dyn Future<Output = Answer> + Send>>),
}

/// Starts a request. Requests of one connection are started one after the other.
pub(crate) async fn start(service: &Arc<Service>, header: RequestHeader, body: Bytes) -> Started {
    let id = header.request_id;
    service.lifecycle.fail_point("start a request");
    let Some(key) = ApiKey::from_code(header.api_key) else {
        let text = format!("The API key {} is not known.", header.api_key);
        return Started::Done(refuse(id, &Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text)));
    };
    if let Some(started) = told(service, key, id, &body) {
        return started;
    }
    match key {
        // Changes of the catalogue wait for the disk; the connection's next request sees them.
        ApiKey::CreateDatabase => blocking(service, id, body, database::create).await,
        ApiKey::AlterDatabase => blocking(service, id, body, database::alter).await,
        ApiKey::DropDatabase => blocking(service, id, body, database::drop).await,
        ApiKey::CreateTable => blocking(service, id, body, table::create).await,
        ApiKey::DropTable => blocking(service, id, body, table::drop).await,
        ApiKey::CreatePartition => blocking(service, id, body, partition::create).await,
        ApiKey::DropPartition => blocking(service, id, body, partition::drop).await,
        ApiKey::AlterTable => blocking(service, id, body, alter::alter).await,
        ApiKey::InitWriter => blocking(service, id, body, produce::init_writer).await,
        ApiKey::ProduceLog | ApiKey::PutKv if parts_of(&body) > MOST_NAMED => {
            let text = format!("The request names more than {MOST_NAMED} buckets; send fewer at once.");
            Started::Done(refuse(id, &Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text)))
        }
        ApiKey::ProduceLog => writing(service, id, body, produce::produce).await,
        ApiKey::PutKv => writing(service, id, body, put_kv::put).await,
        ApiKey::Lookup => looking_up(service, id, body),
        ApiKey::PrefixLookup => running(id, body, |request| lookup::prefix(Arc::clone(service), request)),
        ApiKey::ScanKv => running(id, body, |request| scan_kv::scan(Arc::clone(service), request)),
        ApiKey::FetchLog => fetching(service, id, body),
        ApiKey::ListOffsets => later(service, id, body, offsets::list),
        ApiKey::LimitScan => running(id, body, |request| offsets::limit_scan(Arc::clone(service), request)),
        other => {
            let text = format!("This node does not serve {other}; a cluster of Apache Fluss does.");
            Started::Done(refuse(id, &Failure::new(ServerErrorCode::UNSUPPORTED_VERSION, text)))
        }
    }
}

/// Answers a request about what there is, which nothing has to be waited for; `None`: it is none.
fn told(service: &Service, key: ApiKey, id: i32, body: &Bytes) -> Option<Started> {
    let body = || body.clone();
    Some(match key {
        ApiKey::ApiVersions => now(service, id, body(), handshake::versions),
        ApiKey::Authenticate => now(service, id, body(), handshake::authenticate),
        ApiKey::GetFileSystemSecurityToken => now(service, id, body(), handshake::file_system_token),
        ApiKey::Metadata => now(service, id, body(), metadata::metadata),
        ApiKey::ListPartitionInfos => now(service, id, body(), partition::list),
        ApiKey::ListDatabases => now(service, id, body(), database::list),
        ApiKey::DatabaseExists => now(service, id, body(), database::exists),
        ApiKey::GetDatabaseInfo => now(service, id, body(), database::info),
        ApiKey::ListTables => now(service, id, body(), table::list),
        ApiKey::TableExists => now(service, id, body(), table::exists),
        ApiKey::GetTableInfo => now(service, id, body(), table::info),
        ApiKey::GetTableSchema => now(service, id, body(), table::schema),
        ApiKey::GetTableStats => now(service, id, body(), stats::table),
        ApiKey::DescribeClusterConfigs => now(service, id, body(), cluster::configs),
        ApiKey::AlterClusterConfigs => now(service, id, body(), cluster::alter_configs),
        ApiKey::GetClusterHealth => now(service, id, body(), cluster::health),
        ApiKey::Rebalance => now(service, id, body(), cluster::rebalance),
        ApiKey::ListRebalanceProgress => now(service, id, body(), cluster::rebalance_progress),
        ApiKey::CancelRebalance => now(service, id, body(), cluster::cancel_rebalance),
        ApiKey::GetLatestKvSnapshots => now(service, id, body(), snapshots::latest),
        ApiKey::ListKvSnapshots => now(service, id, body(), snapshots::list),
        ApiKey::GetKvSnapshotMetadata => now(service, id, body(), snapshots::metadata),
        ApiKey::AcquireKvSnapshotLease => now(service, id, body(), snapshots::acquire),
        ApiKey::ReleaseKvSnapshotLease => now(service, id, body(), snapshots::release),
        ApiKey::DropKvSnapshotLease => now(service, id, body(), snapshots::drop_lease),
        ApiKey::GetLakeSnapshot => now(service, id, body(), snapshots::lake),
        ApiKey::ListRemoteLogManifests => now(service, id, body(), snapshots::manifests),
        // Whoever may log in may do everything.
        ApiKey::ListAcls | ApiKey::CreateAcls | ApiKey::DropAcls => {
            let failure = Failure::new(ServerErrorCode::SECURITY_DISABLED, "No Authorizer is configured.");
            Started::Done(refuse(id, &failure))
        }
        _ => return None,
    })
}

/// How many fields a message has at its top level, as far as it can be read: many small ones would take up many times
/// their size once they are decoded.
fn parts_of(body: &Bytes) -> usize {
    let (mut rest, mut parts) = (body.as_ref(), 0);
    while let Ok((number, wire_type)) = decode_key(&mut rest) {
        if skip_field(wire_type, number, &mut rest, DecodeContext::default()).is_err() {
            break;
        }
        parts += 1;
    }
    parts
}

type Handler<R> = fn(&Service, R) -> Result<<R as Request>::Response, Failure>;

pub(super) fn read<R: Request>(body: Bytes) -> Result<R, Failure> {
    decode(body).map_err(|error| {
        Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, format!("The request cannot be decoded: {error}."))
    })
}

/// Answers at once, from memory.
fn now<R: Request>(service: &Service, id: i32, body: Bytes, handle: Handler<R>) -> Started {
    Started::Done(answer(id, read(body).and_then(|request| handle(service, request)), None))
}

/// Answers when the disk has answered, before the connection's next request starts.
async fn blocking<R>(service: &Arc<Service>, id: i32, body: Bytes, handle: Handler<R>) -> Started
where
    R: Request + Send + 'static,
    R::Response: Send + 'static,
{
    Started::Done(on_disk(Arc::clone(service), id, body, handle).await)
}

/// Answers when the disk has answered; nobody waits for it.
fn later<R>(service: &Arc<Service>, id: i32, body: Bytes, handle: Handler<R>) -> Started
where
    R: Request + Send + 'static,
    R::Response: Send + 'static,
{
    Started::Running(Box::pin(on_disk(Arc::clone(service), id, body, handle)))
}

async fn on_disk<R>(service: Arc<Service>, id: i32, body: Bytes, handle: Handler<R>) -> Answer
where
    R: Request + Send + 'static,
    R::Response: Send + 'static,
{
    let work = move || {
        service.lifecycle.fail_point("wait for the disk");
        read(body).and_then(|request| handle(&service, request))
    };
    let result = tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::broken()));
    answer(id, result, None)
}

/// Answers at once where all keys are in memory; otherwise lets the request wait for the disk.
fn looking_up(service: &Arc<Service>, id: i32, body: Bytes) -> Started {
    match read(body) {
        Ok(request) => match lookup::find_at_once(service, &request) {
            Some(found) => Started::Done(answer(id, Ok(found), None)),
            None => answer_later(id, Ok(lookup::lookup(Arc::clone(service), request))),
        },
        Err(failure) => Started::Done(refuse(id, &failure)),
    }
}

/// As `running`, for rows: a request with many of them is checked on another thread, before the connection's next request
/// starts.
async fn writing<R, F>(service: &Arc<Service>, id: i32, body: Bytes, begin: fn(&Service, R) -> F) -> Started
where
    R: Request + Send + 'static,
    R::Response: Send,
    F: Future<Output = Result<(R::Response, Option<Share>), Failure>> + Send + 'static,
{
    if body.len() <= CHECKED_AT_ONCE {
        return running(id, body, |request| begin(service, request));
    }
    let service = Arc::clone(service);
    let begun = tokio::task::spawn_blocking(move || read(body).map(|request| begin(&service, request)));
    answer_later(id, begun.await.unwrap_or_else(|_| Err(Failure::broken())))
}

/// Answers a fetch when there is enough; its rows are not copied into the answer.
fn fetching(service: &Arc<Service>, id: i32, body: Bytes) -> Started {
    match read(body) {
        Ok(request) => {
            let service = Arc::clone(service);
            Started::Running(Box::pin(async move {
                let fetched = fetch::fetch(service, request).await;
                let framed = fetched.map(|(response, share)| (fetch::frame(id, response), share));
                match framed {
                    Ok((Ok(frame), share)) => Answer { frame, _share: share },
                    Ok((Err(error), _)) => refuse(id, &not_encoded(&error)),
                    Err(failure) => refuse(id, &failure),
                }
            }))
        }
        Err(failure) => Started::Done(refuse(id, &failure)),
    }
}

fn not_encoded(error: &FrameError) -> Failure {
    Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, error.to_string())
}

/// Lets `begin` take the request's place, and answers with what comes of it.
fn running<R, F>(id: i32, body: Bytes, begin: impl FnOnce(R) -> F) -> Started
where
    R: Request,
    R::Response: Send,
    F: Future<Output = Result<(R::Response, Option<Share>), Failure>> + Send + 'static,
{
    answer_later(id, read(body).map(begin))
}

/// Answers with what comes of a request that has begun.
fn answer_later<R, F>(id: i32, begun: Result<F, Failure>) -> Started
where
    R: prost::Message,
    F: Future<Output = Result<(R, Option<Share>), Failure>> + Send + 'static,
{
    match begun {
        Ok(result) => Started::Running(Box::pin(async move {
            match result.await {
                Ok((response, share)) => answer(id, Ok(response), share),
                Err(failure) => refuse(id, &failure),
            }
        })),
        Err(failure) => Started::Done(refuse(id, &failure)),
    }
}

pub(super) fn answer(id: i32, result: Result<impl prost::Message, Failure>, share: Option<Share>) -> Answer {
    match result.map(|response| encode_response(id, &response)) {
        Ok(Ok(frame)) => Answer { frame: frame.into(), _share: share },
        Ok(Err(error)) => refuse(id, &not_encoded(&error)),
        Err(failure) => refuse(id, &failure),
    }
}

/// The answer to a request over which a part of the node panicked.
pub(crate) fn broken(header: RequestHeader, panic: &str) -> Answer {
    tracing::error!(api = header.api_key, panic, "a request broke down");
    refuse(header.request_id, &Failure::broken())
}

/// The answer to a request that is refused.
pub(crate) fn refuse(id: i32, failure: &Failure) -> Answer {
    // An error is a few hundred bytes, whatever its text is made of.
    let text: String = failure.text.chars().take(2000).collect();
    let frame = encode_error_response(id, failure.code.code(), &text).unwrap_or_default();
    Answer { frame: frame.into(), _share: None }
}
