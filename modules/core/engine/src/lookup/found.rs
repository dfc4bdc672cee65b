//! What lookups found, as the rows of their user: of all lookups of a table that have their answer in the same turn together.

use std::collections::BTreeSet;

use thalweg_wire::record::{RecordError, Value};

use super::{
    Lookups,
    open::Open,
    plan::{Plan, invalid},
};
use crate::{call::fatal, cluster::Cluster, order::Orders, rows::MissingSchema};
use thalweg_contract::{Error, ErrorCode, Event, Found, Layout, TableHandle, Ticket};

/// How many lookups are answered together at most, and up to how many bytes of values: who keeps the rows of one keeps those
/// of all.
const TOGETHER: (usize, usize) = (1024, 256 << 10);

/// A lookup of which every key has an answer.
type Complete = (Ticket, Open);

impl Lookups {
    /// Answers the lookups of which every key has an answer.
    pub(super) fn answer_complete(&mut self, cluster: &Cluster, orders: &mut Orders) {
        let mut complete = Vec::with_capacity(self.complete.len());
        for ticket in std::mem::take(&mut self.complete) {
            let Some(mut open) = self.open.remove(&ticket) else { continue };
            let Some(plan) = self.plans.get_mut(&open.handle) else {
                // Until its deadline: a table that is gone takes its lookups with it.
                self.open.insert(ticket, open);
                continue;
            };
            match plan.is_readable(&mut open, cluster, orders) {
                Ok(true) => complete.push((ticket, open)),
                Ok(false) => {
                    self.open.insert(ticket, open);
                    self.complete.push(ticket);
                }
                Err(error) => orders.event(Event::Found { tickets: vec![ticket], result: Err(error) }),
            }
        }
        complete.sort_by_key(|(_, open)| open.handle);
        for of_table in complete.chunk_by(|(_, one), (_, other)| one.handle == other.handle) {
            let Some((_, Open { handle, .. })) = of_table.first() else { continue };
            for together in self.cut(of_table) {
                self.answer(*handle, together, orders);
            }
        }
    }

    /// The lookups that are answered together.
    fn cut<'a>(&self, complete: &'a [Complete]) -> impl Iterator<Item = &'a [Complete]> + use<'a> {
        let (most, bytes) = if self.together { TOGETHER } else { (1, 0) };
        let mut rest = complete;
        std::iter::from_fn(move || {
            let mut sum = 0;
            let fits = |(_, open): &&Complete| {
                sum += open.bytes();
                sum <= bytes
            };
            let count = rest.iter().take(most).take_while(fits).count().max(1);
            let (together, others) = rest.split_at_checked(count)?;
            rest = others;
            Some(together)
        })
    }

    /// Answers these lookups of a table together; where that fails, each alone.
    fn answer(&mut self, handle: TableHandle, complete: &[Complete], orders: &mut Orders) {
        let limit = self.settings.scan.batch_limit;
        let Some(plan) = self.plans.get_mut(&handle) else { return };
        match plan.found(complete, limit) {
            Err(_) if complete.len() > 1 => {
                complete.chunks(1).for_each(|one| self.answer(handle, one, orders));
            }
            result => {
                let tickets = complete.iter().map(|(ticket, _)| *ticket).collect();
                orders.event(Event::Found { tickets, result });
            }
        }
    }
}

impl Plan {
    /// Puts the rows of a lookup in order, and says whether all of them can be decoded; where a schema must be known
    /// first, it is asked for. Fails on malformed rows, and where a schema cannot be had.
    fn is_readable(&mut self, open: &mut Open, cluster: &Cluster, orders: &mut Orders) -> Result<bool, Error> {
        open.sort();
        let mut schemas = BTreeSet::new();
        for (key, value) in open.values() {
            let value = Value::parse(value).map_err(|error| self.corrupt(key, &error))?;
            let schema = i32::from(value.schema_id);
            if !self.rows.knows(schema) {
                schemas.insert(schema);
            }
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
    fn found(&mut self, complete: &[Complete], limit: u32) -> Result<Found, Error> {
        let mut counts = Vec::with_capacity(complete.len());
        complete.iter().for_each(|(_, open)| open.count(&mut counts));
        let mut last = 0;
        let values = complete.iter().flat_map(|(_, open)| open.values());
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
