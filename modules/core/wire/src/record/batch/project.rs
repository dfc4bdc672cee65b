//! Batches with fewer columns, made without decompressing: what a server does for a projecting fetch (`fluss.md` 2.5).

use crate::record::columns::message::encode_message;
use crate::record::place::put;
use crate::record::{ALIGNMENT, CheckedMessage, Layout, LogBatch, RecordError};

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
        let places = layout.column(column)?;
        let fields = layout.fields().get(places.clone()).unwrap_or_default();
        for (field, node) in fields.iter().zip(message.nodes.get(places).unwrap_or_default()) {
            nodes.push(*node);
            buffers.extend(message.buffers.iter().skip(field.buffer).take(field.shape.buffers()));
        }
    }
    let taken: u64 = buffers.iter().map(|buffer| buffer.range.len() as u64).sum();
    if taken > message.body.len() as u64 {
        // Many columns that share their bytes would make a batch many times as long as this one.
        return Err(overlap(batch));
    }
    let lengths: Vec<u32> = buffers.iter().map(|buffer| buffer.range.len() as u32).collect();
    let metadata = encode_message(message.rows, &nodes, &lengths, message.compression);

    let begin = out.len();
    out.extend_from_slice(bytes.get(..batch.header_length()).unwrap_or_default());
    out.extend_from_slice(batch.change_bytes().unwrap_or_default());
    out.extend_from_slice(&metadata);
    for buffer in buffers {
        out.extend_from_slice(bytes.get(buffer.range.clone()).unwrap_or_default());
        out.resize(out.len() + buffer.range.len().next_multiple_of(ALIGNMENT) - buffer.range.len(), 0);
    }
    let length = out.len() - begin - crate::record::batch::head::OVERHEAD;
    let length = i32::try_from(length).map_err(|_| overlap(batch))?;
    put(out, begin + 8, length.to_le_bytes());
    if batch.magic > 0 {
        let end = begin + batch.header_length();
        put(out, end - 4, [0; 4]);
    }
    Ok(())
}

fn overlap(batch: &LogBatch<'_>) -> RecordError {
    RecordError::CorruptBatch { base_offset: batch.base_offset, reason: "its buffers overlap".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::columns::message::encode_metadata;
    use crate::record::{BatchContent, BatchHead, Compression, NO_WRITER, Node};
    use crate::table::Schema;

    #[test]
    fn columns_that_share_their_bytes_do_not_multiply() {
        let schema = Schema::parse_sql("a BIGINT, b BIGINT").expect("two columns");
        let places = [(0, 0), (0, 16), (0, 0), (0, 16)];
        let metadata = encode_metadata(2, &[Node { length: 2, nulls: 0 }; 2], &places, Compression::None, 16);
        let mut message = [&[0xff; 4][..], &(metadata.len() as u32).to_le_bytes(), &metadata].concat();
        message.extend_from_slice(&[7; 16]);
        let content = BatchContent {
            schema_id: 1,
            writer: NO_WRITER,
            records: 2,
            changes: None,
            message: &message,
            body_length: 0,
            body_checksum: 0,
        };
        let bytes = BatchHead::encode(&content).expect("it is short").into_bytes();
        let batch = LogBatch::parse(&bytes).expect("it is whole");
        let (layout, mut out) = (Layout::of_schema(&schema), Vec::new());
        project(&batch, &layout, &[1], &mut out).expect("one column has bytes of its own");
        let one = out.len();
        assert!(matches!(project(&batch, &layout, &[0, 1], &mut out), Err(RecordError::CorruptBatch { .. })));
        assert_eq!(out.len(), one);
    }
}
