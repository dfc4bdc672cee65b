//! Schemas that a table had before or has since it was opened, asked for by their number (GetTableSchema).

use std::sync::Arc;

use thalweg_wire::{
    message::{self, GetTableSchemaRequest, GetTableSchemaResponse},
    table::Schema,
};

use super::{Cluster, Question, ask::Ask, wire_path};
use crate::{
    call::{Answered, Call, Failure, Key, Target, passing},
    chance::Chance,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

/// A schema, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Version {
    /// It is this one.
    Known(Arc<Schema>),
    /// Nothing is known of it: `want_schema` asks.
    Asked,
    /// It cannot be had: why.
    Missing(Error),
}

/// What is known of a schema that was asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    ask: Ask,
    found: Option<Result<Arc<Schema>, Error>>,
}

impl Known {
    /// When something is to be done.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.ask.next_wake()
    }
}

impl Cluster {
    /// The schema of a table with this number.
    pub(crate) fn schema(&self, handle: TableHandle, id: i32) -> Version {
        match self.schemas.get(&(handle, id)).and_then(|known| known.found.as_ref()) {
            Some(Ok(schema)) => Version::Known(Arc::clone(schema)),
            Some(Err(error)) => Version::Missing(error.clone()),
            None => Version::Asked,
        }
    }

    /// Asks for a schema, unless it is known; `News::Schema` answers. One that could not be had is asked for again.
    pub(crate) fn want_schema(&mut self, now: Instant, handle: TableHandle, id: i32) {
        self.changed = true;
        let known = self.schemas.entry((handle, id)).or_default();
        if matches!(known.found, Some(Ok(_))) {
            self.news.push(super::News::Schema(handle, id));
        } else {
            known.found = None;
            known.ask.want(now);
        }
    }

    /// Asks for the schemas that are due.
    pub(super) fn ask_schemas(&mut self, now: Instant, calls: &mut Vec<Call>) {
        let due = self.schemas.iter_mut().filter(|(_, known)| known.ask.is_due(now));
        let due: Vec<(TableHandle, i32)> = due.map(|(which, known)| (known.ask.asked(), *which).1).collect();
        for (handle, id) in due {
            match self.table(handle).map(|table| wire_path(&table.info.path)) {
                Ok(table_path) => {
                    let request = GetTableSchemaRequest { table_path, schema_id: Some(id) };
                    let key = self.number(Question::Schema(handle, id));
                    calls.push(Call::new(Key::Cluster(key), Target::Catalogue, request));
                }
                Err(error) => self.schema_found(handle, id, Err(error)),
            }
        }
    }

    /// The answer to the question for a schema.
    pub(super) fn schema_given(
        &mut self,
        now: Instant,
        (handle, id): (TableHandle, i32),
        answer: Answered,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let text = match answer.result {
            Ok(body) => match parse(id, body.bytes) {
                Ok(schema) => {
                    self.schema_found(handle, id, Ok(Arc::new(schema)));
                    return Ok(());
                }
                Err(reason) => format!("in the answer to GET_TABLE_SCHEMA: {reason}"),
            },
            Err(Failure::Lost { error, .. }) if error.retriable => {
                self.schema_failed(now, (handle, id), error, chance);
                return Ok(());
            }
            Err(failure) => {
                self.schema_found(handle, id, Err(failure.into_error()));
                return Ok(());
            }
        };
        let error = passing(ErrorCode::Corrupt(format!("{} broke the protocol: {text}", answer.address)));
        self.schema_failed(now, (handle, id), error, chance);
        Err(text)
    }

    pub(super) fn schema_found(&mut self, handle: TableHandle, id: i32, found: Result<Arc<Schema>, Error>) {
        let known = self.schemas.entry((handle, id)).or_default();
        known.ask.settled();
        known.found = Some(found);
        self.news.push(super::News::Schema(handle, id));
    }

    fn schema_failed(&mut self, now: Instant, which: (TableHandle, i32), error: Error, chance: &mut Chance) {
        let ask = &mut self.schemas.entry(which).or_default().ask;
        ask.slow(now, &self.settings, chance);
        ask.failed(Some(error.clone()));
        self.trouble = Some(error);
    }
}

fn parse(id: i32, body: bytes::Bytes) -> Result<Schema, String> {
    let response: GetTableSchemaResponse = message::decode(body).map_err(|error| error.to_string())?;
    if response.schema_id != id {
        return Err(format!("it is schema {}, but {id} was asked for", response.schema_id));
    }
    Schema::from_json(&response.schema_json).map_err(|error| format!("schema {id} cannot be read: {error}"))
}
