//! What is asked of servers, when it is due, and whose an answer is.

use thalweg_wire::{
    message::{self, MetadataRequest},
    table::TablePath,
};

use super::{Cluster, News, ask::Ask, entry::Entry, partition::Which, schemas, wire_path};
use crate::{
    call::{Answered, Call, Failure, Key, Target, passing},
    chance::Chance,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

/// The most tables that one request asks for: an answer has every bucket of each.
const TABLES_AT_ONCE: usize = 500;

/// What a call of this stage asks.
#[derive(Debug)]
pub(super) enum Question {
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

impl Cluster {
    /// Time has passed: asks what is due and gives up what is late.
    pub(crate) fn tick(&mut self, now: Instant, calls: &mut Vec<Call>) {
        let changed = std::mem::take(&mut self.changed);
        if changed || self.wake.is_some_and(|wake| wake <= now) {
            self.ask_due(now, calls);
            self.wake = self.next_due();
        }
    }

    fn ask_due(&mut self, now: Instant, calls: &mut Vec<Call>) {
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
        if self.changed { self.next_due() } else { self.wake }
    }

    fn next_due(&self) -> Option<Instant> {
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
        self.changed = true;
        if let Some(error) = answer.result.as_ref().err().and_then(Failure::login_refused) {
            if let Some(question) = self.questions.remove(&key) {
                self.shut_out(now, question, error.clone(), chance);
            }
            return Ok(());
        }
        match self.questions.remove(&key) {
            Some(Question::Metadata(paths)) => self.metadata(now, paths, answer, chance, calls),
            Some(Question::Existence(path)) => self.existence(now, path, answer, chance),
            Some(Question::Partitions(asked)) => self.portions(now, asked, answer, chance, calls),
            Some(Question::List(handle)) => self.listed(now, handle, answer, chance),
            Some(Question::Schema(handle, id)) => self.schema_given(now, (handle, id), answer, chance),
            None => Ok(()),
        }
    }

    /// A question ended at a server that does not let this client in, and no other could be asked: whoever waits for
    /// anything is told so.
    fn shut_out(&mut self, now: Instant, question: Question, error: Error, chance: &mut Chance) {
        self.backoff.failed(now, self.settings.backoff, self.settings.backoff_limit, chance);
        self.servers_due = None;
        match question {
            Question::Metadata(paths) => {
                for path in paths {
                    let ask = &mut self.entries.entry(path).or_default().ask;
                    ask.slow(now, &self.settings, chance);
                    ask.given_up(error.clone());
                }
            }
            Question::Existence(path) => self.entries.entry(path).or_default().ask.given_up(error.clone()),
            Question::Partitions(asked) => asked.iter().for_each(|which| drop(self.asks.remove(which))),
            Question::List(handle) => drop(self.asks.remove(&(handle, Which::All))),
            Question::Schema(handle, id) => self.schema_found(handle, id, Err(error.clone())),
        }
        for entry in self.entries.values_mut() {
            for (ticket, _) in entry.waiting.drain(..) {
                self.news.push(News::Opened(ticket, Err(error.clone())));
            }
        }
        self.trouble = Some(error.clone());
        self.news.push(News::ShutOut(error));
    }

    pub(super) fn question<R: message::Request + Send + 'static>(&mut self, question: Question, request: R) -> Call {
        Call::new(Key::Cluster(self.number(question)), Target::Any, request)
    }

    pub(super) fn number(&mut self, question: Question) -> u64 {
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
