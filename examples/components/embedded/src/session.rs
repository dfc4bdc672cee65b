//! The driver: commands go in by `call`, turns are made until what comes of them is there by `event`. A thread for each
//! connection connects and reads, over blocking sockets. No wait is without end.

use std::{
    collections::{HashMap, VecDeque},
    io::{Error, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::{Duration, Instant, SystemTime},
};

use wasmtime::component::{Component, HasSelf, Linker, ResourceAny};
use wasmtime::{Config, Engine, Result, Store, StoreLimits, StoreLimitsBuilder, bail, ensure, error::Context};

use crate::bindings::engine::{Action, Event, GuestEngine, HostOptions, Input, Piece, RowForm, Workplace};
use crate::bindings::{Embedding, buffers};

/// The most memory that the component may take, in bytes, and how many seconds one call of it may take.
const MEMORY: usize = 1 << 30;
const CALL: u64 = 30;

/// What belongs to the instance.
pub(crate) struct State(StoreLimits);

impl buffers::Host for State {
    /// Never called: this host hands all bytes over as they come, and holds none.
    fn read(&mut self, _: u64, _: u32, _: u32) -> Vec<u8> {
        Vec::new()
    }
}

/// What a connection did.
enum Happened {
    Connected(TcpStream),
    Bytes(Vec<u8>),
    Ended(String),
}

/// One engine, and what it needs.
pub(crate) struct Session {
    pub(crate) store: Store<State>,
    pub(crate) component: Embedding,
    engine: ResourceAny,
    /// Microseconds since 1970 when the session began, and since when they are counted on.
    began: (u64, Instant),
    patience: Duration,
    /// Connections by the engine's numbers; `None` until they are made.
    sockets: HashMap<u32, Option<TcpStream>>,
    sender: SyncSender<(u32, Happened)>,
    happened: Receiver<(u32, Happened)>,
    /// What the engine is to be told in its next turn.
    inputs: Vec<Input>,
    /// What the engine told, and nobody waited for yet.
    events: VecDeque<Event>,
    wake_at: Option<u64>,
}

impl Session {
    /// Loads the component and opens an engine. What is asked of it takes no longer than `patience`, or fails.
    pub(crate) fn open(file: &Path, server: &str, patience: Duration) -> Result<Self> {
        let wasm = Engine::new(Config::new().epoch_interruption(true))?;
        let component = Component::from_file(&wasm, file).with_context(|| file.display().to_string())?;
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
        let mut store = Store::new(&wasm, State(limits));
        store.limiter(|state| &mut state.0);
        store.set_epoch_deadline(CALL);
        let ticking = wasm.weak();
        std::thread::spawn(move || {
            while let Some(wasm) = ticking.upgrade() {
                wasm.increment_epoch();
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let mut linker = Linker::new(&wasm);
        buffers::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        let component = Embedding::instantiate(&mut store, &component, &linker)?;

        let guest = component.thalweg_client_engine();
        let mut settings = guest.call_default_settings(&mut store, &[server.to_owned()])?;
        settings.connection.command_timeout = micros(patience);
        settings.write.delivery_timeout = micros(patience);
        // The engine compresses and checks by itself, and says of rows where their columns lie.
        let options = HostOptions { work: Workplace::Inside, rows: RowForm::Columns };
        let began = (micros(SystemTime::UNIX_EPOCH.elapsed()?), Instant::now());
        let seed = began.0 ^ u64::from(std::process::id()).rotate_left(32);
        let engine = guest.engine().call_open(&mut store, began.0, &settings, options, seed)??;
        // Longer than an answer, so that a server which waits for us to read never keeps us from writing.
        let (sender, happened) = sync_channel(1024);
        let (sockets, inputs, events, wake_at) = Default::default();
        Ok(Self { store, component, engine, began, patience, sockets, sender, happened, inputs, events, wake_at })
    }

    /// Calls a function of the engine, which is given the time as well.
    pub(crate) fn call<T>(
        &mut self,
        call: impl FnOnce(GuestEngine<'_>, &mut Store<State>, ResourceAny, u64) -> Result<T>,
    ) -> Result<T> {
        let now = self.now();
        self.store.set_epoch_deadline(CALL);
        call(self.component.thalweg_client_engine().engine(), &mut self.store, self.engine, now)
    }

    /// Lets a scan give so many more bytes.
    pub(crate) fn demand(&mut self, ticket: u64, bytes: u64) {
        self.inputs.push(Input::Demand((ticket, bytes)));
    }

    /// Waits for the next event of a command.
    pub(crate) fn event(&mut self, ticket: u64) -> Result<Event> {
        self.until(|event| match event {
            Event::Opened((of, _)) => *of == ticket,
            Event::Settled((of, _)) => *of == ticket,
            Event::Rows((of, _)) => *of == ticket,
            Event::Found((of, _)) => of.contains(&ticket),
            Event::Ended((of, _)) => *of == ticket,
            Event::Answered((of, _)) => *of == ticket,
            Event::Flushed(of) | Event::Snapshot((of, _)) => *of == ticket,
            Event::Writable | Event::Closed => false,
        })
    }

    /// Makes turns until the engine tells this. The first is made at once: a command may have been given before.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        // The engine gives up after its own patience, and says why; this is for one that does not.
        let deadline = Instant::now() + self.patience + Duration::from_secs(5);
        loop {
            self.turn()?;
            if let Some(event) = self.events.iter().position(&wanted).and_then(|at| self.events.remove(at)) {
                return Ok(event);
            }
            ensure!(Instant::now() < deadline, "no answer within {:?}", self.patience);
            self.wait(deadline);
        }
    }

    /// Sends what is waiting, and ends the session.
    pub(crate) fn close(mut self) -> Result<()> {
        let patience = micros(self.patience);
        self.call(|engine, store, this, now| engine.call_close(store, this, now, now + patience))?;
        self.until(|event| matches!(event, Event::Closed)).map(drop)
    }

    /// One turn: tells the engine what happened, and does what it asks for.
    fn turn(&mut self) -> Result<()> {
        let (inputs, now) = (std::mem::take(&mut self.inputs), self.now());
        self.wake_at = self.wake_at.filter(|at| *at > now);
        for action in self.call(|engine, store, this, _| engine.call_step(store, this, now, &inputs))? {
            match action {
                Action::Connect((number, address)) => {
                    self.sockets.insert(number, None);
                    let (timeout, sender) = (self.patience.min(Duration::from_secs(10)), self.sender.clone());
                    std::thread::spawn(move || {
                        let ended = serve(number, &address, timeout, &sender);
                        let reason = ended.map_or_else(|error| error.to_string(), |()| "it was closed".to_owned());
                        let _ = sender.send((number, Happened::Ended(format!("{address}: {reason}"))));
                    });
                }
                Action::Send((number, pieces)) => self.send(number, &pieces)?,
                Action::Close(number) => self.disconnect(number),
                Action::WakeAt(at) => self.wake_at = Some(at),
                Action::Event(event) => self.events.push_back(event),
                Action::Release(_) => {}
                Action::Work(_) => bail!("the engine asks for work that was left to it"),
            }
        }
        Ok(())
    }

    fn send(&mut self, number: u32, pieces: &[Piece]) -> Result<()> {
        let mut bytes = Vec::new();
        for piece in pieces {
            let Piece::Inline(piece) = piece else { bail!("the engine names bytes that nobody holds") };
            bytes.extend_from_slice(piece);
        }
        if let Some(Some(socket)) = self.sockets.get_mut(&number)
            && let Err(error) = socket.write_all(&bytes)
        {
            self.disconnect(number);
            self.inputs.push(Input::Disconnected((number, error.to_string())));
        }
        Ok(())
    }

    /// Waits until something happens on a connection, or the engine wants to be called.
    fn wait(&mut self, deadline: Instant) {
        let wake = self.wake_at.map_or(Duration::MAX, |at| Duration::from_micros(at.saturating_sub(self.now())));
        let wait =
            if self.inputs.is_empty() { deadline.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
        let first = self.happened.recv_timeout(wait.min(wake)).ok();
        for (number, happened) in first.into_iter().chain(self.happened.try_iter()).take(256) {
            match (self.sockets.get_mut(&number), happened) {
                (Some(socket), Happened::Connected(made)) => {
                    *socket = Some(made);
                    self.inputs.push(Input::Connected(number));
                }
                (Some(_), Happened::Bytes(bytes)) => self.inputs.push(Input::Bytes((number, bytes))),
                (Some(_), Happened::Ended(reason)) => {
                    self.sockets.remove(&number);
                    self.inputs.push(Input::Disconnected((number, reason)));
                }
                // The engine closed it while it was being made: so that its thread ends.
                (None, Happened::Connected(made)) => drop(made.shutdown(Shutdown::Both)),
                (None, _) => {}
            }
        }
    }

    /// Closes a connection, which ends its thread.
    fn disconnect(&mut self, number: u32) {
        if let Some(Some(socket)) = self.sockets.remove(&number) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Microseconds since 1970, which never fall.
    fn now(&self) -> u64 {
        self.began.0 + micros(self.began.1.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}

/// Connects to the first address of a `host:port` that answers, and reads until the connection ends.
fn serve(number: u32, address: &str, timeout: Duration, to: &SyncSender<(u32, Happened)>) -> Result<(), Error> {
    let mut made = Err(Error::new(ErrorKind::NotFound, "the name has no address"));
    for address in address.to_socket_addrs()? {
        made = TcpStream::connect_timeout(&address, timeout);
        if made.is_ok() {
            break;
        }
    }
    let mut socket = made?;
    socket.set_nodelay(true)?;
    // A server that no longer reads ends its connection, not the program.
    socket.set_write_timeout(Some(timeout))?;
    let tell = |happened| to.send((number, happened)).map_err(|_| Error::other("the session is gone"));
    tell(Happened::Connected(socket.try_clone()?))?;
    loop {
        let mut bytes = vec![0; 64 << 10];
        match socket.read(&mut bytes)? {
            0 => return Ok(()),
            length => bytes.truncate(length),
        }
        tell(Happened::Bytes(bytes))?;
    }
}
