//! Batches as an unkind server has them: sound, but laid out as nobody would.

use arrow_ipc::{
    Buffer, FieldNode, Message, MessageArgs, MessageHeader, MetadataVersion, RecordBatch, RecordBatchArgs,
};
use flatbuffers::FlatBufferBuilder;
use thalweg_wire::record::{BatchContent, BatchHead, NO_WRITER};

/// A batch of so many columns of these numbers, which all lie at the same place, `shift` bytes from the beginning.
pub(crate) fn batch(columns: usize, numbers: &[i64], shift: usize) -> Vec<u8> {
    let mut body = vec![0; shift];
    body.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    body.resize(body.len().next_multiple_of(8), 0);
    let mut builder = FlatBufferBuilder::new();
    let nodes = vec![FieldNode::new(numbers.len() as i64, 0); columns];
    let buffers: Vec<Buffer> =
        (0..columns).flat_map(|_| [Buffer::new(0, 0), Buffer::new(shift as i64, numbers.len() as i64 * 8)]).collect();
    let (buffers, nodes) = (builder.create_vector(&buffers), builder.create_vector(&nodes));
    let rows = RecordBatchArgs {
        length: numbers.len() as i64,
        nodes: Some(nodes),
        buffers: Some(buffers),
        compression: None,
        variadicBufferCounts: None,
    };
    let header = RecordBatch::create(&mut builder, &rows).as_union_value();
    let message = MessageArgs {
        version: MetadataVersion::V5,
        header_type: MessageHeader::RecordBatch,
        header: Some(header),
        bodyLength: body.len() as i64,
        custom_metadata: None,
    };
    let message = Message::create(&mut builder, &message);
    builder.finish(message, None);
    let metadata = builder.finished_data();
    let padded = metadata.len().next_multiple_of(8);
    let mut message = [&[0xff; 4][..], &(padded as u32).to_le_bytes(), metadata].concat();
    message.resize(8 + padded, 0);
    let head = BatchHead::encode(&BatchContent {
        schema_id: 1,
        writer: NO_WRITER,
        records: numbers.len() as u32,
        changes: None,
        message: &message,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    });
    [head.expect("it is short").into_bytes(), body].concat()
}
