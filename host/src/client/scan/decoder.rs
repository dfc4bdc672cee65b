//! The rows of a scan out of the messages that they came in.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use thalweg_contract::Scanned;

use super::{
    batch::{Offsets, ScanBatch},
    chain::ScanChain,
};
use crate::client::{Error, message};

/// How the messages of one scan are read.
pub(super) struct Decoder {
    /// For errors.
    pub(super) table: String,
    /// The fields of each message.
    pub(super) message: SchemaRef,
    /// The fields of the message, by position, in the order wanted; `None`: as they are.
    pub(super) order: Option<Vec<usize>>,
    /// The modules that the rows go through.
    pub(super) chain: Option<ScanChain>,
    /// Whether the rows lie in a log, with offsets.
    pub(super) placed: bool,
}

impl Decoder {
    /// Reads one message; everything in it is checked.
    pub(super) fn decode(&self, scanned: Scanned, body: Bytes) -> Result<ScanBatch, Error> {
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
        let metadata = scanned.layout.message().ok_or("the engine gives no Arrow message")?;
        message::read(metadata, body, Arc::clone(&self.message), self.order.as_deref())
    }
}
