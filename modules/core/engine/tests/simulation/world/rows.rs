//! Tables and rows of the simulations, and their compression.

use bytes::Bytes;
use thalweg_contract::{Codec, Operation, Scanned, TableHandle, Ticket};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{ColumnType, DataType, Schema, TableDescriptor, TablePath},
};

use super::*;

pub(crate) fn path(name: &str) -> TablePath {
    TablePath { database: "db".into(), table: name.into() }
}

/// A log table of an id and a text, compressed with LZ4 or not at all.
pub(crate) fn descriptor(buckets: u32, compression: &str) -> TableDescriptor {
    let column = |data_type| ColumnType { data_type, nullable: true };
    let columns = [("id", DataType::BigInt), ("text", DataType::String)];
    let columns = columns.into_iter().map(|(name, data_type)| (name.to_owned(), column(data_type), None));
    TableDescriptor {
        schema: Schema::new(columns).expect("two names"),
        comment: None,
        partition_keys: Vec::new(),
        bucket_keys: Vec::new(),
        bucket_count: Some(buckets),
        properties: [("table.log.arrow.compression.type".to_owned(), compression.to_owned())].into(),
        custom_properties: Default::default(),
    }
}

/// Appends rows with these ids.
pub(crate) fn append(world: &mut World, table: TableHandle, ids: &[i64]) -> Result<Ticket, thalweg_contract::Error> {
    let offsets: Vec<i32> = (0..=ids.len() as i32).map(|at| at * 4).collect();
    let text = b"text".repeat(ids.len());
    let columns = vec![
        Column { validity: None, values: Values::Int64(ids) },
        Column { validity: None, values: Values::Spans { offsets: &offsets, bytes: &text } },
    ];
    world.submit(table, Operation::Append, Batch { rows: ids.len(), columns })
}

/// The ids in rows that a scan gave; the id is the first column and never null.
pub(crate) fn ids(world: &World, scanned: &Scanned) -> Vec<i64> {
    numbers(world, scanned, 0).into_iter().map(|id| id.expect("an id is never null")).collect()
}

/// What a column of numbers has in rows that a scan gave, read from the message. Columns before it are numbers or texts.
pub(crate) fn numbers(world: &World, scanned: &Scanned, column: usize) -> Vec<Option<i64>> {
    let message = arrow_ipc::root_as_message(scanned.layout.message().expect("a message")).expect("a flatbuffer");
    let batch = message.header_as_record_batch().expect("a record batch");
    assert!(batch.compression().is_none() && batch.length() >= i64::from(scanned.first + scanned.rows));
    let (nodes, buffers) = (batch.nodes().expect("nodes"), batch.buffers().expect("buffers"));
    let body = Bytes::from(world.piece(&scanned.body));
    let bytes = |at: usize| {
        let buffer = buffers.get(at);
        body.slice(buffer.offset() as usize..(buffer.offset() + buffer.length()) as usize)
    };
    // A text has a validity, offsets and bytes, a number a validity and values. Offsets are as long as no numbers are,
    // unless there is one row.
    assert!(column == 0 || batch.length() > 1);
    let mut first = 0;
    for _ in 0..column {
        let text = bytes(first + 1).len() == (batch.length() as usize + 1) * 4;
        first += if text { 3 } else { 2 };
    }
    let (validity, values) = (bytes(first), bytes(first + 1));
    let all_valid = nodes.get(column).null_count() == 0;
    let valid = |row: usize| all_valid || validity[row / 8] >> (row % 8) & 1 == 1;
    let number = |value: &[u8]| i64::from_le_bytes(value.try_into().expect("eight"));
    let rows = values.chunks_exact(8).enumerate().map(|(row, value)| valid(row).then(|| number(value)));
    rows.skip(scanned.first as usize).take(scanned.rows as usize).collect()
}

pub(super) fn compress(codec: Codec, buffer: &[u8]) -> Vec<u8> {
    match codec {
        Codec::None => buffer.to_vec(),
        _ if buffer.is_empty() => Vec::new(),
        _ => {
            let mut out = (buffer.len() as i64).to_le_bytes().to_vec();
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            std::io::Write::write_all(&mut encoder, buffer).expect("into memory");
            out.extend(encoder.finish().expect("into memory"));
            out
        }
    }
}

pub(super) fn decompress(buffer: &[u8]) -> Vec<u8> {
    let (prefix, rest) = buffer.split_at(8);
    if prefix == (-1i64).to_le_bytes() {
        return rest.to_vec();
    }
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut lz4_flex::frame::FrameDecoder::new(rest), &mut out).expect("lz4");
    out
}
