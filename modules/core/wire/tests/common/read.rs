//! Batches read with arrow-rs, as a host reads them.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, SchemaRef};
use thalweg_wire::record::{CheckedMessage, Compression, Layout, LogBatch, PlainMessage};
use thalweg_wire::table::ColumnType;

/// The most that a batch may take here, decompressed.
pub(crate) const LIMIT: u32 = 64 << 20;

/// The layout of the columns of `schema`.
pub(crate) fn layout(types: &[ColumnType]) -> Layout {
    let names: Vec<String> = (0..types.len()).map(|at| format!("c{at}")).collect();
    Layout::new(names.iter().map(String::as_str).zip(types))
}

/// What decode work gives: `wit/client/codec.wit`.
fn decoded(bytes: &[u8], message: &CheckedMessage) -> Vec<u8> {
    let mut body = Vec::new();
    for (range, length) in message.to_decode() {
        let (prefix, stored) = bytes[range].split_first_chunk::<8>().expect("a prefix");
        let buffer = match (i64::from_le_bytes(*prefix), message.compression) {
            (-1, _) => stored.to_vec(),
            (_, Compression::Zstd) => zstd::bulk::decompress(stored, length as usize).expect("zstd"),
            (_, _) => {
                let mut buffer = Vec::new();
                std::io::Read::read_to_end(&mut lz4_flex::frame::FrameDecoder::new(stored), &mut buffer).expect("lz4");
                buffer
            }
        };
        assert_eq!(buffer.len(), length as usize);
        body.extend(buffer);
        body.resize(body.len().next_multiple_of(64), 0);
    }
    body
}

/// Reads rows with arrow-rs from checked metadata, as a host does.
pub(crate) fn read(bytes: &[u8], layout: &Layout, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let batch = LogBatch::parse(bytes).map_err(|error| ArrowError::ParseError(error.to_string()))?;
    let message = CheckedMessage::of_batch(&batch, layout, LIMIT);
    let message = message.map_err(|error| ArrowError::ParseError(error.to_string()))?;
    let body = if message.is_plain() { bytes[message.body.clone()].to_vec() } else { decoded(bytes, &message) };
    let plain = PlainMessage { metadata: message.plain_metadata(), body };
    read_plain(&plain, schema)
}

/// Reads a message without compression with arrow-rs.
pub(crate) fn read_plain(message: &PlainMessage, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let read = arrow_ipc::root_as_message(&message.metadata).expect("a message");
    let header = read.header_as_record_batch().expect("a record batch");
    assert_eq!(read.bodyLength(), message.body.len() as i64);
    arrow_ipc::reader::read_record_batch(
        &Buffer::from(message.body.as_slice()),
        header,
        schema.clone(),
        &HashMap::new(),
        None,
        &read.version(),
    )
}
