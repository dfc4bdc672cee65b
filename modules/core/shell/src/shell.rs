//! The engine with the options of its host: what those leave to it is done in the step that needs it.

use std::collections::HashMap;

use thalweg_contract::{
    Action, Bucket, Buffers, Command, ConnectionId, Counters, Error, HostOptions, Input, Instant, Login, Operation,
    Request, RowForm, ScanSpec, Settings, TableHandle, TablePath, Ticket, WholeFrames,
};
use thalweg_engine::Engine;

use crate::{frames::Cutter, held::Held, tables::Tables};

/// An engine that does itself what its host leaves to it (`HostOptions`): with `Workplace::Inside` no action asks for work,
/// every payload comes inline, and nothing is to be released or consumed; with `RowForm::Columns` rows come with the parts
/// of their columns.
///
/// Each call is that of `Engine` with the same name, and `wit/client/engine.wit` says it for components. What is held
/// inside is what the engine would have its host hold, within the same limits of settings.
#[derive(Debug)]
pub struct Shell {
    engine: Engine,
    pub(crate) options: HostOptions,
    pub(crate) held: Held,
    /// Of each connection that the host was told to make, what came and is not yet a frame.
    pub(crate) cutters: HashMap<ConnectionId, Cutter>,
    pub(crate) tables: Tables,
    /// Scans that ended in this step because their rows could not be given.
    pub(crate) ended: Vec<Ticket>,
    pub(crate) frame_limit: usize,
    /// The most that the columns of one batch may take, in bytes.
    pub(crate) batch_limit: usize,
}

/// What a shell holds beside its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Frames, and outputs of work.
    pub buffers: usize,
    /// What these take, with the beginnings of frames, in bytes.
    pub bytes: usize,
    /// Connections.
    pub connections: usize,
    /// Scans and lookups whose columns are noted.
    pub reading: usize,
}

impl Shell {
    /// Starts an engine. Fails as `Engine::open`.
    pub fn open(now: Instant, settings: Settings, options: HostOptions, seed: u64) -> Result<Self, Error> {
        let (frame_limit, batch_limit) = (settings.connection.frame_limit, settings.scan.batch_limit);
        let mut engine = Engine::open(now, settings, seed)?;
        if options.rows == RowForm::Message {
            engine.answer_together();
        }
        Ok(Self {
            frame_limit: frame_limit as usize,
            batch_limit: batch_limit as usize,
            engine,
            options,
            held: Held::default(),
            cutters: HashMap::new(),
            tables: Tables::default(),
            ended: Vec::new(),
        })
    }

    /// Logs in on every connection that is made from now on. Fails as `Login::new`.
    pub fn log_in(&mut self, user: String, password: String) -> Result<(), Error> {
        self.engine.log_in(Login::new(user, password)?);
        Ok(())
    }

    /// Asks for a table; answered by `Event::Opened`.
    pub fn open_table(&mut self, now: Instant, path: TablePath) -> Ticket {
        self.engine.open_table(now, path)
    }

    /// Takes commands in their order, and gives for each a ticket or why not; nothing of a refused one is taken.
    pub fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Vec<Result<Ticket, Error>> {
        let tickets = self.engine.submit(now, commands);
        for (command, ticket) in commands.iter().zip(&tickets) {
            if let (Operation::Lookup(_) | Operation::PrefixLookup, Ok(ticket)) = (&command.operation, ticket) {
                self.reads(*ticket, command.table, None);
            }
        }
        tickets
    }

    /// Takes keys of which each is a lookup of its own, and gives the ticket of the first; each further one has the next.
    pub fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Ticket, Error> {
        let first = self.engine.look_up_each(now, command)?;
        for ticket in (first..).take(command.rows.rows) {
            self.reads(ticket, command.table, None);
        }
        Ok(first)
    }

    /// Sends what is waiting without its linger; answered by `Event::Flushed`.
    pub fn flush(&mut self, now: Instant) -> Ticket {
        self.engine.flush(now)
    }

    /// Starts a scan of a log table, or of the changes of a keyed one.
    pub fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Ticket, Error> {
        let columns = spec.columns.clone();
        let ticket = self.engine.scan(now, table, spec)?;
        self.reads(ticket, table, columns.as_deref());
        Ok(ticket)
    }

    /// Reads some rows of a bucket.
    pub fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Ticket, Error> {
        let ticket = self.engine.limit_scan(now, table, bucket, limit)?;
        self.reads(ticket, table, None);
        Ok(ticket)
    }

    /// Reads the current rows of a bucket of a keyed table.
    pub fn scan_current(&mut self, now: Instant, table: TableHandle, bucket: Bucket) -> Result<Ticket, Error> {
        let ticket = self.engine.scan_current(now, table, bucket)?;
        self.reads(ticket, table, None);
        Ok(ticket)
    }

    /// Asks or changes the catalogue; answered by `Event::Answered`.
    pub fn ask(&mut self, now: Instant, request: Request) -> Ticket {
        self.engine.ask(now, request)
    }

    /// Answers a request that its caller could not even put: with a ticket like any other.
    pub fn refuse(&mut self, error: Error) -> Ticket {
        self.engine.refuse(error)
    }

    /// Gives a scan, a lookup, a request or an `open_table` up: no further event comes for it.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) {
        self.engine.cancel(now, ticket);
        self.tables.ended(ticket);
    }

    /// Takes nothing more, sends what is waiting, and fails at `deadline` what has no fate by then; answered by
    /// `Event::Closed`.
    pub fn close(&mut self, now: Instant, deadline: Instant) {
        self.engine.close(now, deadline);
    }

    /// Takes what happened, in its order, and gives what the host is to do.
    ///
    /// Of a frame that the host holds and that does not come whole, the rest is read by `buffers`. With
    /// `Workplace::Inside` that is done at once, and the host may drop it.
    pub fn step(
        &mut self,
        now: Instant,
        inputs: impl IntoIterator<Item = Input>,
        buffers: &mut impl Buffers,
    ) -> Vec<Action> {
        let mut left = Vec::new();
        let mut taken = Vec::new();
        for input in inputs {
            self.take(input, buffers, &mut left, &mut taken);
        }
        let mut actions = self.engine.step(now, taken, buffers);
        loop {
            let mut more = Vec::new();
            self.carry_out(actions, &mut left, &mut more);
            let ended = std::mem::take(&mut self.ended);
            ended.iter().for_each(|&ticket| self.engine.cancel(now, ticket));
            if more.is_empty() && ended.is_empty() {
                keep_last_wake(&mut left);
                return left;
            }
            actions = self.engine.step(now, more, &mut WholeFrames);
        }
    }

    /// Counters.
    pub fn statistics(&self) -> Counters {
        self.engine.statistics()
    }

    /// What is held inside now.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            buffers: self.held.count(),
            bytes: self.held.bytes() + self.cutters.values().map(Cutter::bytes).sum::<usize>(),
            connections: self.cutters.len(),
            reading: self.tables.reading(),
        }
    }

    fn reads(&mut self, ticket: Ticket, table: TableHandle, columns: Option<&[u32]>) {
        if self.options.rows == RowForm::Columns {
            self.tables.reads(ticket, table, columns);
        }
    }
}

/// Leaves out all but the last: each replaces the one before.
fn keep_last_wake(actions: &mut Vec<Action>) {
    let is_wake = |action: &Action| matches!(action, Action::WakeAt(_));
    let Some(last) = actions.iter().rposition(is_wake) else { return };
    let mut at = 0;
    actions.retain(|action| {
        at += 1;
        at > last || !is_wake(action)
    });
}
