//! What is known of the cluster: servers, tables, leaders, and how it is kept fresh.
//!
//! ```text
//! server             servers and the choice of one
//! questions          what is asked of servers, and when
//! ask                when one thing is asked for
//! entry              what is known of one table, and who waits for it
//! learn              metadata answers
//! leader             who leads a bucket
//! existence          tables that the server may not have
//! partition          what is known of a table's partitions
//! partition_answers  answers about partitions
//! schemas            schemas that a table had before
//! ```

mod ask;
mod entry;
mod existence;
mod leader;
mod learn;
mod partition;
mod partition_answers;
mod questions;
mod schemas;
mod server;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use thalweg_wire::{message::PbTablePath, table::TablePath};

use self::{
    ask::Ask,
    entry::Entry,
    partition::{Partitions, Which},
    questions::Question,
    server::Servers,
};
pub(crate) use self::{leader::Leader, partition::Partition, schemas::Version, server::address};
use crate::{
    backoff::{Backoff, micros},
    call::{Target, fatal},
    connection::Connections,
};
use thalweg_contract::{ConnectionSettings, Error, ErrorCode, Instant, TableHandle, TableInfo, Ticket};

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
    /// No server that could be asked lets this client in: what waits for the cluster fails.
    ShutOut(Error),
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
    /// Something was asked for or learned since the last `tick`, so that `wake` may be wrong.
    changed: bool,
    /// When something is due: a turn that does not concern the cluster looks no further.
    wake: Option<Instant>,
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
            changed: true,
            wake: None,
        }
    }

    /// A table by its number.
    pub(crate) fn table(&self, handle: TableHandle) -> Result<&Table, Error> {
        let table = usize::try_from(handle).ok().and_then(|at| self.tables.get(at));
        let table = table.ok_or_else(|| fatal(ErrorCode::Invalid(format!("no table has the number {handle}"))))?;
        table.gone.clone().map_or(Ok(table), Err)
    }

    /// The numbers of all tables that were opened.
    pub(crate) fn handles(&self) -> impl Iterator<Item = TableHandle> + use<> {
        0..self.tables.len() as TableHandle
    }

    /// Asks for a table; `News::Opened` answers.
    pub(crate) fn open(&mut self, now: Instant, path: TablePath, ticket: Ticket) {
        self.changed = true;
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
        self.changed = true;
        for entry in self.entries.values_mut() {
            entry.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
    }

    /// What is known of a table's leaders is old; `News::Leaders` or `News::Gone` follows.
    pub(crate) fn refresh(&mut self, now: Instant, handle: TableHandle) {
        self.changed = true;
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
        self.changed = true;
        if let Some(entry) = self.entries.get_mut(path) {
            entry.ask.due = Some(now);
        }
    }

    /// The servers may have changed.
    pub(crate) fn refresh_servers(&mut self, now: Instant) {
        self.changed = true;
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
}

/// A path as messages have it.
pub(crate) fn wire_path(path: &TablePath) -> PbTablePath {
    PbTablePath { database_name: path.database.clone(), table_name: path.table.clone() }
}
