//! A session: an engine that does its work inside, and the task that gives it sockets and time.
//!
//! Commands are handed to the engine by whoever calls, so that a wrong one fails at once; what they bring about is carried
//! out by the session's own task, which lives as long as the component task that started it.
//!
//! ```text
//! task     the loop: what happened in, actions out
//! socket   one connection
//! clock    time
//! waiters  who waits for what the engine tells
//! turns    the order of those who wait for room
//! bell     wakes a waiting task
//! ```

pub(crate) mod bell;
mod clock;
mod socket;
mod task;
pub(crate) mod turns;
pub(crate) mod waiters;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use futures::channel::oneshot::{self, Receiver};
use thalweg_contract::{
    Answer, Bucket, Command, ConnectionId, Error, ErrorCode, Found, HostOptions, Input, Request, RowForm, ScanSpec,
    Settings, TableHandle, TableInfo, Ticket, Workplace,
};
use thalweg_shell::Shell;
use thalweg_wire::table::TablePath;

use self::{
    bell::Bell,
    clock::Clock,
    socket::Link,
    turns::Turns,
    waiters::{Fates, Scan, Waiter, Waiters},
};

/// What the calls, the task and the connections of a session share.
pub(crate) struct Shared {
    engine: RefCell<Shell>,
    clock: Clock,
    /// What happened and the engine was not told yet.
    inputs: RefCell<Vec<Input>>,
    waiters: RefCell<Waiters>,
    links: RefCell<HashMap<ConnectionId, Rc<Link>>>,
    /// Connections to be made.
    wanted: RefCell<Vec<(ConnectionId, String, Rc<Link>)>>,
    /// When the engine wants to be called.
    wake_at: Cell<Option<u64>>,
    /// Calls the task.
    bell: Bell,
    turns: Turns,
    /// There is room in the write buffer again.
    writable: Bell,
    over: Cell<bool>,
}

impl Shared {
    /// Starts an engine and its task, in the component task that calls.
    pub(crate) fn start(settings: Settings) -> Result<Rc<Shared>, Error> {
        let clock = Clock::start();
        let seed = wasip3::random::random::get_random_u64();
        let options = HostOptions { work: Workplace::Inside, rows: RowForm::Columns };
        let engine = Shell::open(clock.now(), settings, options, seed)?;
        let shared = Rc::new(Shared {
            engine: RefCell::new(engine),
            clock,
            inputs: RefCell::default(),
            waiters: RefCell::default(),
            links: RefCell::default(),
            wanted: RefCell::default(),
            wake_at: Cell::new(None),
            bell: Bell::default(),
            turns: Turns::default(),
            writable: Bell::default(),
            over: Cell::new(false),
        });
        wit_bindgen::spawn_local(task::run(Rc::clone(&shared)));
        Ok(shared)
    }

    /// Ends the task and every connection.
    pub(crate) fn end(&self) {
        self.over.set(true);
        self.waiters.borrow_mut().clear();
        self.writable.ring();
        self.bell.ring();
    }

    /// Takes note of what happened; the engine is told by the task.
    fn happened(&self, input: Input) {
        self.inputs.borrow_mut().push(input);
        self.bell.ring();
    }

    /// Gives the engine a command, and lets the task carry out what it brings about.
    fn command<T>(&self, command: impl FnOnce(&mut Shell, u64) -> T) -> T {
        let result = command(&mut self.engine.borrow_mut(), self.clock.now());
        self.bell.ring();
        result
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.over.get() { Err(closed()) } else { Ok(()) }
    }

    fn wait<T>(&self, ticket: Ticket, waiter: impl FnOnce(oneshot::Sender<T>) -> Waiter) -> Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().add(ticket, waiter(sender));
        receiver
    }

    pub(crate) fn log_in(&self, user: String, password: String) -> Result<(), Error> {
        self.check_open()?;
        self.command(|engine, _| engine.log_in(user, password))
    }

    pub(crate) async fn open_table(&self, path: TablePath) -> Result<(TableHandle, Box<TableInfo>), Error> {
        self.check_open()?;
        let ticket = self.command(|engine, now| engine.open_table(now, path));
        self.wait(ticket, Waiter::Opened).await.map_err(|_| closed())?
    }

    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, Error> {
        self.check_open()?;
        let ticket = self.command(|engine, now| engine.ask(now, request));
        self.wait(ticket, Waiter::Answered).await.map_err(|_| closed())?
    }

    pub(crate) async fn flush(&self) -> Result<(), Error> {
        self.check_open()?;
        let ticket = self.command(|engine, now| engine.flush(now));
        self.wait(ticket, Waiter::Flushed).await.map_err(|_| closed())
    }

    /// Takes nothing more, and waits at most so many microseconds for the fates of what was taken.
    pub(crate) async fn close(&self, timeout: u64) -> Result<(), Error> {
        self.check_open()?;
        let (sender, closed) = oneshot::channel();
        self.waiters.borrow_mut().closed.push(sender);
        self.command(|engine, now| engine.close(now, now.saturating_add(timeout)));
        // Without an answer the session was dropped.
        let _ = closed.await;
        self.end();
        Ok(())
    }

    /// Writes rows, once the write buffer has room for them, and waits for their fates.
    pub(crate) async fn write(&self, command: Command<'_>) -> Result<Fates, Error> {
        let rows = command.rows.rows as u64;
        let ticket = self.admit(command).await?;
        let done = self.wait(ticket, |done| Waiter::Written { left: rows, fates: Vec::new(), done });
        done.await.map_err(|_| closed())
    }

    async fn admit(&self, command: Command<'_>) -> Result<Ticket, Error> {
        let _turn = self.turns.take().await;
        loop {
            self.check_open()?;
            match self.command(|engine, now| one(engine.submit(now, std::slice::from_ref(&command)))) {
                Err(Error { code: ErrorCode::Full { .. }, .. }) => self.writable.heard().await,
                result => return result,
            }
        }
    }

    pub(crate) async fn lookup(&self, command: Command<'_>) -> Result<Found, Error> {
        self.check_open()?;
        let ticket = self.command(|engine, now| one(engine.submit(now, &[command])))?;
        self.wait(ticket, Waiter::Found).await.map_err(|_| closed())?
    }

    pub(crate) fn scan(&self, table: TableHandle, spec: ScanSpec) -> Result<(Ticket, Rc<Scan>), Error> {
        self.begin_scan(|engine, now| engine.scan(now, table, spec))
    }

    pub(crate) fn limit_scan(
        &self,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<(Ticket, Rc<Scan>), Error> {
        self.begin_scan(|engine, now| engine.limit_scan(now, table, bucket, limit))
    }

    pub(crate) fn scan_current(&self, table: TableHandle, bucket: Bucket) -> Result<(Ticket, Rc<Scan>), Error> {
        self.begin_scan(|engine, now| engine.scan_current(now, table, bucket))
    }

    fn begin_scan(
        &self,
        begin: impl FnOnce(&mut Shell, u64) -> Result<Ticket, Error>,
    ) -> Result<(Ticket, Rc<Scan>), Error> {
        self.check_open()?;
        let ticket = self.command(begin)?;
        let scan = Rc::<Scan>::default();
        self.waiters.borrow_mut().add(ticket, Waiter::Scan(Rc::clone(&scan)));
        Ok((ticket, scan))
    }

    /// Lets a scan give so many more bytes.
    pub(crate) fn demand(&self, ticket: Ticket, bytes: u64) {
        self.happened(Input::Demand { ticket, bytes });
    }

    /// Ends a scan.
    pub(crate) fn cancel(&self, ticket: Ticket) {
        self.waiters.borrow_mut().remove(ticket);
        if !self.over.get() {
            self.command(|engine, now| engine.cancel(now, ticket));
        }
    }
}

/// The answer to the one command.
fn one(answers: Vec<Result<Ticket, Error>>) -> Result<Ticket, Error> {
    answers.into_iter().next().unwrap_or_else(|| Err(closed()))
}

fn closed() -> Error {
    Error { code: ErrorCode::Closed, retriable: false }
}
