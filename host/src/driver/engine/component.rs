//! The engine as a component in wasmtime, in a store of its own.

use std::time::Duration;

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, Command, Counters, Error, HostOptions, Input, Instant, Request, RowForm, ScanSpec,
    Settings, TableHandle, TablePath, Ticket, Workplace,
    wit::{FromWit, IntoWit, Malformed, TryFromWit},
};
use wasmtime::{
    Store,
    component::{Component, HasSelf, Linker, ResourceAny},
};

use super::instance::{EngineInstance, Trap};
use crate::{
    runtime::{Limiter, Runtime},
    wit::{
        buffers,
        client::EngineComponent,
        engine::{self, GuestEngine},
        lend::{self, Asked},
        types,
    },
};

/// The most memory that an engine may take, in bytes. Its own limits (what is buffered, the longest frame) keep it far
/// below; this is what a fault in it can cost.
const MEMORY: usize = 2 << 30;

/// How long a call may take. It handles one event and takes microseconds; one that is still at it then never ends.
const DEADLINE: Duration = Duration::from_secs(30);

/// How much of a frame is handed over at once; the engine asks for what it needs of the rest.
const HEAD: usize = 16 << 10;

/// One instance of the engine component.
pub(crate) struct ComponentEngine {
    store: Store<State>,
    bindings: EngineComponent,
    engine: ResourceAny,
}

/// What belongs to an instance.
struct State {
    limiter: Limiter,
    /// The frames of the step under way that were not handed over whole.
    frames: Vec<(BufferId, Bytes)>,
}

impl buffers::Host for State {
    /// Some bytes of a frame; fewer, where they are not all there.
    fn read(&mut self, buffer: BufferId, offset: u32, length: u32) -> Vec<u8> {
        let frame = self.frames.iter().find(|(held, _)| *held == buffer).map(|(_, frame)| &frame[..]);
        let frame = frame.unwrap_or_default();
        let from = frame.len().min(offset as usize);
        let end = frame.len().min(from.saturating_add(length as usize));
        frame[from..end].to_vec()
    }
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
    /// Instantiates the component and opens its engine. `work` says who does the heavy work; this host can.
    pub(crate) fn open(
        runtime: &Runtime,
        component: &Component,
        work: Workplace,
        now: Instant,
        settings: &Settings,
        seed: u64,
    ) -> Result<Self, OpenError> {
        let wasmtime = runtime.engine();
        let state = State { limiter: Limiter::new(MEMORY), frames: Vec::new() };
        let mut store = Store::new(wasmtime, state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(Runtime::ticks(DEADLINE));
        let mut linker = Linker::new(wasmtime);
        buffers::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state).map_err(trap)?;
        let bindings = EngineComponent::instantiate(&mut store, component, &linker).map_err(trap)?;
        let guest = bindings.thalweg_client_engine().engine();
        let login = settings.connection.login.clone();
        let settings = settings.clone().into_wit();
        // This host reads Arrow messages.
        let options = HostOptions { work, rows: RowForm::Message }.into_wit();
        let opened = guest.call_open(&mut store, now, &settings, options, seed).map_err(trap)?;
        let engine = opened.map_err(|error| OpenError::Settings(Error::from_wit(error)))?;
        if let Some(login) = login {
            let taken = guest.call_log_in(&mut store, engine, login.user(), login.password()).map_err(trap)?;
            taken.map_err(|error| OpenError::Settings(Error::from_wit(error)))?;
        }
        Ok(Self { store, bindings, engine })
    }

    /// Calls the engine, with a new deadline.
    fn call<T>(
        &mut self,
        call: impl FnOnce(GuestEngine<'_>, &mut Store<State>, ResourceAny) -> wasmtime::Result<T>,
    ) -> Result<T, Trap> {
        self.store.set_epoch_deadline(Runtime::ticks(DEADLINE));
        call(self.bindings.thalweg_client_engine().engine(), &mut self.store, self.engine).map_err(trap)
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
        self.call(|guest, store, engine| guest.call_open_table(store, engine, now, &path.into_wit()))
    }

    fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Result<Vec<Result<Ticket, Error>>, Trap> {
        let columns: Vec<_> = commands.iter().map(|command| types::lend_columns(&command.rows)).collect();
        let lend = |(command, columns)| lend::command(command, columns);
        let lent: Vec<engine::Command<'_>> = commands.iter().zip(&columns).map(lend).collect();
        let taken = self.call(|guest, store, engine| guest.call_submit(store, engine, now, &lent))?;
        Ok(Vec::from_wit(taken))
    }

    fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Result<Ticket, Error>, Trap> {
        let columns = types::lend_columns(&command.rows);
        let lent = lend::command(command, &columns);
        let taken = self.call(|guest, store, engine| guest.call_look_up_each(store, engine, now, lent))?;
        Ok(taken.map_err(Error::from_wit))
    }

    fn flush(&mut self, now: Instant) -> Result<Ticket, Trap> {
        self.call(|guest, store, engine| guest.call_flush(store, engine, now))
    }

    fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        let started = lend::scan_spec(&spec, |spec| {
            self.call(|guest, store, engine| guest.call_scan(store, engine, now, table, spec))
        })?;
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
        let started =
            self.call(|guest, store, engine| guest.call_limit_scan(store, engine, now, table, bucket, limit))?;
        Ok(started.map_err(Error::from_wit))
    }

    fn scan_current(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
    ) -> Result<Result<Ticket, Error>, Trap> {
        let bucket = bucket.into_wit();
        let started = self.call(|guest, store, engine| guest.call_scan_current(store, engine, now, table, bucket))?;
        Ok(started.map_err(Error::from_wit))
    }

    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap> {
        lend::request(&request, |asked| {
            self.call(|guest, store, engine| match asked {
                Asked::Request(request) => guest.call_ask(store, engine, now, request),
                Asked::Columns(path, columns) => guest.call_add_columns(store, engine, now, path, columns),
                // The client refuses such a request before it comes here.
                Asked::Nowhere => Err(wasmtime::Error::msg("a request that the component cannot be asked")),
            })
        })
    }

    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap> {
        self.call(|guest, store, engine| guest.call_cancel(store, engine, now, ticket))
    }

    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap> {
        self.call(|guest, store, engine| guest.call_close(store, engine, now, deadline))
    }

    fn step(&mut self, now: Instant, inputs: Vec<Input>) -> Result<Vec<Action>, Trap> {
        let frames = inputs.iter().filter_map(|input| match input {
            Input::Received(frame) if frame.head.len() > HEAD => Some((frame.buffer, frame.head.clone())),
            _ => None,
        });
        self.store.data_mut().frames = frames.collect();
        let lent: Vec<engine::Input<'_>> = inputs.iter().map(|input| lend::input(input, HEAD)).collect();
        let actions = self.call(|guest, store, engine| guest.call_step(store, engine, now, &lent));
        self.store.data_mut().frames.clear();
        Ok(Vec::try_from_wit(actions?)?)
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        self.call(|guest, store, engine| guest.call_statistics(store, engine)).map(Counters::from_wit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens a table, and gives the addresses that the engine wants to be connected to.
    fn addresses(instance: &mut ComponentEngine) -> Vec<String> {
        let path = TablePath { database: "db".to_owned(), table: "t".to_owned() };
        assert_eq!(instance.open_table(2, path).unwrap(), 1, "every engine counts its own tickets");
        let actions = instance.step(2, Vec::new()).unwrap();
        let address = |action| if let Action::Connect { address, .. } = action { Some(address) } else { None };
        actions.into_iter().filter_map(address).collect()
    }

    #[test]
    fn an_instance_has_several_engines() {
        let runtime = Runtime::new(None).unwrap();
        let component = runtime.engine_component().unwrap();
        let settings = |port: u16| Settings::new(vec![format!("localhost:{port}")]);
        let mut instance = ComponentEngine::open(&runtime, &component, Workplace::Outside, 1, &settings(1), 1).unwrap();
        let guest = instance.bindings.thalweg_client_engine().engine();
        let (second, options) =
            (settings(2).into_wit(), HostOptions { work: Workplace::Inside, rows: RowForm::Columns });
        let opened = guest.call_open(&mut instance.store, 1, &second, options.into_wit(), 1).unwrap();
        let first = std::mem::replace(&mut instance.engine, opened.unwrap());
        assert_eq!(addresses(&mut instance), ["localhost:2"]);
        let second = std::mem::replace(&mut instance.engine, first);
        second.resource_drop(&mut instance.store).unwrap();
        assert_eq!(addresses(&mut instance), ["localhost:1"]);
    }

    #[test]
    fn what_is_not_held_is_not_read() {
        let frames = vec![(7, Bytes::from_static(b"0123456789"))];
        let mut state = State { limiter: Limiter::new(0), frames };
        let mut read = |buffer, offset, length| buffers::Host::read(&mut state, buffer, offset, length);
        assert_eq!(read(7, 2, 3), b"234");
        assert_eq!(read(7, 8, u32::MAX), b"89");
        assert_eq!((read(7, 11, 1), read(8, 0, 1)), (vec![], vec![]));
    }
}
