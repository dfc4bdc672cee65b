//! What a table's descriptor says: checked as Fluss does, completed, and worked out once.
//!
//! ```text
//! descriptor       what a new table must look like, and what the node adds to it
//! properties       the properties of Fluss's own
//! primary_key      what a primary-key table must look like
//! auto_partition   partitions that follow the time, and calendar, which names them
//! definition       a descriptor with all that follows from it
//! keyed            what the keys of a table need to know of it; key: the key that a row has; version: of its schema
//! numbering        the auto-increment column of a table, and where its numbers come from
//! merge            how a row is merged with the one before it
//! ```

pub(crate) mod auto_partition;
mod calendar;
pub(crate) mod definition;
pub(crate) mod descriptor;
pub(crate) mod key;
pub(crate) mod keyed;
pub(crate) mod merge;
pub(crate) mod numbering;
mod primary_key;
pub(crate) mod properties;
pub(crate) mod version;

use thalweg_wire::record::{Layout, LayoutField, RecordError};

/// The field of a top-level column.
fn column_field(layout: &Layout, position: usize) -> Result<&LayoutField, RecordError> {
    let missing = RecordError::NoSuchColumn { position, columns: layout.tops().len() };
    layout.tops().get(position).and_then(|field| layout.fields().get(*field)).ok_or(missing)
}
