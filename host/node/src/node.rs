//! A running node: started, asked for its address, stopped.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalog::{Catalog, Table};
use crate::clock;
use crate::commit::Committer;
use crate::error::NodeError;
use crate::folder::DataFolder;
use crate::kv::{Keys, Scanners, SpaceId, space_of};
use crate::listener;
use crate::log::{LogSettings, Logs, PhysicalTable};
use crate::memory::Budget;
use crate::options::{Durability, NodeOptions};
use crate::service::Service;
use crate::sync::lock;

/// A running node. It stops when `shutdown` is called; when it is dropped, it stops without waiting for anything.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    listener: JoinHandle<()>,
    retention: JoinHandle<()>,
    service: Arc<Service>,
}

impl Node {
    /// Opens the data folder and begins to listen. When it returns, clients can connect.
    ///
    /// # Errors
    /// If the address or the data folder cannot be used; every error says what to do.
    pub async fn start(options: NodeOptions) -> Result<Self, NodeError> {
        let socket = listener::bind(&options.listen).await?;
        let address =
            socket.local_addr().map_err(|source| NodeError::Listen { address: options.listen.clone(), source })?;
        let (host, port) = advertised(&options, address)?;
        let opened = tokio::task::spawn_blocking(move || open(options, host, port)).await;
        let service = match opened {
            Ok(opened) => opened?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let service = Arc::new(service);
        let (stop, stopped) = watch::channel(false);
        let listener = tokio::spawn(listener::run(socket, Arc::clone(&service), stopped.clone()));
        let retention = tokio::spawn(retain(Arc::clone(&service), stopped));
        Ok(Self { address, stop, listener, retention, service })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: takes no more requests, writes what it has taken, and leaves the data folder so that the next start has
    /// nothing to mend.
    ///
    /// # Errors
    /// If something could not be flushed. What was acknowledged is on the disk even then, as far as the durability
    /// promises.
    pub async fn shutdown(self) -> Result<(), NodeError> {
        let _ = self.stop.send(true);
        let _ = self.listener.await;
        let _ = self.retention.await;
        let service = self.service;
        let closed = tokio::task::spawn_blocking(move || close(&service)).await;
        match closed {
            Ok(closed) => closed,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// Opens what is in the data folder.
fn open(options: NodeOptions, host: String, port: u16) -> Result<Service, NodeError> {
    let folder = DataFolder::open(&options.data)?;
    let catalog = Catalog::open(folder.catalog(), options.durability != Durability::Memory)?;
    let physical =
        |table: &Arc<Table>| table.physical().into_iter().map(|id| (id, table.buckets())).collect::<Vec<_>>();
    let tables: Vec<(PhysicalTable, u32)> = catalog.tables().iter().flat_map(physical).collect();
    folder.clean(&tables.iter().map(|(id, _)| *id).collect::<HashSet<_>>())?;
    let settings = LogSettings {
        durability: options.durability,
        segment_bytes: options.limits.segment_bytes,
        writers: options.limits.writers_per_bucket,
        writer_age: options.retention.writers,
        #[cfg(test)]
        room: Arc::new(u64::MAX.into()),
    };
    let logs = Logs::open(folder.tables(), settings, &tables)?;
    let live: HashSet<SpaceId> = logs.all().iter().map(|bucket| space_of(bucket.id())).collect();
    let keys = Keys::open(&folder.keys(), &live)?;
    recover_keys(&catalog, &logs, &keys)?;
    Ok(Service {
        folder: Mutex::new(Some(folder)),
        catalog,
        logs,
        keys,
        scanners: Scanners::default(),
        committer: Committer::start()?,
        requests: Arc::new(Budget::new(options.limits.request_memory)),
        answers: Arc::new(Budget::new(options.limits.answer_memory)),
        limits: options.limits,
        retention: options.retention,
        host,
        port,
    })
}

/// Brings the rows of all primary-key tables up to their logs.
fn recover_keys(catalog: &Catalog, logs: &Logs, keys: &Keys) -> Result<(), NodeError> {
    let state = catalog.state();
    for bucket in logs.all() {
        let table = state.table_of_id(bucket.id().table);
        if let Some(table) = table.filter(|table| !table.descriptor.schema.primary_key.is_empty()) {
            keys.recover(table, &bucket)?;
        }
    }
    Ok(())
}

fn close(service: &Service) -> Result<(), NodeError> {
    service.catalog.close();
    let closing: Vec<_> = service
        .logs
        .all()
        .into_iter()
        .map(|bucket| (bucket.folder().to_path_buf(), service.committer.close(bucket)))
        .collect();
    service.committer.stop();
    service.scanners.close_buckets(|_| true);
    let flushed = service.keys.close();
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

/// Has partitions follow the time, at once and then now and then, and logs forget what need not be kept.
async fn retain(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let interval = service.retention.interval.max(Duration::from_millis(10));
    let mut begun = false;
    loop {
        let service = Arc::clone(&service);
        let work = move || {
            service.follow_time(clock::now());
            if begun {
                service.retain();
            }
        };
        let _ = tokio::task::spawn_blocking(work).await;
        begun = true;
        let stopped = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => true,
            () = tokio::time::sleep(interval) => false,
        };
        if stopped {
            return;
        }
    }
}
