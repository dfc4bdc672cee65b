//! A table's descriptor with all that follows from it, worked out once.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::record::{Layout, RowFormat};
use thalweg_wire::table::{Schema, TableDescriptor, TableProperties};

use super::keyed::KeyedTable;
use crate::failure::Failure;

/// What a table is.
#[derive(Debug)]
pub(crate) struct Definition {
    /// What it was created with, and what the node added.
    pub(crate) descriptor: TableDescriptor,
    /// What its properties mean.
    pub(crate) properties: TableProperties,
    /// The descriptor as JSON, as clients get it.
    pub(crate) json: Bytes,
    /// How its rows lie in a batch.
    pub(crate) layout: Layout,
    /// The versions of its schema before the one of the descriptor: how their rows lie in a batch.
    earlier: BTreeMap<i32, Layout>,
    /// The version of the descriptor's schema.
    schema_id: i32,
    /// How single rows lie in its log; `None` if it has Arrow messages.
    pub(crate) row_format: Option<RowFormat>,
    /// What its keys need to know; `None`: it has no primary key.
    pub(crate) keyed: Option<Arc<KeyedTable>>,
}

impl Definition {
    /// Works a descriptor out, with what its properties mean; `earlier` are the versions of its schema before this one. Fails where a primary-key table has something that this
    /// node does not know.
    pub(crate) fn new(
        descriptor: TableDescriptor,
        properties: TableProperties,
        schema_id: i32,
        earlier: &BTreeMap<i32, Schema>,
    ) -> Result<Self, Failure> {
        let keyed = match descriptor.schema.primary_key.is_empty() {
            true => None,
            false => Some(Arc::new(KeyedTable::new(&descriptor, &properties, schema_id, earlier)?)),
        };
        Ok(Self {
            json: Bytes::from(descriptor.to_json()),
            layout: Layout::of_schema(&descriptor.schema),
            earlier: earlier.iter().map(|(id, schema)| (*id, Layout::of_schema(schema))).collect(),
            schema_id,
            row_format: RowFormat::of_log(properties.log_format),
            keyed,
            descriptor,
            properties,
        })
    }

    /// How rows lie in a batch of this version of the schema; `None`: there is no such version.
    pub(crate) fn layout_of(&self, schema_id: i16) -> Option<&Layout> {
        let schema_id = i32::from(schema_id);
        if schema_id == self.schema_id { Some(&self.layout) } else { self.earlier.get(&schema_id) }
    }
}
