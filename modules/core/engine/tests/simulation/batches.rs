//! Batches of the log as another client writes them.

use thalweg_wire::{
    column::{Batch, Column, Values},
    record::{
        BatchContent, BatchHead, ChangeType, ColumnsBuilder, Compression, Layout, LogRowsBuilder, NO_WRITER,
        RowEncoder, RowFormat, RowsContent, encode_message,
    },
    table::{DataType, Schema},
};

/// Rows: these ids in every column of numbers, and the same text in every other column.
struct Rows<'a> {
    ids: &'a [i64],
    offsets: Vec<i32>,
    text: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(ids: &'a [i64]) -> Self {
        let offsets = (0..=ids.len() as i32).map(|at| at * 4).collect();
        Self { ids, offsets, text: b"text".repeat(ids.len()) }
    }

    fn batch(&self, schema: &Schema) -> Batch<'_> {
        let columns = schema.columns.iter().map(|column| Column {
            validity: None,
            values: match column.column_type.data_type {
                DataType::BigInt => Values::Int64(self.ids),
                _ => Values::Spans { offsets: &self.offsets, bytes: &self.text },
            },
        });
        Batch { rows: self.ids.len(), columns: columns.collect() }
    }
}

/// A batch of Arrow columns, uncompressed.
pub(crate) fn arrow_batch(schema: &Schema, schema_id: i16, ids: &[i64], changes: Option<&[ChangeType]>) -> Vec<u8> {
    let mut builder = ColumnsBuilder::new(Layout::of_schema(schema));
    builder.append_range(&Rows::new(ids).batch(schema), 0, ids.len()).expect("they fit");
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

/// Single rows, each encoded in this format.
pub(crate) fn rows(schema: &Schema, format: RowFormat, ids: &[i64]) -> Vec<Vec<u8>> {
    let encoder = RowEncoder::new(&Layout::of_schema(schema), None, format).expect("plain columns");
    let rows = Rows::new(ids);
    let batch = rows.batch(schema);
    let encode = |row| {
        let mut out = Vec::new();
        encoder.encode(&batch, row, &mut out).expect("it fits");
        out
    };
    (0..ids.len()).map(encode).collect()
}

/// A batch of single rows with the same change each.
pub(crate) fn row_batch(
    schema: &Schema,
    schema_id: i16,
    format: RowFormat,
    ids: &[i64],
    change: ChangeType,
) -> Vec<u8> {
    let mut builder = LogRowsBuilder::new();
    rows(schema, format, ids).iter().for_each(|row| builder.push(change, row).expect("it is short"));
    let (records, append_only) = (builder.records(), builder.is_append_only());
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let head = BatchHead::of_rows(&RowsContent {
        schema_id,
        writer: NO_WRITER,
        records,
        append_only,
        body_length,
        body_checksum,
    });
    [head.expect("it is short").bytes(), &body].concat()
}
