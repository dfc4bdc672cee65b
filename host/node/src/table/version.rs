//! Earlier versions of a keyed table's schema: their rows stay as they were written, and are widened when they are merged.
//!
//! Columns are only ever added, at the end and nullable, so a row of an earlier version is one of the latest without its
//! last columns.

use thalweg_wire::record::{KeyEncoder, KeyFormat, Layout, RecordError, RowEncoder, RowFields, RowFormat};
use thalweg_wire::table::Schema;

use super::key::KeyOfRow;

/// A version of a keyed table's schema: how its rows are read.
#[derive(Debug)]
pub(crate) struct Version {
    /// Its number.
    pub(crate) schema_id: i16,
    /// Its columns.
    pub(crate) layout: Layout,
    /// The key that a row has.
    pub(crate) key: KeyOfRow,
    /// The key of rows in columns.
    pub(crate) key_encoder: KeyEncoder,
    format: RowFormat,
}

impl Version {
    /// Works a version out; `keys` are the columns of the key within a bucket.
    pub(super) fn new(
        schema_id: i16,
        schema: &Schema,
        format: RowFormat,
        keys: &[usize],
        key_format: KeyFormat,
    ) -> Result<Self, RecordError> {
        let layout = Layout::of_schema(schema);
        Ok(Self {
            schema_id,
            key: KeyOfRow::new(&layout, format, keys, key_format)?,
            key_encoder: KeyEncoder::with_format(&layout, keys, key_format)?,
            layout,
            format,
        })
    }

    /// Encodes rows in columns as this version has them.
    pub(crate) fn encoder(&self) -> Result<RowEncoder, RecordError> {
        RowEncoder::new(&self.layout, None, self.format)
    }

    /// Puts a row of this version into `out` as one with the columns of `latest`: those that it lacks are null. Fails on a
    /// row that cannot be taken apart.
    pub(super) fn widen(&self, row: &[u8], latest: &Layout, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let row = RowFields::parse_as(&self.layout, self.format, row)?;
        let mut fields = row.fields().to_vec();
        fields.resize(latest.tops().len(), None);
        RowFields::write_as(latest, self.format, &fields, out);
        Ok(())
    }
}
