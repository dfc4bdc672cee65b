//! Gathered rows as an Arrow message without compression: how rows that were decoded here leave.

use crate::record::columns::checked::PLAIN_ALIGNMENT;
use crate::record::columns::message::encode_metadata;
use crate::record::{ColumnsBuilder, Compression};

/// A record batch message of Arrow IPC without compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainMessage {
    /// The flatbuffer, without the prefix that it has in a stream.
    pub metadata: Vec<u8>,
    /// The buffers, each at a multiple of 64.
    pub body: Vec<u8>,
}

/// The rows of a builder as a message; the builder is empty again.
pub fn message_of(builder: &mut ColumnsBuilder) -> PlainMessage {
    let rows = builder.rows() as u32;
    let (nodes, buffers) = builder.finish();
    let align = |length: usize| length.next_multiple_of(PLAIN_ALIGNMENT as usize);
    let mut body = Vec::with_capacity(buffers.iter().map(|buffer| align(buffer.len())).sum());
    let place = |buffer: &Vec<u8>| {
        let at = body.len() as u64;
        body.extend_from_slice(buffer);
        body.resize(align(body.len()), 0);
        (at, buffer.len() as u64)
    };
    let places: Vec<(u64, u64)> = buffers.iter().map(place).collect();
    let metadata = encode_metadata(rows, &nodes, &places, Compression::None, body.len() as u64);
    PlainMessage { metadata, body }
}
