//! What lookups found, as the rows of their user: of all lookups of a table that have their answer in the same turn together.

use std::collections::BTreeSet;

use thalweg_wire::record::{RecordError, Value};

use super::{
    Lookups,
    answer::end,
    open::Open,
    plan::{Plan, invalid},
    values::{Key, Values},
};
use crate::{call::fatal, cluster::Cluster, order::Orders, rows::MissingSchema};
use thalweg_contract::{Error, ErrorCode, Event, Found, Layout, TableHandle, Ticket};

/// How many lookups are answered together at most, and up to how many bytes of values: who keeps the rows of one keeps those
/// of all.
const TOGETHER: (usize, usize) = (1024, 256 << 10);

/// A lookup of which every key has its answer, or those of several that came together.
struct Complete {
    handle: TableHandle,
    /// Its ticket, or that of the first key.
    ticket: Ticket,
    /// Whether each key is a lookup of its own.
    each: bool,
    /// How many keys the lookup has.
    keys: usize,
    values: Values,
}

/// The answer of one lookup.
#[derive(Clone, Copy)]
struct Answer<'a> {
    of: &'a Complete,
    /// Its keys that have values.
    keys: &'a [Key],
}

impl Lookups {
    /// Answers what has its answer.
    pub(super) fn answer_complete(&mut self, cluster: &Cluster, orders: &mut Orders) {
        let tickets = std::mem::take(&mut self.complete);
        let mut complete = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            complete.extend(self.take_complete(ticket, cluster, orders));
        }
        complete.sort_by_key(|of| of.handle);
        for of_table in complete.chunk_by(|one, other| one.handle == other.handle) {
            let Some(Complete { handle, .. }) = of_table.first() else { continue };
            let answers: Vec<Answer<'_>> = of_table.iter().flat_map(Complete::answers).collect();
            for together in self.cut(&answers) {
                self.answer(*handle, together, orders);
            }
        }
    }

    /// What can be told of a lookup; `None` while its values cannot be read, or where it failed.
    fn take_complete(&mut self, ticket: Ticket, cluster: &Cluster, orders: &mut Orders) -> Option<Complete> {
        let open = self.open.get_mut(&ticket)?;
        open.leave_out_ended();
        // Until its deadline: a table that is gone takes its lookups with it.
        let plan = self.plans.get_mut(&open.handle)?;
        match plan.is_readable(ticket, open, cluster, orders) {
            Ok(true) => {}
            Ok(false) => {
                self.complete.push(ticket);
                return None;
            }
            Err(error) => {
                self.fail_complete(ticket, &error, orders);
                return None;
            }
        }
        let complete = Complete {
            handle: open.handle,
            ticket,
            each: open.is_each(),
            keys: open.keys.len(),
            values: std::mem::take(&mut open.values),
        };
        for key in complete.values.keys() {
            open.end(key.key);
        }
        if open.is_over() {
            self.open.remove(&ticket);
        }
        Some(complete)
    }

    /// Fails what has its answer, of which nothing can be told.
    fn fail_complete(&mut self, ticket: Ticket, error: &Error, orders: &mut Orders) {
        let Some(open) = self.open.get_mut(&ticket) else { return };
        if !open.is_each() {
            return self.fail(ticket, error, orders);
        }
        for key in std::mem::take(&mut open.values).keys() {
            end(open, ticket, key.key, error, orders);
        }
        if open.is_over() {
            self.open.remove(&ticket);
        }
    }

    /// The lookups that are answered together.
    fn cut<'a>(&self, answers: &'a [Answer<'a>]) -> impl Iterator<Item = &'a [Answer<'a>]> + use<'a> {
        let (most, bytes) = if self.together { TOGETHER } else { (1, 0) };
        let mut rest = answers;
        std::iter::from_fn(move || {
            let mut sum = 0;
            let fits = |answer: &&Answer<'_>| {
                sum += answer.bytes();
                sum <= bytes
            };
            let count = rest.iter().take(most).take_while(fits).count().max(1);
            let (together, others) = rest.split_at_checked(count)?;
            rest = others;
            Some(together)
        })
    }

    /// Answers these lookups of a table together; where that fails, each alone.
    fn answer(&mut self, handle: TableHandle, answers: &[Answer<'_>], orders: &mut Orders) {
        let limit = self.settings.scan.batch_limit;
        let Some(plan) = self.plans.get_mut(&handle) else { return };
        match plan.found(answers, limit) {
            Err(_) if answers.len() > 1 => {
                answers.chunks(1).for_each(|one| self.answer(handle, one, orders));
            }
            result => {
                let tickets = answers.iter().map(Answer::ticket).collect();
                orders.event(Event::Found { tickets, result });
            }
        }
    }
}

impl Complete {
    /// The row of its lookup that a key came in, for errors.
    fn row(&self, key: u32) -> u32 {
        if self.each { 0 } else { key }
    }

    /// The answer, or that of each key.
    fn answers(&self) -> impl Iterator<Item = Answer<'_>> {
        let keys = self.values.keys();
        let one = (!self.each).then_some(keys);
        one.into_iter().chain(keys.chunks(1).filter(|_| self.each)).map(|keys| Answer { of: self, keys })
    }
}

impl Answer<'_> {
    fn ticket(&self) -> Ticket {
        let own = self.keys.first().filter(|_| self.of.each).map_or(0, |key| key.key);
        self.of.ticket.saturating_add(u64::from(own))
    }

    fn bytes(&self) -> usize {
        self.keys.iter().map(|key| self.of.values.bytes(*key)).sum()
    }

    /// Adds to `counts` how many rows each of its keys has, in their order.
    fn count(&self, counts: &mut Vec<u32>) {
        if self.of.each {
            return counts.extend(self.keys.iter().map(|key| key.rows()));
        }
        let first = counts.len();
        counts.resize(first + self.of.keys, 0);
        for key in self.keys {
            if let Some(count) = counts.get_mut(first + key.key as usize) {
                *count += key.rows();
            }
        }
    }
}

impl Plan {
    /// Puts the values of a lookup in order, and says whether all of them can be decoded; where a schema must be known
    /// first, it is asked for. Fails on malformed values, of several lookups that came together only theirs, and where a
    /// schema cannot be had.
    fn is_readable(
        &mut self,
        ticket: Ticket,
        open: &mut Open,
        cluster: &Cluster,
        orders: &mut Orders,
    ) -> Result<bool, Error> {
        if !open.is_each() {
            open.values.sort();
        }
        let (mut schemas, mut malformed) = (BTreeSet::new(), Vec::new());
        for key in open.values.keys() {
            for value in open.values.of(*key) {
                match Value::parse(value) {
                    Ok(value) if self.rows.knows(i32::from(value.schema_id)) => {}
                    Ok(value) => drop(schemas.insert(i32::from(value.schema_id))),
                    Err(error) => malformed.push((key.key, self.corrupt(open.row(key.key), &error))),
                }
            }
        }
        for (key, error) in malformed {
            if !open.is_each() {
                return Err(error);
            }
            end(open, ticket, key, &error, orders);
            open.leave_out_ended();
        }
        for schema in schemas {
            let mut missing_schema = open
                .missing_schema
                .filter(|missing_schema| missing_schema.schema() == schema)
                .unwrap_or(MissingSchema::of(schema));
            let known = missing_schema.look(cluster, open.handle, orders)?;
            open.missing_schema = Some(missing_schema);
            match known {
                Some(known) => self.rows.learn(schema, &known)?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The rows of these lookups, whose schemas are known. Fails on malformed rows, and where they are too large.
    fn found(&mut self, answers: &[Answer<'_>], limit: u32) -> Result<Found, Error> {
        let mut counts = Vec::with_capacity(answers.len());
        answers.iter().for_each(|answer| answer.count(&mut counts));
        let mut last = 0;
        let keys = answers.iter().flat_map(|answer| answer.keys.iter().map(|key| (answer.of, *key)));
        let values = keys.flat_map(|(of, key)| of.values.of(key).map(move |value| (of.row(key.key), value)));
        let rows = values.map(|(key, value)| {
            last = key;
            Value::parse(value).map(|value| (i32::from(value.schema_id), value.row))
        });
        let (rows, message) = self.rows.message(rows, limit).map_err(|error| match error {
            RecordError::TooLarge { .. } | RecordError::ColumnFull { .. } => {
                invalid(format!("{}: {error}; or look up fewer keys at a time", self.name))
            }
            error => self.corrupt(last, &error),
        })?;
        Ok(Found { counts, rows, layout: Layout::Message(message.metadata), body: message.body })
    }

    fn corrupt(&self, key: u32, reason: &RecordError) -> Error {
        fatal(ErrorCode::Corrupt(format!("{}: what was found for the key in row {key}: {reason}", self.name)))
    }
}
