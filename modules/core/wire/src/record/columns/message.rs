//! The Arrow IPC message in a batch, encoded (`fluss.md` 2.6).

use arrow_ipc::{
    BodyCompression, BodyCompressionArgs, BodyCompressionMethod, Buffer, CompressionType, FieldNode, Message,
    MessageArgs, MessageHeader, MetadataVersion, RecordBatch, RecordBatchArgs,
};
use flatbuffers::FlatBufferBuilder;

/// How the buffers of an Arrow message are compressed: each on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZ4 frames.
    Lz4Frame,
    /// Zstandard.
    Zstd,
}

/// How many values one field of a message has, and how many of them are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// How many values: rows of a column, or entries of what lies in an array or map.
    pub length: u32,
    /// How many of them are null.
    pub nulls: u32,
}

/// The alignment of buffers in a message, in bytes: what Java writes and every reader takes.
pub const ALIGNMENT: usize = 8;

/// Encodes the metadata of a record batch message: `0xFFFFFFFF`, length, flatbuffer, and zeros up to a multiple of 8.
///
/// `lengths` are those of the buffers in the body, which lie there one after the other, each followed by zeros up to a
/// multiple of 8 bytes: the body of `Work::Encode`. Buffers in a compressed message include their length prefix.
pub fn encode_message(rows: u32, nodes: &[Node], lengths: &[u32], compression: Compression) -> Vec<u8> {
    let mut offset = 0;
    let buffers: Vec<(u64, u64)> = lengths
        .iter()
        .map(|&length| {
            let at = offset;
            offset += u64::from(length).next_multiple_of(ALIGNMENT as u64);
            (at, u64::from(length))
        })
        .collect();
    let metadata = encode_metadata(rows, nodes, &buffers, compression, offset);
    let padded = metadata.len().next_multiple_of(ALIGNMENT);
    let mut message = Vec::with_capacity(8 + padded);
    message.extend_from_slice(&u32::MAX.to_le_bytes());
    message.extend_from_slice(&(padded as u32).to_le_bytes());
    message.extend_from_slice(&metadata);
    message.resize(8 + padded, 0);
    message
}

/// The flatbuffer alone, for buffers that lie at (offset, length).
pub(crate) fn encode_metadata(
    rows: u32,
    nodes: &[Node],
    buffers: &[(u64, u64)],
    compression: Compression,
    body_length: u64,
) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::with_capacity(128 + nodes.len() * 16 + buffers.len() * 16);
    let nodes: Vec<FieldNode> =
        nodes.iter().map(|node| FieldNode::new(i64::from(node.length), i64::from(node.nulls))).collect();
    let buffers: Vec<Buffer> =
        buffers.iter().map(|&(offset, length)| Buffer::new(offset as i64, length as i64)).collect();
    let buffers = builder.create_vector(&buffers);
    let nodes = builder.create_vector(&nodes);
    let codec = match compression {
        Compression::None => None,
        Compression::Lz4Frame => Some(CompressionType::LZ4_FRAME),
        Compression::Zstd => Some(CompressionType::ZSTD),
    };
    let compression = codec.map(|codec| {
        let method = BodyCompressionMethod::BUFFER;
        BodyCompression::create(&mut builder, &BodyCompressionArgs { codec, method })
    });
    let batch = RecordBatchArgs {
        length: i64::from(rows),
        nodes: Some(nodes),
        buffers: Some(buffers),
        compression,
        variadicBufferCounts: None,
    };
    let header = RecordBatch::create(&mut builder, &batch).as_union_value();
    let message = MessageArgs {
        version: MetadataVersion::V5,
        header_type: MessageHeader::RecordBatch,
        header: Some(header),
        bodyLength: body_length as i64,
        custom_metadata: None,
    };
    let message = Message::create(&mut builder, &message);
    builder.finish(message, None);
    builder.finished_data().to_vec()
}
