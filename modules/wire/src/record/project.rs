//! Batches with fewer columns, made without decompressing: what a server does for a projecting fetch (`fluss.md` 2.5).

use super::message::encode_message;
use super::{ALIGNMENT, CheckedMessage, Layout, LogBatch, RecordError};

/// Appends to `out` the batch with only these top-level columns, which must rise; `layout` is that of all columns.
///
/// As the Java server does it: the header stays but for its length and the statistics, which are gone, so that the
/// checksum is wrong; changes stay; buffers are copied as they are, compressed or not. A batch that is only a header
/// stays as it is.
pub fn project(batch: &LogBatch<'_>, layout: &Layout, columns: &[usize], out: &mut Vec<u8>) -> Result<(), RecordError> {
    let bytes = batch.bytes();
    if columns.is_empty() || !columns.is_sorted_by(|a, b| a < b) {
        return Err(RecordError::ProjectionOrder);
    }
    if batch.rows_range().is_empty() {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    let message = CheckedMessage::of_batch(batch, layout, u32::MAX)?;
    let mut nodes = Vec::with_capacity(layout.fields().len());
    let mut buffers = Vec::with_capacity(layout.buffer_count());
    for &column in columns {
        for place in layout.column(column)? {
            let (field, node) = (&layout.fields()[place], &message.nodes[place]);
            nodes.push(*node);
            buffers.extend(message.buffers.iter().skip(field.buffer).take(field.shape.buffers()));
        }
    }
    let lengths: Vec<u32> = buffers.iter().map(|buffer| buffer.range.len() as u32).collect();
    let metadata = encode_message(message.rows, &nodes, &lengths, message.compression);

    let begin = out.len();
    out.extend_from_slice(bytes.get(..batch.header_length()).unwrap_or_default());
    out.extend_from_slice(batch.changes().unwrap_or_default());
    out.extend_from_slice(&metadata);
    for buffer in buffers {
        out.extend_from_slice(bytes.get(buffer.range.clone()).unwrap_or_default());
        out.resize(out.len() + buffer.range.len().next_multiple_of(ALIGNMENT) - buffer.range.len(), 0);
    }
    let length = out.len() - begin - super::head::OVERHEAD;
    let length = i32::try_from(length).map_err(|_| RecordError::CorruptBatch {
        base_offset: batch.base_offset,
        reason: "its buffers overlap".into(),
    })?;
    out[begin + 8..begin + 12].copy_from_slice(&length.to_le_bytes());
    if batch.magic > 0 {
        let end = begin + batch.header_length();
        out[end - 4..end].fill(0);
    }
    Ok(())
}
