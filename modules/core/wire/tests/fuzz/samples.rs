//! Tables whose rows the targets read: their columns, and good rows of them in every form.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_wire::record::{
    BatchContent, BatchHead, ChangeType, ColumnsBuilder, Compression, KvBatchBuilder, KvContent, Layout,
    LogRowsBuilder, NO_WRITER, RecordError, RowEncoder, RowFormat, RowsContent, encode_message, kv_head,
};
use thalweg_wire::table::Schema;

use crate::common::{Random, borrow, random_batch};

pub(crate) const FORMATS: [RowFormat; 2] = [RowFormat::Compacted, RowFormat::Indexed];

/// Columns of tables. The first is that of the captured logs, the second that of the captured changes.
const TABLES: [&str; 7] = [
    "c0 INT, c1 STRING, c2 BOOLEAN, c3 DECIMAL(10, 2), c4 TIMESTAMP(6), c5 ARRAY<STRING>, c6 MAP<STRING, BIGINT>, \
     c7 ROW<x DOUBLE, label STRING>",
    "c0 INT NOT NULL, c1 STRING, c2 ARRAY<STRING>",
    "c0 STRING, c1 ARRAY<STRING>",
    "c0 BOOLEAN NOT NULL, c1 TINYINT, c2 SMALLINT NOT NULL, c3 FLOAT, c4 DOUBLE, c5 DECIMAL(38, 10), c6 CHAR(24), \
     c7 BINARY(3), c8 BYTES, c9 DATE, c10 TIME(0), c11 TIME(9), c12 TIMESTAMP(9), c13 TIMESTAMP_LTZ(3)",
    "c0 ARRAY<ROW<>>, c1 ROW<>, c2 MAP<INT, ROW<>>",
    "c0 ARRAY<ARRAY<DECIMAL(20, 2)>>, c1 MAP<STRING, ROW<a SMALLINT NOT NULL, b MAP<INT, STRING>>>, \
     c2 ARRAY<ROW<a ARRAY<BOOLEAN NOT NULL>>>",
    "c0 BIGINT",
];

/// A table.
pub(crate) struct Table {
    pub(crate) schema: Schema,
    pub(crate) arrow: SchemaRef,
    pub(crate) layout: Layout,
}

impl Table {
    pub(crate) fn all() -> Vec<Self> {
        let table = |sql: &&str| {
            let schema = Schema::parse_sql(sql).expect("columns");
            let (arrow, layout) = (Arc::new(arrow_schema::Schema::from(&schema)), Layout::of_schema(&schema));
            Self { schema, arrow, layout }
        };
        TABLES.iter().map(table).collect()
    }

    pub(crate) fn rows(&self, count: usize, random: &mut Random) -> RecordBatch {
        random_batch(&self.arrow, count, random)
    }

    /// Each row as bytes.
    pub(crate) fn encoded(&self, format: RowFormat, rows: &RecordBatch) -> Vec<Vec<u8>> {
        self.try_encoded(format, rows).expect("rows that fit")
    }

    /// As `encoded`, of rows that were decoded; `None` where a decimal has more digits than its type, which decoders
    /// leave to others.
    pub(crate) fn try_encoded(&self, format: RowFormat, rows: &RecordBatch) -> Option<Vec<Vec<u8>>> {
        let encoder = RowEncoder::new(&self.layout, None, format).expect("all columns");
        let encode = |row| {
            let mut out = Vec::new();
            match encoder.encode(&borrow(rows), row, &mut out) {
                Err(RecordError::Digits { .. } | RecordError::Long { .. }) => None,
                encoded => encoded.map(|()| out).map(Some).expect("a row that fits"),
            }
        };
        (0..rows.num_rows()).map(encode).collect()
    }

    /// A batch of a log of Arrow messages.
    pub(crate) fn log_batch(&self, rows: &RecordBatch, changes: Option<&[ChangeType]>) -> Vec<u8> {
        let mut builder = ColumnsBuilder::new(self.layout.clone());
        builder.append_range(&borrow(rows), 0, rows.num_rows()).expect("rows that fit");
        let records = rows.num_rows() as u32;
        let (nodes, buffers) = builder.finish();
        let lengths: Vec<u32> = buffers.iter().map(|buffer| buffer.len() as u32).collect();
        let message = encode_message(records, &nodes, &lengths, Compression::None);
        let mut body = Vec::new();
        for buffer in buffers {
            body.extend(buffer);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
        let content = BatchContent {
            schema_id: 1,
            writer: (7, 3),
            records,
            changes,
            message: &message,
            body_length,
            body_checksum,
        };
        [BatchHead::encode(&content).expect("it is short").bytes(), &body].concat()
    }

    /// A batch of a log of rows.
    pub(crate) fn row_batch(&self, format: RowFormat, rows: &RecordBatch) -> Vec<u8> {
        let mut builder = LogRowsBuilder::new();
        for (at, row) in self.encoded(format, rows).iter().enumerate() {
            let change = ChangeType::try_from(at as u8 % 5).expect("it is known");
            builder.push(change, row).expect("it is short");
        }
        let (records, append_only) = (builder.records(), builder.is_append_only());
        let body = builder.into_bytes();
        let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
        let content = RowsContent { schema_id: 1, writer: NO_WRITER, records, append_only, body_length, body_checksum };
        [BatchHead::of_rows(&content).expect("it is short").bytes(), &body].concat()
    }

    /// A batch of keys and rows.
    pub(crate) fn key_batch(&self, format: RowFormat, rows: &RecordBatch) -> Vec<u8> {
        let mut builder = KvBatchBuilder::new();
        for (at, row) in self.encoded(format, rows).iter().enumerate() {
            let key = [at as u8];
            if at % 3 == 2 { builder.delete(&key) } else { builder.upsert(&key, row) }.expect("it is short");
        }
        sealed(1, (7, 3), builder)
    }
}

/// A whole batch of what was gathered.
pub(crate) fn sealed(schema_id: i16, writer: (i64, i32), builder: KvBatchBuilder) -> Vec<u8> {
    let records = builder.records();
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let content = KvContent { schema_id, records, body_length, body_checksum };
    [&kv_head(&content, writer).expect("it is short")[..], &body].concat()
}
