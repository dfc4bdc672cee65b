//! What is known of the cluster: servers, tables, leaders, and how it is kept fresh.
//!
//! ```text
//! server    servers and the choice of one
//! ask       when something is asked for
//! entry     what is known of one table, and who waits for it
//! learn     metadata answers
//! leader    who leads a bucket
//! doubt     tables that the server may not have
//! partition what is known of a table's partitions
//! portion   answers about partitions
//! schemas   schemas that a table had before
//! ```

mod ask;
mod doubt;
mod entry;
mod leader;
mod learn;
mod partition;
mod portion;
mod schemas;
mod server;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use thalweg_wire::{
    message::{self, MetadataRequest, PbTablePath},
    table::TablePath,
};

use self::{
    ask::Ask,
    entry::Entry,
    partition::{Partitions, Which},
    server::Servers,
};
pub(crate) use self::{leader::Leader, partition::Partition, schemas::Version};
use crate::{
    backoff::{Backoff, micros},
    call::{Answered, Call, Key, Target, fatal, passing},
    chance::Chance,
    connection::Connections,
};
use thalweg_contract::{ConnectionSettings, Error, ErrorCode, Instant, TableHandle, TableInfo, Ticket};

/// The most tables that one request asks for: an answer has every bucket of each.
const TABLES_AT_ONCE: usize = 500;

/// A table that was opened; its number is its place.
#[derive(Debug)]
pub(crate) struct Table {
    /// As it was when it was opened.
    pub(crate) info: Arc<TableInfo>,
    /// The server that leads each bucket, as far as known.
    pub(crate) leaders: Vec<Option<i32>>,
    /// Why it is of no use any more.
    pub(crate) gone: Option<Error>,
    /// Its partitions, as far as known.
    partitions: Partitions,
}

/// What the stages are to be told.
#[allow(dead_code, reason = "scans and lookups look into the cluster themselves once there is any news")]
#[derive(Debug)]
pub(crate) enum News {
    /// A table was opened, or could not be.
    Opened(Ticket, Result<TableHandle, Error>),
    /// Leaders were asked for; they may have changed or not.
    Leaders(TableHandle),
    /// A table was dropped.
    Gone(TableHandle, Error),
    /// The partition of this name is known, perhaps under another number than before, or known to be missing.
    Partition(TableHandle, String),
    /// The partition of this number is known, or known to be missing.
    PartitionId(TableHandle, i64),
    /// The partitions of a table were listed.
    Partitions(TableHandle),
    /// A schema of a table is known, or known to be missing.
    Schema(TableHandle, i32),
}

/// What a call of this stage asks.
#[derive(Debug)]
enum Question {
    /// Metadata of these tables, and the servers.
    Metadata(Vec<TablePath>),
    /// Whether there is such a table.
    Existence(TablePath),
    /// Metadata of these partitions.
    Partitions(Vec<(TableHandle, Which)>),
    /// Which partitions a table has.
    List(TableHandle),
    /// The schema of a table with this number.
    Schema(TableHandle, i32),
}

/// What is known of the cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    settings: ConnectionSettings,
    servers: Servers,
    /// When the servers are to be asked for; `None`: no need.
    servers_due: Option<Instant>,
    backoff: Backoff,
    trouble: Option<Error>,
    tables: Vec<Table>,
    entries: BTreeMap<TablePath, Entry>,
    /// Partitions that are asked for, or were a moment ago.
    asks: BTreeMap<(TableHandle, Which), Ask>,
    /// Schemas that were asked for, by table and number.
    schemas: BTreeMap<(TableHandle, i32), schemas::Known>,
    questions: BTreeMap<u64, Question>,
    next: u64,
    news: Vec<News>,
}

impl Cluster {
    /// Nothing known but the addresses to begin with.
    pub(crate) fn new(now: Instant, settings: &ConnectionSettings) -> Self {
        Self {
            settings: settings.clone(),
            servers: Servers::new(&settings.bootstrap),
            servers_due: Some(now),
            backoff: Backoff::default(),
            trouble: None,
            tables: Vec::new(),
            entries: BTreeMap::new(),
            asks: BTreeMap::new(),
            schemas: BTreeMap::new(),
            questions: BTreeMap::new(),
            next: 0,
            news: Vec::new(),
        }
    }

    /// A table by its number.
    pub(crate) fn table(&self, handle: TableHandle) -> Result<&Table, Error> {
        let table = usize::try_from(handle).ok().and_then(|at| self.tables.get(at));
        let table = table.ok_or_else(|| fatal(ErrorCode::Invalid(format!("no table has the number {handle}"))))?;
        table.gone.clone().map_or(Ok(table), Err)
    }

    /// Asks for a table; `News::Opened` answers.
    pub(crate) fn open(&mut self, now: Instant, path: TablePath, ticket: Ticket) {
        let deadline = now.saturating_add(micros(self.settings.command_timeout));
        let entry = self.entries.entry(path).or_default();
        match entry.table {
            Some(handle) if entry.ask.is_fresh(now) => {
                self.news.push(News::Opened(ticket, Ok(handle)));
            }
            _ => {
                entry.waiting.push((ticket, deadline));
                entry.ask.want(now);
            }
        }
    }

    /// No further news for this ticket.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        for entry in self.entries.values_mut() {
            entry.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
    }

    /// What is known of a table's leaders is old; `News::Leaders` or `News::Gone` follows.
    pub(crate) fn refresh(&mut self, now: Instant, handle: TableHandle) {
        let Ok(table) = self.table(handle) else {
            if let Some(error) = self.tables.get(handle as usize).and_then(|table| table.gone.clone()) {
                self.news.push(News::Gone(handle, error));
            }
            return;
        };
        let path = table.info.path.clone();
        self.entries.entry(path).or_default().ask.want(now);
    }

    /// This engine made, changed or dropped the table of this name: whoever opens it next gets what is there then.
    pub(crate) fn changed(&mut self, now: Instant, path: &TablePath) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.ask.due = Some(now);
        }
    }

    /// The servers may have changed.
    pub(crate) fn refresh_servers(&mut self, now: Instant) {
        let due = now.max(self.backoff.not_before());
        self.servers_due = Some(self.servers_due.map_or(due, |before| before.min(due)));
    }

    /// Whether the cluster is known to have no server at this address (any more).
    pub(crate) fn lacks(&self, address: &str) -> bool {
        self.servers.are_known() && !self.servers.has_address(address)
    }

    /// Where a call goes; `None`: that server is not known.
    pub(crate) fn address<'a>(&'a self, target: Target, connections: &Connections) -> Option<&'a str> {
        self.servers.address(target, connections)
    }

    /// The last failure to learn anything.
    pub(crate) fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// What the stages are to be told.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Time has passed: asks what is due and gives up what is late.
    pub(crate) fn tick(&mut self, now: Instant, calls: &mut Vec<Call>) {
        self.expire(now);
        self.ask_partitions(now, calls);
        self.ask_schemas(now, calls);
        let due: Vec<TablePath> =
            self.entries.iter().filter(|(_, entry)| entry.ask.is_due(now)).map(|(path, _)| path.clone()).collect();
        let servers = self.servers_due.is_some_and(|due| due <= now);
        if due.is_empty() && !servers {
            return;
        }
        for path in &due {
            if let Some(entry) = self.entries.get_mut(path) {
                entry.ask.asked();
            }
        }
        self.servers_due = None;
        // Whatever is asked, an answer has the servers.
        let some = due.chunks(TABLES_AT_ONCE).map(<[_]>::to_vec);
        let some: Vec<Vec<TablePath>> = if due.is_empty() { vec![due] } else { some.collect() };
        for due in some {
            let table_path = due.iter().map(wire_path).collect();
            let request = MetadataRequest { table_path, ..Default::default() };
            calls.push(self.question(Question::Metadata(due), request));
        }
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let partitions = self.asks.values().filter_map(Ask::next_wake);
        let schemas = self.schemas.values().filter_map(schemas::Known::next_wake);
        self.entries
            .values()
            .filter_map(Entry::next_wake)
            .chain(partitions)
            .chain(schemas)
            .chain(self.servers_due)
            .min()
    }

    /// A call of this stage ended; fails if the answer makes no sense.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        answer: Answered,
        chance: &mut Chance,
        calls: &mut Vec<Call>,
    ) -> Result<(), String> {
        match self.questions.remove(&key) {
            Some(Question::Metadata(paths)) => self.metadata(now, paths, answer, chance, calls),
            Some(Question::Existence(path)) => self.existence(now, path, answer, chance),
            Some(Question::Partitions(asked)) => self.portions(now, asked, answer, chance, calls),
            Some(Question::List(handle)) => self.listed(now, handle, answer, chance),
            Some(Question::Schema(handle, id)) => self.schema_given(now, (handle, id), answer, chance),
            None => Ok(()),
        }
    }

    fn question<R: message::Request + Send + 'static>(&mut self, question: Question, request: R) -> Call {
        Call::new(Key::Cluster(self.number(question)), Target::Any, request)
    }

    fn number(&mut self, question: Question) -> u64 {
        let key = self.next;
        self.next += 1;
        self.questions.insert(key, question);
        key
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.settings.command_timeout;
        for (path, entry) in &mut self.entries {
            let trouble = entry.ask.trouble.as_ref().or(self.trouble.as_ref());
            let news = &mut self.news;
            entry.waiting.retain(|(ticket, deadline)| {
                let alive = *deadline > now;
                if !alive {
                    let error = trouble.cloned().unwrap_or_else(|| {
                        let what = format!("{}.{} could not be opened", path.database, path.table);
                        passing(ErrorCode::TimedOut(format!("{what} within {} s", timeout.as_secs_f64())))
                    });
                    news.push(News::Opened(*ticket, Err(error)));
                }
                alive
            });
        }
        self.entries.retain(|_, entry| entry.is_of_use());
    }
}

/// A path as messages have it.
pub(crate) fn wire_path(path: &TablePath) -> PbTablePath {
    PbTablePath { database_name: path.database.clone(), table_name: path.table.clone() }
}
