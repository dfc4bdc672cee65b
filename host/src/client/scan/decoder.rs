//! Rows of a scan out of the Arrow message that they came in, without copying where it is aligned.

use std::{collections::HashMap, sync::Arc};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{MetadataVersion, reader::RecordBatchDecoder, root_as_message};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use thalweg_contract::Scanned;

use super::{
    batch::{Offsets, ScanBatch},
    chain::ScanChain,
};
use crate::client::Error;

/// How the messages of one scan are read.
pub(in crate::client) struct Decoder {
    /// For errors.
    pub(in crate::client) table: String,
    /// The schema that the table was opened with.
    pub(in crate::client) schema_id: i32,
    /// The fields of each message.
    pub(in crate::client) message: SchemaRef,
    /// The fields of the message, by position, in the order wanted; `None`: as they are.
    pub(in crate::client) order: Option<Vec<usize>>,
    /// The modules that the rows go through.
    pub(in crate::client) chain: Option<ScanChain>,
    /// Whether the rows lie in a log, with offsets.
    pub(in crate::client) placed: bool,
}

impl Decoder {
    /// Reads one message; everything in it is checked.
    pub(in crate::client) fn decode(&self, scanned: Scanned, body: Bytes) -> Result<ScanBatch, Error> {
        if scanned.schema_id != self.schema_id {
            let cause = format!(
                "they were written with schema {}, the table was opened with schema {}; open it anew",
                scanned.schema_id, self.schema_id
            );
            return Err(Error::unreadable(&self.table, cause));
        }
        let batch = self.read(&scanned, body).map_err(|cause| Error::unreadable(&self.table, cause))?;
        let (first, rows) = (scanned.first as usize, scanned.rows as usize);
        if first.checked_add(rows).is_none_or(|end| end > batch.num_rows()) {
            let cause = format!("rows {first} to {} are wanted of {}", first.saturating_add(rows), batch.num_rows());
            return Err(Error::unreadable(&self.table, cause));
        }
        let scanned = ScanBatch {
            bucket: scanned.bucket,
            offsets: if self.placed { Offsets::From(scanned.offset) } else { Offsets::Unknown },
            timestamp: self.placed.then_some(scanned.timestamp),
            changes: scanned.changes.filter(|_| self.placed),
            batch: if rows == batch.num_rows() { batch } else { batch.slice(first, rows) },
        };
        match &self.chain {
            Some(chain) => chain.apply(scanned),
            None => Ok(scanned),
        }
    }

    fn read(&self, scanned: &Scanned, body: Bytes) -> Result<RecordBatch, String> {
        read_message(&scanned.metadata, body, Arc::clone(&self.message), self.order.as_deref())
    }
}

/// Reads the record batch of an Arrow message with these fields, of which `order` takes some by position.
pub(in crate::client) fn read_message(
    metadata: &[u8],
    body: Bytes,
    schema: SchemaRef,
    order: Option<&[usize]>,
) -> Result<RecordBatch, String> {
    let message = root_as_message(metadata).map_err(|error| error.to_string())?;
    let header = message.header_as_record_batch().ok_or("the message is no record batch")?;
    let (body, none) = (Buffer::from(body), HashMap::new());
    let decoder = RecordBatchDecoder::try_new(&body, header, schema, &none, &MetadataVersion::V5);
    let decoder = decoder.map_err(|error| error.to_string())?.with_projection(order);
    decoder.with_require_alignment(false).read_record_batch().map_err(|error| error.to_string())
}
