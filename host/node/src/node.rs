//! A running node: started, asked for its address, stopped.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use thalweg_tls::Acceptor;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::bucket::commit::Committer;
use crate::bucket::{Buckets, TableBuckets};
use crate::catalog::{Catalog, Table};
use crate::disk::folder::DataFolder;
use crate::error::NodeError;
use crate::handlers::service::{Service, buckets_of};
use crate::keys::Scanners;
use crate::listener;
use crate::log::LogSettings;
use crate::options::{Durability, NodeOptions};
use crate::runtime::clock;
use crate::runtime::lifecycle::{Lifecycle, Owner};
use crate::runtime::memory::Budget;
use crate::runtime::panics::panic_text;
use crate::runtime::sync::lock;
use crate::users::Gate;

/// How often the store of the keys is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Requests that read keys from the disk at once.
const KEY_READS: usize = 16;
/// How long a node that has failed gets to stop.
const STOP_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// A running node. It stops when `shutdown` is called; when it is dropped, it stops without waiting for anything.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    owner: Owner,
    tasks: Vec<JoinHandle<()>>,
    pub(crate) service: Arc<Service>,
}

impl Node {
    /// Opens the data folder and begins to listen. When it returns, clients can connect.
    ///
    /// # Errors
    /// If the address, the data folder or a certificate cannot be used; every error says what to do.
    pub async fn start(options: NodeOptions) -> Result<Self, NodeError> {
        let socket = listener::bind(&options.listen).await?;
        let address =
            socket.local_addr().map_err(|source| NodeError::Listen { address: options.listen.clone(), source })?;
        let (host, port) = advertised(&options, address)?;
        let tls = match options.tls.clone() {
            Some(tls) => Some(Arc::new(blocking(move || Ok(Acceptor::new(tls)?)).await?)),
            None => None,
        };
        let service = Arc::new(blocking(move || open(options, host, port)).await?);
        let lifecycle = &service.lifecycle;
        let vital = |what, task| tokio::spawn(Arc::clone(lifecycle).vital(what, task));
        let tasks = vec![
            vital("the listener", boxed(listener::run(socket, tls, Arc::clone(&service)))),
            vital("retention", boxed(retain(Arc::clone(&service)))),
            vital("the watch over the keys", boxed(watch(Arc::clone(&service)))),
        ];
        Ok(Self { address, owner: Owner(Arc::clone(lifecycle)), tasks, service })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the node has failed: a part of it has ended that it cannot do without, so that it takes no more
    /// requests. Call `shutdown` then. Never returns while all is well.
    pub async fn failed(&self) -> NodeError {
        NodeError::Broken { cause: self.service.lifecycle.failed().await.to_string() }
    }

    /// Stops: takes no more requests, writes what it has taken, and leaves the data folder so that the next start has
    /// nothing to mend.
    ///
    /// # Errors
    /// If the node has failed, or something could not be flushed. What was acknowledged is on the disk even then, as far
    /// as the durability promises.
    pub async fn shutdown(self) -> Result<(), NodeError> {
        let Self { owner, tasks, service, .. } = self;
        let lifecycle = Arc::clone(&service.lifecycle);
        drop(owner);
        for task in tasks {
            let _ = task.await;
        }
        let closed = blocking(move || close(&service));
        let broken = || lifecycle.cause().map(|cause| NodeError::Broken { cause: cause.to_string() });
        match broken() {
            None => closed.await.and_then(|()| broken().map_or(Ok(()), Err)),
            // What has broken down may never come to its end.
            Some(error) => {
                let _ = tokio::time::timeout(STOP_AFTER_FAILURE, closed).await;
                Err(error)
            }
        }
    }
}

fn boxed(task: impl Future<Output = ()> + Send + 'static) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(task)
}

/// Does work that waits for the disk; a panic is an error.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        let cause = match error.try_into_panic() {
            Ok(panic) => format!("it panicked ({})", panic_text(&*panic)),
            Err(error) => error.to_string(),
        };
        Err(NodeError::Broken { cause })
    })
}

/// Opens what is in the data folder.
fn open(options: NodeOptions, host: String, port: u16) -> Result<Service, NodeError> {
    let gate = options.users.as_ref().map(|path| {
        let gate = Gate::open(path, options.limits.guests);
        gate.map(Arc::new).map_err(|cause| NodeError::Users { path: path.clone(), cause })
    });
    let gate = gate.transpose()?;
    let folder = DataFolder::open(&options.data)?;
    let catalog = Catalog::open(folder.catalog(), options.durability != Durability::Memory)?;
    let physical =
        |table: &Arc<Table>| table.physical().into_iter().map(|id| buckets_of(table, id)).collect::<Vec<_>>();
    let tables: Vec<TableBuckets> = catalog.tables().iter().flat_map(physical).collect();
    folder.clean(&tables.iter().map(|table| table.id).collect())?;
    let settings = LogSettings {
        durability: options.durability,
        segment_bytes: options.limits.segment_bytes,
        writers: options.limits.writers_per_bucket,
        writer_age: options.retention.writers,
        #[cfg(test)]
        room: Arc::new(u64::MAX.into()),
    };
    let buckets = Buckets::open(folder.tables(), (&folder.keys(), options.memory), settings, &tables)?;
    let lifecycle = Lifecycle::begin();
    Ok(Service {
        folder: Mutex::new(Some(folder)),
        catalog: Arc::new(catalog),
        buckets,
        scanners: Scanners::default(),
        committer: Committer::start(&lifecycle, options.memory)?,
        lifecycle,
        requests: Arc::new(Budget::new(options.limits.request_memory)),
        answers: Arc::new(Budget::new(options.limits.answer_memory)),
        gate,
        key_reads: Arc::new(Semaphore::new(KEY_READS)),
        limits: options.limits,
        retention: options.retention,
        host,
        port,
    })
}

fn close(service: &Service) -> Result<(), NodeError> {
    service.catalog.close();
    let closing: Vec<_> = service
        .buckets
        .all()
        .into_iter()
        .map(|bucket| (bucket.log.folder().to_path_buf(), service.committer.close(bucket)))
        .collect();
    service.committer.stop();
    service.scanners.close_buckets(|_| true);
    let flushed = service.buckets.close_keys();
    let folder = lock(&service.folder).take();
    let mut result = match (flushed, &folder) {
        (Err(error), Some(folder)) => {
            Err(NodeError::Storage { path: folder.keys(), source: std::io::Error::other(error) })
        }
        _ => Ok(()),
    };
    drop(folder);
    for (folder, closed) in closing {
        if let Ok(Err(error)) = closed.blocking_recv() {
            result = Err(NodeError::Storage { path: folder, source: std::io::Error::other(error) });
        }
    }
    result
}

/// What clients are told: the address to advertise, or where the node listens.
fn advertised(options: &NodeOptions, address: SocketAddr) -> Result<(String, u16), NodeError> {
    let told = options.advertise.as_ref().unwrap_or(&options.listen);
    let bad = || NodeError::BadAddress { address: told.clone() };
    let (host, port) = told.rsplit_once(':').ok_or_else(bad)?;
    let port: u16 = port.parse().map_err(|_| bad())?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(bad());
    }
    // A client cannot connect to "every address of this machine"; one on this machine can connect to the loopback one.
    let host = match (&options.advertise, host) {
        (None, "0.0.0.0") => "127.0.0.1",
        (None, "::") => "::1",
        (_, host) => host,
    };
    Ok((host.to_owned(), if port == 0 { address.port() } else { port }))
}

/// Has partitions follow the time, at once and then now and then, and logs forget what need not be kept. A panic is over
/// with its round: the next one does what was left undone.
async fn retain(service: Arc<Service>) {
    let interval = service.retention.interval.max(Duration::from_millis(10));
    let mut begun = false;
    loop {
        service.lifecycle.fail_point("retention");
        let at_work = Arc::clone(&service);
        let work = move || {
            at_work.lifecycle.fail_point("retention round");
            at_work.follow_time(clock::now());
            if begun {
                at_work.retain();
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "a round of retention broke down");
        }
        begun = true;
        let stopped = tokio::select! {
            () = service.lifecycle.over() => true,
            () = tokio::time::sleep(interval) => false,
        };
        if stopped {
            return;
        }
    }
}

/// Looks after the threads of the store of the keys, which do not say when they end: without them writes wait for ever.
async fn watch(service: Arc<Service>) {
    loop {
        let stopped = tokio::select! {
            () = service.lifecycle.over() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        if stopped {
            return;
        }
        service.lifecycle.fail_point("watch");
        let at_work = Arc::clone(&service);
        match tokio::task::spawn_blocking(move || at_work.buckets.check_keys()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => service.lifecycle.fail(format!("the store of the keys cannot be used ({})", error.0)),
            Err(error) => service.lifecycle.fail(format!("the store of the keys cannot be used ({error})")),
        }
    }
}
