//! Rows, batches of keys, batches of values.

use thalweg_wire::record::{
    ColumnsBuilder, KvBatch, KvBatchBuilder, KvBatches, RowDecoder, RowFields, RowFormat, Value, ValueBatch,
    ValueBatchBuilder, message_of,
};

use crate::common::Random;
use crate::common::read::read_plain;
use crate::machine::Target;
use crate::samples::{FORMATS, Table, sealed};

/// Decodes a row; what comes of it is encoded again, and then decodes to the same.
pub(crate) fn check_row(table: &Table, format: RowFormat, row: &[u8]) {
    check_fields(table, format, row);
    let decoder = RowDecoder::new(&table.layout, format).expect("all columns");
    let mut builder = ColumnsBuilder::new(table.layout.clone());
    if decoder.append(row, &mut builder).is_err() {
        return;
    }
    let rows = read_plain(&message_of(&mut builder), &table.arrow).expect("columns that arrow-rs takes");
    // A field that may not be null is left in a ROW that is: then there is nothing to encode.
    if table.layout.check(&crate::common::borrow(&rows)).is_err() {
        return;
    }
    let mut again = ColumnsBuilder::new(table.layout.clone());
    let Some(encoded) = table.try_encoded(format, &rows) else { return };
    for row in encoded {
        decoder.append(&row, &mut again).expect("what was encoded decodes");
    }
    assert_eq!(read_plain(&message_of(&mut again), &table.arrow).expect("columns that arrow-rs takes"), rows);
}

fn check_fields(table: &Table, format: RowFormat, row: &[u8]) {
    let Ok(fields) = RowFields::parse_as(&table.layout, format, row) else { return };
    let mut again = Vec::new();
    RowFields::write_as(&table.layout, format, fields.fields(), &mut again);
    assert_eq!(RowFields::parse_as(&table.layout, format, &again), Ok(fields));
}

/// The table and the format that the first two bytes say, and the rest.
pub(crate) fn chosen<'t, 'i>(tables: &'t [Table], input: &'i [u8]) -> Option<(&'t Table, RowFormat, &'i [u8])> {
    let ([table, format], rest) = input.split_first_chunk()?;
    Some((&tables[usize::from(*table) % tables.len()], FORMATS[usize::from(*format) % 2], rest))
}

/// Seeds that begin with the two bytes that `chosen` reads.
pub(crate) fn seeds(tables: &[Table], make: impl Fn(&Table, RowFormat, &mut Random) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut random = Random(3);
    let mut seeds = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for (format_at, format) in FORMATS.into_iter().enumerate() {
            let made = make(table, format, &mut random);
            seeds.extend(made.into_iter().map(|bytes| [&[at as u8, format_at as u8][..], &bytes].concat()));
        }
    }
    seeds
}

#[test]
fn rows() {
    let tables = Table::all();
    let seeds = seeds(&tables, |table, format, random| table.encoded(format, &table.rows(6, random)));
    let target = Target { name: "rows", seeds, words: &[], memory: (100, 32768), seconds: 2.0 };
    target.run(|input| {
        if let Some((table, format, row)) = chosen(&tables, input) {
            check_row(table, format, row);
        }
    });
}

#[test]
fn key_batches() {
    let tables = Table::all();
    let seeds = seeds(&tables, |table, format, random| {
        let whole = table.key_batch(format, &table.rows(4, random));
        vec![[&whole[..], &whole].concat(), whole]
    });
    let target = Target { name: "key_batches", seeds, words: &[], memory: (100, 65536), seconds: 1.5 };
    target.run(|input| {
        let Some((table, format, batches)) = chosen(&tables, input) else { return };
        for bytes in [batches.to_vec(), checksummed(batches.to_vec())] {
            KvBatches::new(&bytes).flatten().for_each(|batch| check_key_batch(table, format, &batch));
        }
    });
}

/// With the checksum that the first batch needs.
fn checksummed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.first_chunk().map_or(0, |length| i32::from_le_bytes(*length));
    let end = usize::try_from(length).map_or(0, |length| length.saturating_add(4)).min(bytes.len());
    if end > 9 {
        let checksum = crc32c::crc32c(&bytes[9..end]);
        bytes[5..9].copy_from_slice(&checksum.to_le_bytes());
    }
    bytes
}

fn check_key_batch(table: &Table, format: RowFormat, batch: &KvBatch<'_>) {
    let records: Vec<_> = batch.records().collect();
    let Ok(records) = records.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let mut builder = KvBatchBuilder::new();
    for record in &records {
        match record.row {
            Some(row) => {
                check_row(table, format, row);
                builder.upsert(record.key, row)
            }
            None => builder.delete(record.key),
        }
        .expect("it is short");
    }
    let bytes = sealed(batch.schema_id, (batch.writer_id, batch.sequence), builder);
    let again = KvBatch::parse(&bytes).expect("a whole batch");
    assert_eq!(again.records().collect::<Result<Vec<_>, _>>(), Ok(records));
}

#[test]
fn value_batches() {
    let tables = Table::all();
    let seeds = seeds(&tables, |table, format, random| {
        let mut builder = ValueBatchBuilder::new();
        for row in table.encoded(format, &table.rows(3, random)) {
            let mut value = Vec::new();
            Value { schema_id: 1, row: &row }.write(&mut value);
            builder.push(&value).expect("it is short");
        }
        vec![builder.finish()]
    });
    let target = Target { name: "value_batches", seeds, words: &[], memory: (100, 32768), seconds: 1.0 };
    target.run(|input| {
        let Some((table, format, bytes)) = chosen(&tables, input) else { return };
        let Ok(batch) = ValueBatch::parse(bytes) else { return };
        let values: Vec<_> = batch.values().collect();
        let Ok(values) = values.into_iter().collect::<Result<Vec<Value<'_>>, _>>() else { return };
        let mut builder = ValueBatchBuilder::new();
        for value in values {
            check_row(table, format, value.row);
            let mut stored = Vec::new();
            value.write(&mut stored);
            assert_eq!(Value::parse(&stored), Ok(value));
            builder.push(&stored).expect("it is short");
        }
        assert_eq!(builder.finish(), bytes);
    });
}
