//! The lookup stage: keys into requests, answers into rows.
//!
//! ```text
//! plan    what looking up takes of a table
//! keys    keys as bytes, and where each is
//! open    one lookup, or some that came together: keys, and what was found
//! values  what was found, until it is told
//! route   which server has a key
//! server  what waits for each server
//! message requests and answers
//! answer  what an answer of a server brings
//! found   what was found, as rows
//! ```
//!
//! A lookup leaves in the very turn in which it comes, while hardly a request is under way to its server; what comes
//! meanwhile waits there, and leaves together. So a busy server is asked in few full requests, and an idle one at once.

mod answer;
mod found;
mod keys;
mod message;
mod open;
mod plan;
mod route;
mod server;
mod values;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use self::{
    keys::Keys,
    open::{Kind, Open, Run},
    plan::{Plan, invalid},
    server::{Asked, Servers},
};
use crate::{
    backoff::micros,
    call::{fatal, passing},
    chance::Chance,
    cluster::Cluster,
    order::Orders,
};
use thalweg_contract::{Command, Error, ErrorCode, Event, Instant, Operation, Settings, TableHandle, Ticket};

/// The lookup stage.
#[derive(Debug)]
pub(crate) struct Lookups {
    settings: Settings,
    plans: HashMap<TableHandle, Plan>,
    /// Lookups without an answer. Later ones have later deadlines.
    open: BTreeMap<Ticket, Open>,
    /// Keys whose server is to be found.
    due: Vec<Run>,
    /// The same, once back-off allows; numbered.
    later: BTreeMap<(Instant, u64), Run>,
    /// Keys of partitions that the cluster is asked for.
    waiting_for_partition: HashMap<(TableHandle, String), Vec<Run>>,
    servers: Servers,
    asked: HashMap<u64, Asked>,
    /// Lookups of which every key has an answer.
    complete: Vec<Ticket>,
    /// Whether lookups of a table that have their answer in the same turn are answered together.
    together: bool,
    keys: u64,
}

impl Lookups {
    /// No lookup yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            plans: HashMap::new(),
            open: BTreeMap::new(),
            due: Vec::new(),
            later: BTreeMap::new(),
            waiting_for_partition: HashMap::new(),
            servers: Servers::default(),
            asked: HashMap::new(),
            complete: Vec::new(),
            together: false,
            keys: 0,
        }
    }

    /// From now on answers lookups of a table together that have their answer in the same turn.
    pub(crate) fn answer_together(&mut self) {
        self.together = true;
    }

    /// Takes a lookup, or says why it does not fit its table.
    pub(crate) fn look_up(
        &mut self,
        now: Instant,
        ticket: Ticket,
        command: &Command<'_>,
        cluster: &Cluster,
    ) -> Result<(), Error> {
        let (kind, keys) = self.keys(command, cluster)?;
        self.begin(now, ticket, command.table, kind, keys);
        Ok(())
    }

    /// Takes keys of which each is a lookup of its own, with a ticket of its own, from this one on; or says why they do not
    /// fit their table.
    pub(crate) fn look_up_each(
        &mut self,
        now: Instant,
        ticket: Ticket,
        command: &Command<'_>,
        cluster: &Cluster,
    ) -> Result<(), Error> {
        let (kind, keys) = self.keys(command, cluster)?;
        if keys.elsewhere.is_empty() {
            self.enter(ticket, Open::each(command.table, kind, keys, self.deadline(now)));
        } else {
            // What is looked for in a second place has its answer later than others.
            let alone = (ticket..).zip(0..keys.len() as u32).map(|(ticket, at)| (ticket, keys.alone(at)));
            alone.for_each(|(ticket, key)| self.begin(now, ticket, command.table, kind, key));
        }
        Ok(())
    }

    /// What a command asks servers to do, and with which keys.
    fn keys(&mut self, command: &Command<'_>, cluster: &Cluster) -> Result<(Kind, Keys), Error> {
        let misplaced = self.settings.lookup.misplaced;
        let plan = self.plan(command.table, cluster)?;
        let (kind, encoding) = match &command.operation {
            Operation::Lookup(false) => (Kind::Whole, &plan.whole),
            Operation::Lookup(true) => {
                plan.check_insert()?;
                (Kind::Insert, &plan.whole)
            }
            Operation::PrefixLookup => (Kind::Prefix, plan.prefix.as_ref().map_err(Clone::clone)?),
            Operation::Append | Operation::Upsert(_) | Operation::Delete => {
                return Err(invalid("it is no lookup: submit it".into()));
            }
        };
        Ok((kind, Keys::encode(plan, encoding, &command.rows, misplaced)?))
    }

    /// Ends a lookup without a word.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        let Some((&first, open)) = self.open.range_mut(..=ticket).next_back() else { return };
        if open.is_each() {
            let _ = u32::try_from(ticket - first).is_ok_and(|key| open.end(key));
        }
        if open.is_over() && (open.is_each() || first == ticket) {
            self.open.remove(&first);
            self.forget_waiting();
        }
    }

    /// Ends every lookup because the engine closes.
    pub(crate) fn close(&mut self, orders: &mut Orders) {
        for (ticket, open) in std::mem::take(&mut self.open) {
            refuse(ticket, &open, &fatal(ErrorCode::Closed), orders);
        }
    }

    /// The table of these lookups is of no use any more.
    pub(crate) fn gone(&mut self, handle: TableHandle, error: &Error, orders: &mut Orders) {
        self.plans.remove(&handle);
        let lost = self.open.iter().filter(|(_, open)| open.handle == handle).map(|(ticket, _)| *ticket);
        for ticket in lost.collect::<Vec<_>>() {
            self.fail(ticket, error, orders);
        }
        self.forget_waiting();
    }

    /// Time has passed, or something was learned: asks and answers whatever can be.
    pub(crate) fn tick(&mut self, now: Instant, cluster: &Cluster, chance: &mut Chance, orders: &mut Orders) {
        self.expire(now, cluster, orders);
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            self.due.push(entry.remove());
        }
        self.route(now, cluster, chance, orders);
        while let Some(asked) = self.servers.next(&self.settings.lookup, &self.open) {
            let Ok(table_id) = cluster.table(asked.handle).map(|table| table.info.table_id) else {
                self.servers.ended(asked.server);
                continue;
            };
            self.keys += 1;
            let timeout = self.settings.connection.request_timeout;
            orders.calls.push(message::call(self.keys, &asked, table_id, &self.open, timeout));
            self.asked.insert(self.keys, asked);
        }
        self.answer_complete(cluster, orders);
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let deadline = self.open.first_key_value().map(|(_, open)| open.deadline);
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        deadline.into_iter().chain(later).min()
    }

    /// What is known of a table, made the first time.
    fn plan(&mut self, handle: TableHandle, cluster: &Cluster) -> Result<&Plan, Error> {
        let info = Arc::clone(&cluster.table(handle)?.info);
        Ok(match self.plans.entry(handle) {
            std::collections::hash_map::Entry::Occupied(plan) => plan.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(Plan::new(&info)?),
        })
    }

    fn begin(&mut self, now: Instant, ticket: Ticket, handle: TableHandle, kind: Kind, keys: Keys) {
        self.enter(ticket, Open::new(handle, kind, keys, self.deadline(now)));
    }

    /// When a lookup of this moment is given up.
    fn deadline(&self, now: Instant) -> Instant {
        now.saturating_add(micros(self.settings.connection.command_timeout))
    }

    fn enter(&mut self, ticket: Ticket, mut open: Open) {
        open.begin(ticket, &mut self.due);
        if open.left == 0 {
            self.complete.push(ticket);
        }
        self.open.insert(ticket, open);
    }

    fn expire(&mut self, now: Instant, cluster: &Cluster, orders: &mut Orders) {
        let before = self.open.len();
        while let Some(entry) = self.open.first_entry().filter(|entry| entry.get().deadline <= now) {
            let (ticket, open) = entry.remove_entry();
            let trouble = open.trouble.clone().or_else(|| cluster.trouble().cloned());
            let name = self.plans.get(&open.handle).map_or("", |plan| &plan.name);
            let seconds = self.settings.connection.command_timeout.as_secs_f64();
            let why = trouble.as_ref().map_or_else(String::new, |trouble| format!("; the last try failed: {trouble}"));
            let text = format!("no answer to a lookup in {name} within {seconds} s{why}");
            let error = match trouble.map(|trouble| trouble.code) {
                // What a server says stays what it says.
                Some(code @ ErrorCode::Server { .. }) => passing(code),
                Some(ErrorCode::Unavailable(_)) => passing(ErrorCode::Unavailable(text)),
                _ => passing(ErrorCode::TimedOut(text)),
            };
            refuse(ticket, &open, &error, orders);
        }
        if self.open.len() < before {
            self.forget_waiting();
        }
    }

    /// Leaves out what waits for a partition and whose lookup is over: the partition may be asked for without end.
    fn forget_waiting(&mut self) {
        self.waiting_for_partition.retain(|_, runs| {
            runs.retain(|run| self.open.contains_key(&run.ticket));
            !runs.is_empty()
        });
    }

    fn fail(&mut self, ticket: Ticket, error: &Error, orders: &mut Orders) {
        if let Some(open) = self.open.remove(&ticket) {
            refuse(ticket, &open, error, orders);
        }
    }
}

/// Fails what has no answer yet.
fn refuse(ticket: Ticket, open: &Open, error: &Error, orders: &mut Orders) {
    for ticket in open.tickets(ticket) {
        orders.event(Event::Found { tickets: vec![ticket], result: Err(error.clone()) });
    }
}

impl Plan {
    /// Fails where a row cannot be made of its key alone (`fluss.md` 3.7).
    fn check_insert(&self) -> Result<(), Error> {
        let (name, schema) = (&self.name, &self.info.descriptor.schema);
        if !self.info.descriptor.partition_keys.is_empty() {
            // `KeyRecordBatch` of 0.9.1 and later takes the bytes of a key for those of all key columns, the partition's
            // too, which are not in it: it fails, or makes another row.
            let text = format!("{name} has partitions, where a Fluss server may make another row than that of the key");
            return Err(fatal(ErrorCode::Unsupported(format!("{text}; look the key up and upsert the row instead"))));
        }
        let needed = schema.columns.iter().enumerate().find(|(at, column)| {
            !column.column_type.nullable && !schema.primary_key.contains(at) && !schema.auto_increment.contains(at)
        });
        needed.map_or(Ok(()), |(_, column)| {
            let text = format!("a row of {name} cannot be made of its key: the column {} may not be null", column.name);
            Err(invalid(format!("{text}; upsert the row instead")))
        })
    }
}
