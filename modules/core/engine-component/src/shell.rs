//! The exported engines: types converted, nothing decided.

use std::cell::RefCell;

use bytes::Bytes;
use thalweg_bindings::batch_from_wit;
use thalweg_contract::{
    Bucket, BufferId, Buffers, Command, Error, HostOptions, Input, Operation, Request, ScanSpec, Settings,
    TableDescriptor, TablePath,
    wit::{FromWit, IntoWit, TryFromWit},
};
use thalweg_shell::Shell;

use crate::{
    Component,
    bindings::{buffers, catalog, engine as wit, settings},
};

/// The bytes that the host holds, asked for by the import.
struct Imported;

impl Buffers for Imported {
    fn read(&mut self, buffer: BufferId, offset: u32, length: u32) -> Bytes {
        Bytes::from(buffers::read(buffer, offset, length))
    }
}

/// One engine. A component has one thread, and no call of it comes in while another is under way.
pub(crate) struct Session(RefCell<Shell>);

impl Session {
    fn call<T>(&self, call: impl FnOnce(&mut Shell) -> T) -> T {
        call(&mut self.0.borrow_mut())
    }
}

impl wit::Guest for Component {
    type Engine = Session;

    fn default_settings(bootstrap: Vec<String>) -> settings::Settings {
        Settings::new(bootstrap).into_wit()
    }
}

impl wit::GuestEngine for Session {
    fn open(
        now: u64,
        settings: settings::Settings,
        options: wit::HostOptions,
        seed: u64,
    ) -> Result<wit::Engine, catalog::Error> {
        let engine = Shell::open(now, Settings::from_wit(settings), HostOptions::from_wit(options), seed);
        let engine = engine.map_err(Error::into_wit)?;
        Ok(wit::Engine::new(Self(RefCell::new(engine))))
    }

    fn log_in(&self, user: String, password: String) -> Result<(), catalog::Error> {
        self.call(|engine| engine.log_in(user, password)).into_wit()
    }

    fn open_table(&self, now: u64, path: catalog::TablePath) -> u64 {
        self.call(|engine| engine.open_table(now, TablePath::from_wit(path)))
    }

    fn submit(&self, now: u64, commands: Vec<wit::Command>) -> Vec<Result<u64, catalog::Error>> {
        let rows = commands.iter().map(|command| batch_from_wit(&command.rows)).collect::<Vec<_>>();
        let lent = commands.iter().zip(rows).map(|(command, rows)| Command {
            table: command.table,
            operation: Operation::from_wit(command.operation.clone()),
            rows,
        });
        let lent: Vec<Command<'_>> = lent.collect();
        self.call(|engine| engine.submit(now, &lent)).into_wit()
    }

    fn look_up_each(&self, now: u64, command: wit::Command) -> Result<u64, catalog::Error> {
        let rows = batch_from_wit(&command.rows);
        let command = Command { table: command.table, operation: Operation::from_wit(command.operation.clone()), rows };
        self.call(|engine| engine.look_up_each(now, &command)).into_wit()
    }

    fn flush(&self, now: u64) -> u64 {
        self.call(|engine| engine.flush(now))
    }

    fn scan(&self, now: u64, table: u32, spec: catalog::ScanSpec) -> Result<u64, catalog::Error> {
        self.call(|engine| engine.scan(now, table, ScanSpec::from_wit(spec))).into_wit()
    }

    fn limit_scan(&self, now: u64, table: u32, bucket: catalog::Bucket, limit: u32) -> Result<u64, catalog::Error> {
        self.call(|engine| engine.limit_scan(now, table, Bucket::from_wit(bucket), limit)).into_wit()
    }

    fn scan_current(&self, now: u64, table: u32, bucket: catalog::Bucket) -> Result<u64, catalog::Error> {
        self.call(|engine| engine.scan_current(now, table, Bucket::from_wit(bucket))).into_wit()
    }

    fn ask(&self, now: u64, request: catalog::Request) -> u64 {
        self.call(|engine| match Request::try_from_wit(request) {
            Ok(request) => engine.ask(now, request),
            Err(malformed) => engine.refuse(malformed.into()),
        })
    }

    fn add_columns(&self, now: u64, path: catalog::TablePath, columns: catalog::TableDescriptor) -> u64 {
        self.call(|engine| match TableDescriptor::try_from_wit(columns) {
            Ok(TableDescriptor { schema, .. }) => {
                let (path, columns) = (TablePath::from_wit(path), Box::new(schema));
                engine.ask(now, Request::AddColumns { path, columns })
            }
            Err(malformed) => engine.refuse(malformed.into()),
        })
    }

    fn cancel(&self, now: u64, ticket: u64) {
        self.call(|engine| engine.cancel(now, ticket));
    }

    fn close(&self, now: u64, deadline: u64) {
        self.call(|engine| engine.close(now, deadline));
    }

    fn step(&self, now: u64, inputs: Vec<wit::Input>) -> Vec<wit::Action> {
        let inputs = inputs.into_iter().map(Input::from_wit);
        self.call(|engine| engine.step(now, inputs, &mut Imported)).into_wit()
    }

    fn statistics(&self) -> wit::Counters {
        self.call(|engine| engine.statistics()).into_wit()
    }
}
