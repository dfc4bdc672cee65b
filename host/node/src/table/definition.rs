//! A table's descriptor with all that follows from it, worked out once.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::record::{Layout, RowFormat};
use thalweg_wire::table::{TableDescriptor, TableProperties};

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
    /// How single rows lie in its log; `None` if it has Arrow messages.
    pub(crate) row_format: Option<RowFormat>,
    /// What its keys need to know; `None`: it has no primary key.
    pub(crate) keyed: Option<Arc<KeyedTable>>,
}

impl Definition {
    /// Works a descriptor out, with what its properties mean. Fails where a primary-key table has something that this
    /// node does not know.
    pub(crate) fn new(
        descriptor: TableDescriptor,
        properties: TableProperties,
        schema_id: i32,
    ) -> Result<Self, Failure> {
        let keyed = match descriptor.schema.primary_key.is_empty() {
            true => None,
            false => Some(Arc::new(KeyedTable::new(&descriptor, &properties, schema_id)?)),
        };
        Ok(Self {
            json: Bytes::from(descriptor.to_json()),
            layout: Layout::of_schema(&descriptor.schema),
            row_format: RowFormat::of_log(properties.log_format),
            keyed,
            descriptor,
            properties,
        })
    }
}
