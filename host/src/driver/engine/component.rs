//! The engine as a component in wasmtime, in a store of its own.

use std::time::Duration;

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, Instant, Request, ScanSpec, Settings, TableHandle,
    TablePath, Ticket, WorkId, WorkOutput,
    wit::{FromWit, IntoWit, Malformed, TryFromWit},
};
use thalweg_wire::column::Batch;
use wasmtime::{
    Store,
    component::{Component, Linker},
};

use super::instance::{EngineInstance, Trap};
use crate::{
    runtime::{Limiter, Runtime},
    wit::{catalog, client::EngineComponent, engine, lend, types},
};

/// The most memory that an engine may take, in bytes. Its own limits (what is buffered, the longest frame) keep it far
/// below; this is what a fault in it can cost.
const MEMORY: usize = 2 << 30;

/// How long a call may take. It handles one event and takes microseconds; one that is still at it then never ends.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a call gives that the engine may refuse.
type Refusable = Result<Ticket, catalog::Error>;

/// One instance of the engine component.
pub(crate) struct ComponentEngine {
    store: Store<Limiter>,
    bindings: EngineComponent,
}

/// Why a component could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// A setting is out of its range.
    #[error(transparent)]
    Settings(Error),
    /// It broke, or is not the component that this host drives.
    #[error(transparent)]
    Trap(#[from] Trap),
}

impl ComponentEngine {
    /// Instantiates the component and opens its engine.
    pub(crate) fn open(
        runtime: &Runtime,
        component: &Component,
        now: Instant,
        settings: &Settings,
        seed: u64,
    ) -> Result<Self, OpenError> {
        let wasmtime = runtime.engine();
        let mut store = Store::new(wasmtime, Limiter::new(MEMORY));
        store.limiter(|limiter| limiter);
        store.set_epoch_deadline(Runtime::ticks(DEADLINE));
        let linker = Linker::new(wasmtime);
        let bindings = EngineComponent::instantiate(&mut store, component, &linker).map_err(trap)?;
        let guest = bindings.thalweg_client_engine();
        let opened = guest.call_open(&mut store, now, &settings.clone().into_wit(), seed).map_err(trap)?;
        opened.map_err(|error| OpenError::Settings(Error::from_wit(error)))?;
        Ok(Self { store, bindings })
    }

    /// Calls the engine, with a new deadline.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&engine::Guest, &mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, Trap> {
        self.store.set_epoch_deadline(Runtime::ticks(DEADLINE));
        call(self.bindings.thalweg_client_engine(), &mut self.store).map_err(trap)
    }

    /// Calls the engine with rows, where it can refuse them.
    fn attempt(
        &mut self,
        rows: &Batch<'_>,
        call: impl FnOnce(&engine::Guest, &mut Store<Limiter>, types::Batch<'_>) -> wasmtime::Result<Refusable>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        let columns = types::lend_columns(rows);
        let batch = types::Batch { rows: rows.rows as u32, columns: &columns };
        let taken = self.call(|guest, store| call(guest, store, batch))?;
        Ok(taken.map_err(Error::from_wit))
    }
}

/// The engine said what means nothing.
impl From<Malformed> for Trap {
    fn from(malformed: Malformed) -> Self {
        Trap(format!("the engine gives what cannot be read: {malformed}"))
    }
}

/// The cause without its backtrace, which is of addresses in the component.
fn trap(error: wasmtime::Error) -> Trap {
    Trap(error.root_cause().to_string())
}

impl EngineInstance for ComponentEngine {
    fn open_table(&mut self, now: Instant, path: TablePath) -> Result<Ticket, Trap> {
        self.call(|guest, store| guest.call_open_table(store, now, &path.into_wit()))
    }

    fn append(&mut self, now: Instant, table: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.attempt(rows, |guest, store, rows| guest.call_append(store, now, table, rows))
    }

    fn upsert(
        &mut self,
        now: Instant,
        table: TableHandle,
        columns: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.attempt(rows, |guest, store, rows| guest.call_upsert(store, now, table, columns, rows))
    }

    fn delete(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.attempt(keys, |guest, store, keys| guest.call_delete(store, now, table, keys))
    }

    fn flush(&mut self, now: Instant) -> Result<Ticket, Trap> {
        self.call(|guest, store| guest.call_flush(store, now))
    }

    fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        let started =
            lend::scan_spec(&spec, |spec| self.call(|guest, store| guest.call_scan(store, now, table, spec)))?;
        Ok(started.map_err(Error::from_wit))
    }

    fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Result<Ticket, Error>, Trap> {
        let bucket = bucket.into_wit();
        let started = self.call(|guest, store| guest.call_limit_scan(store, now, table, bucket, limit))?;
        Ok(started.map_err(Error::from_wit))
    }

    fn scan_current(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
    ) -> Result<Result<Ticket, Error>, Trap> {
        let bucket = bucket.into_wit();
        let started = self.call(|guest, store| guest.call_scan_current(store, now, table, bucket))?;
        Ok(started.map_err(Error::from_wit))
    }

    fn lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.attempt(keys, |guest, store, keys| guest.call_lookup(store, now, table, keys, insert))
    }

    fn prefix_lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        prefixes: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.attempt(prefixes, |guest, store, prefixes| guest.call_prefix_lookup(store, now, table, prefixes))
    }

    fn demand(&mut self, now: Instant, scan: Ticket, bytes: u64) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_demand(store, now, scan, bytes))
    }

    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_consumed(store, buffer))
    }

    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap> {
        lend::request(&request, |request| self.call(|guest, store| guest.call_ask(store, now, request)))
    }

    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_cancel(store, now, ticket))
    }

    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_close(store, now, deadline))
    }

    fn connected(&mut self, now: Instant, connection: ConnectionId) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_connected(store, now, connection))
    }

    fn disconnected(&mut self, now: Instant, connection: ConnectionId, reason: &str) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_disconnected(store, now, connection, reason))
    }

    fn received(&mut self, now: Instant, connection: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_received(store, now, connection, buffer, &frame))
    }

    fn done(&mut self, now: Instant, work: WorkId, output: WorkOutput) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_done(store, now, work, lend::work_output(&output)))
    }

    fn tick(&mut self, now: Instant) -> Result<(), Trap> {
        self.call(|guest, store| guest.call_tick(store, now))
    }

    fn poll(&mut self) -> Result<Vec<Action>, Trap> {
        let actions = self.call(|guest, store| guest.call_poll(store))?;
        Ok(Vec::try_from_wit(actions)?)
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        self.call(|guest, store| guest.call_statistics(store)).map(Counters::from_wit)
    }
}
