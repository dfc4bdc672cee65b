//! The exported engine: one for each instance, as the WIT has no resource for it.

use std::cell::RefCell;

use bytes::Bytes;
use thalweg_bindings::batch_from_wit;
use thalweg_contract::{
    Bucket, Error, ErrorCode, Request, ScanSpec, Settings, TablePath, Ticket, WorkOutput,
    wit::{FromWit, IntoWit, TryFromWit},
};
use thalweg_engine::Engine;

use crate::{
    Component,
    bindings::{
        catalog,
        engine::{self as wit, Guest},
        types::Batch,
    },
};

thread_local! {
    /// The engine of this instance; a component has one thread.
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Calls the engine; `None` before `open`.
fn with<T>(call: impl FnOnce(&mut Engine) -> T) -> Option<T> {
    ENGINE.with_borrow_mut(|engine| engine.as_mut().map(call))
}

/// Calls the engine where the call can fail.
fn attempt(call: impl FnOnce(&mut Engine) -> Result<Ticket, Error>) -> Result<Ticket, catalog::Error> {
    with(call).unwrap_or_else(|| Err(not_open())).map_err(Error::into_wit)
}

fn not_open() -> Error {
    invalid("the engine is not open; call `open` first")
}

fn invalid(text: &str) -> Error {
    Error { code: ErrorCode::Invalid(text.to_owned()), retriable: false }
}

impl Guest for Component {
    fn default_settings(bootstrap: Vec<String>) -> wit::Settings {
        Settings::new(bootstrap).into_wit()
    }

    fn open(now: u64, settings: wit::Settings, seed: u64) -> Result<(), catalog::Error> {
        ENGINE.with_borrow_mut(|slot| {
            if slot.is_some() {
                return Err(invalid("the engine is open already; use another instance").into_wit());
            }
            *slot = Some(Engine::open(now, Settings::from_wit(settings), seed).map_err(Error::into_wit)?);
            Ok(())
        })
    }

    fn open_table(now: u64, path: catalog::TablePath) -> u64 {
        with(|engine| engine.open_table(now, TablePath::from_wit(path))).unwrap_or(0)
    }

    fn append(now: u64, table: u32, rows: Batch) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.append(now, table, &batch_from_wit(&rows)))
    }

    fn upsert(now: u64, table: u32, columns: Option<Vec<u32>>, rows: Batch) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.upsert(now, table, columns.as_deref(), &batch_from_wit(&rows)))
    }

    fn delete(now: u64, table: u32, keys: Batch) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.delete(now, table, &batch_from_wit(&keys)))
    }

    fn flush(now: u64) -> u64 {
        with(|engine| engine.flush(now)).unwrap_or(0)
    }

    fn scan(now: u64, table: u32, spec: catalog::ScanSpec) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.scan(now, table, ScanSpec::from_wit(spec)))
    }

    fn demand(now: u64, scan: u64, bytes: u64) {
        with(|engine| engine.demand(now, scan, bytes));
    }

    fn consumed(buffer: u64) {
        with(|engine| engine.consumed(buffer));
    }

    fn lookup(now: u64, table: u32, keys: Batch, insert: bool) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.lookup(now, table, &batch_from_wit(&keys), insert))
    }

    fn prefix_lookup(now: u64, table: u32, prefixes: Batch) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.prefix_lookup(now, table, &batch_from_wit(&prefixes)))
    }

    fn limit_scan(now: u64, table: u32, bucket: catalog::Bucket, limit: u32) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.limit_scan(now, table, Bucket::from_wit(bucket), limit))
    }

    fn scan_current(now: u64, table: u32, bucket: catalog::Bucket) -> Result<u64, catalog::Error> {
        attempt(|engine| engine.scan_current(now, table, Bucket::from_wit(bucket)))
    }

    fn ask(now: u64, request: catalog::Request) -> u64 {
        with(|engine| match Request::try_from_wit(request) {
            Ok(request) => engine.ask(now, request),
            Err(malformed) => engine.refuse(malformed.into()),
        })
        .unwrap_or(0)
    }

    fn cancel(now: u64, ticket: u64) {
        with(|engine| engine.cancel(now, ticket));
    }

    fn close(now: u64, deadline: u64) {
        with(|engine| engine.close(now, deadline));
    }

    fn connected(now: u64, connection: u32) {
        with(|engine| engine.connected(now, connection));
    }

    fn disconnected(now: u64, connection: u32, reason: String) {
        with(|engine| engine.disconnected(now, connection, &reason));
    }

    fn received(now: u64, connection: u32, buffer: u64, frame: Vec<u8>) {
        with(|engine| engine.received(now, connection, buffer, Bytes::from(frame)));
    }

    fn done(now: u64, work: u64, output: wit::WorkOutput) {
        with(|engine| engine.done(now, work, WorkOutput::from_wit(output)));
    }

    fn tick(now: u64) {
        with(|engine| engine.tick(now));
    }

    fn poll() -> Vec<wit::Action> {
        with(Engine::poll).unwrap_or_default().into_wit()
    }

    fn statistics() -> wit::Counters {
        with(|engine| engine.statistics()).unwrap_or_default().into_wit()
    }
}
