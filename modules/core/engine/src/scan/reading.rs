//! How the rows of a log are read: as messages of Arrow or one by one, each batch by the schema that it was written with.

use std::{collections::BTreeMap, sync::Arc};

use thalweg_wire::{
    record::{Adaptation, Layout},
    table::Schema,
};

use crate::rows::{RowReader, log_rows, misfit};
use thalweg_contract::{Error, TableInfo};

/// How messages of one schema are read.
#[derive(Debug)]
pub(super) enum Conversion {
    /// As they are.
    Plain(Layout),
    /// With other columns.
    Adapted(Adaptation),
}

/// How batches are read.
#[derive(Debug)]
pub(super) enum Reading {
    /// They have an Arrow message.
    Messages(Messages),
    /// They have row after row.
    Rows(RowReader),
}

/// Batches with an Arrow message.
#[derive(Debug)]
pub(super) struct Messages {
    target: Arc<TableInfo>,
    /// The columns that are wanted, rising; `None`: all.
    wanted: Option<Vec<usize>>,
    /// By the number of the schema, and whether the server projected.
    conversions: BTreeMap<(i32, bool), Conversion>,
}

impl Reading {
    /// For the columns at these positions, rising; `None`: all.
    pub(super) fn new(info: &Arc<TableInfo>, wanted: Option<Vec<usize>>) -> Result<Self, Error> {
        match log_rows(info)? {
            Some(format) => RowReader::new(info, format, wanted).map(Self::Rows),
            None => {
                let mut messages = Messages { target: Arc::clone(info), wanted, conversions: BTreeMap::new() };
                messages.learn(info.schema_id, &info.descriptor.schema)?;
                Ok(Self::Messages(messages))
            }
        }
    }

    /// Whether the schema with this number is known.
    pub(super) fn knows(&self, schema: i32) -> bool {
        match self {
            Self::Messages(messages) => messages.conversions.contains_key(&(schema, false)),
            Self::Rows(rows) => rows.knows(schema),
        }
    }

    /// Takes note of a schema. Fails if rows of it cannot become rows of the table.
    pub(super) fn learn(&mut self, id: i32, schema: &Schema) -> Result<(), Error> {
        match self {
            Self::Messages(messages) => messages.learn(id, schema),
            Self::Rows(rows) => rows.learn(id, schema),
        }
    }
}

impl Messages {
    /// How batches of this schema are read, if it is known.
    pub(super) fn conversion(&self, schema: i32, projected: bool) -> Option<&Conversion> {
        self.conversions.get(&(schema, projected))
    }

    fn learn(&mut self, id: i32, schema: &Schema) -> Result<(), Error> {
        let target = &self.target.descriptor.schema;
        let wanted = self.wanted.as_deref();
        let failed = |error| misfit(&self.target, &error);
        let own = id == self.target.schema_id;
        let whole = match (own, wanted) {
            (true, None) => Conversion::Plain(Layout::of_schema(target)),
            _ => Conversion::Adapted(Adaptation::new(schema, None, target, wanted).map_err(failed)?),
        };
        self.conversions.insert((id, false), whole);
        if let Some(columns) = wanted {
            // A server that projects sends the columns at these positions, and nothing if one is not there.
            let projected = match own {
                true => Layout::projected(target, columns).map(Conversion::Plain).map_err(failed)?,
                false => match Adaptation::new(schema, wanted, target, wanted) {
                    Ok(adaptation) => Conversion::Adapted(adaptation),
                    Err(_) => return Ok(()),
                },
            };
            self.conversions.insert((id, true), projected);
        }
        Ok(())
    }
}
