//! The columns of tables, scans and lookups: what says how the rows of a ticket lie.

use std::{collections::HashMap, sync::Arc};

use thalweg_contract::{TableHandle, TableInfo, Ticket};
use thalweg_wire::{
    record::Layout,
    table::{Column, Schema},
};

/// What is known of tables that were opened, and of scans and lookups that go on.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    opened: HashMap<TableHandle, Table>,
    reading: HashMap<Ticket, Arc<Layout>>,
}

#[derive(Debug)]
struct Table {
    columns: Vec<Column>,
    all: Arc<Layout>,
}

impl Tables {
    /// A table was opened; its number is not used for another.
    pub(crate) fn opened(&mut self, handle: TableHandle, info: &TableInfo) {
        let schema: &Schema = &info.descriptor.schema;
        self.opened
            .entry(handle)
            .or_insert_with(|| Table { columns: schema.columns.clone(), all: Arc::new(Layout::of_schema(schema)) });
    }

    /// Rows of a table will come for a ticket: the columns at these positions, in whatever order they are named (`None`:
    /// all).
    pub(crate) fn reads(&mut self, ticket: Ticket, table: TableHandle, columns: Option<&[u32]>) {
        let Some(table) = self.opened.get(&table) else { return };
        let layout = match columns {
            None => Arc::clone(&table.all),
            Some(wanted) => {
                let wanted = |at: usize| wanted.iter().any(|&column| column as usize == at);
                let chosen = table.columns.iter().enumerate().filter(|(at, _)| wanted(*at));
                Arc::new(Layout::new(chosen.map(|(_, column)| (column.name.as_str(), &column.column_type))))
            }
        };
        self.reading.insert(ticket, layout);
    }

    /// Nothing more comes for a ticket.
    pub(crate) fn ended(&mut self, ticket: Ticket) {
        self.reading.remove(&ticket);
    }

    /// How the rows of a ticket lie.
    pub(crate) fn layout(&self, ticket: Ticket) -> Option<Arc<Layout>> {
        self.reading.get(&ticket).cloned()
    }

    /// How many scans and lookups go on.
    pub(crate) fn reading(&self) -> usize {
        self.reading.len()
    }
}
