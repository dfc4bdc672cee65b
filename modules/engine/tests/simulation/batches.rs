//! Batches of the log as another client writes them.

use thalweg_wire::{
    column::{Batch, Column, Values},
    record::{BatchContent, BatchHead, ColumnsBuilder, Compression, Layout, NO_WRITER, encode_message},
    table::Schema,
};

/// What the columns of a table look like.
pub(crate) fn columns_of(schema: &Schema) -> Layout {
    Layout::of_schema(schema)
}

/// A batch of Arrow columns, uncompressed: these ids and the same text in each row.
pub(crate) fn arrow_batch(columns: &Layout, schema_id: i16, ids: &[i64], changes: Option<&[u8]>) -> Vec<u8> {
    let offsets: Vec<i32> = (0..=ids.len() as i32).map(|at| at * 4).collect();
    let text = b"text".repeat(ids.len());
    let rows = Batch {
        rows: ids.len(),
        columns: vec![
            Column { validity: None, values: Values::Int64(ids) },
            Column { validity: None, values: Values::Spans { offsets: &offsets, bytes: &text } },
        ],
    };
    let mut builder = ColumnsBuilder::new(columns.clone());
    builder.append_range(&rows, 0, ids.len()).expect("they fit");
    let (nodes, buffers) = builder.finish();
    let lengths: Vec<u32> = buffers.iter().map(|buffer| buffer.len() as u32).collect();
    let mut body = Vec::new();
    for buffer in buffers {
        body.extend(buffer);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    let message = encode_message(ids.len() as u32, &nodes, &lengths, Compression::None);
    let head = BatchHead::encode(&BatchContent {
        schema_id,
        writer: NO_WRITER,
        records: ids.len() as u32,
        changes,
        message: &message,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    });
    [head.expect("it is short").into_bytes(), body].concat()
}
