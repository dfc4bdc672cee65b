//! Columns that a module gave: whether they fit, and what is made of them, fitting or not.

use thalweg_wire::column::{Batch, Values};
use thalweg_wire::record::{ColumnsBuilder, KeyEncoder, KeyFormat, PartitionEncoder, RowEncoder};

use crate::common::{Random, borrow};
use crate::machine::Target;
use crate::samples::{FORMATS, Table};

/// Decisions, taken from the input one after the other.
struct Decisions<'a>(&'a [u8]);

impl Decisions<'_> {
    fn next(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(*first))
    }
}

/// Takes from the end of a slice, as many as were decided.
fn cut<T>(values: &[T], by: usize) -> &[T] {
    &values[..values.len().saturating_sub(by)]
}

/// Changes one column; offsets become `offsets`.
fn spoil<'a>(batch: &mut Batch<'a>, column: usize, how: usize, offsets: &'a [i32]) {
    let count = batch.columns.len();
    let column = &mut batch.columns[column % count];
    column.values = match (how % 4, column.values) {
        (0, values) => {
            column.validity = column.validity.map(|validity| cut(validity, 1 + how / 4));
            values
        }
        (1, Values::Spans { bytes, .. }) => Values::Spans { offsets, bytes },
        (1, Values::Offsets(_)) => Values::Offsets(offsets),
        (2, Values::Spans { offsets, bytes }) => Values::Spans { offsets, bytes: cut(bytes, how / 4) },
        (3, _) => Values::Fixed(&[1, 2, 3]),
        (_, Values::Bits(values)) => Values::Bits(cut(values, how / 4)),
        (_, Values::Int8(values)) => Values::Int8(cut(values, how / 4)),
        (_, Values::Int16(values)) => Values::Int16(cut(values, how / 4)),
        (_, Values::Int32(values)) => Values::Int32(cut(values, how / 4)),
        (_, Values::Int64(values)) => Values::Int64(cut(values, how / 4)),
        (_, Values::Float32(values)) => Values::Float32(cut(values, how / 4)),
        (_, Values::Float64(values)) => Values::Float64(cut(values, how / 4)),
        (_, Values::Fixed(values)) => Values::Fixed(cut(values, how / 4)),
        (_, Values::Spans { offsets, bytes }) => Values::Spans { offsets: cut(offsets, how / 4), bytes },
        (_, Values::Offsets(values)) => Values::Offsets(cut(values, how / 4)),
        (_, Values::None) => Values::None,
    };
}

#[test]
fn columns() {
    let tables = Table::all();
    let mut random = Random(4);
    let seeds = (0..200).map(|_| (0..12).map(|_| random.number() as u8).collect()).collect();
    let target = Target { name: "columns", seeds, words: &[], memory: (64, 1 << 17), seconds: 1.5 };
    target.run(|input| {
        let mut next = Decisions(input);
        let (Some(table), Some(seed), Some(rows)) = (next.next(), next.next(), next.next()) else { return };
        let table = &tables[table % tables.len()];
        let rows = table.rows(rows % 9, &mut Random(seed as u64));
        let offsets: Vec<i32> = input.iter().map(|byte| i32::from(*byte as i8)).collect();
        let mut batch = borrow(&rows);
        while let (Some(column), Some(how)) = (next.next(), next.next()) {
            spoil(&mut batch, column, how, &offsets);
        }
        check(table, &batch);
    });
}

/// Nothing panics; and what passed the check is encoded.
fn check(table: &Table, batch: &Batch<'_>) {
    let fits = table.layout.check(batch).is_ok();
    let mut builder = ColumnsBuilder::new(table.layout.clone());
    let gathered = builder.append_range(batch, 0, batch.rows).is_ok();
    assert!(gathered || !fits, "what fits is gathered");
    let _ = ColumnsBuilder::new(table.layout.clone()).append_rows(batch, &[0, 2, 1]);
    for format in FORMATS {
        let encoder = RowEncoder::new(&table.layout, None, format).expect("all columns");
        for row in 0..batch.rows + 1 {
            let encoded = encoder.encode(batch, row, &mut Vec::new()).is_ok();
            assert!(encoded || !fits || row == batch.rows || !always_fits(table), "what fits is encoded");
        }
    }
    for column in 0..table.schema.columns.len() {
        for format in [KeyFormat::Compacted, KeyFormat::Paimon, KeyFormat::Iceberg] {
            if let Ok(encoder) = KeyEncoder::with_format(&table.layout, &[column], format) {
                (0..batch.rows + 1).for_each(|row| drop(encoder.encode(batch, row, &mut Vec::new())));
            }
        }
        if let Ok(encoder) = PartitionEncoder::new(&table.layout, &[column]) {
            (0..batch.rows + 1).for_each(|row| drop(encoder.name(batch, row, &mut String::new())));
        }
    }
}

/// Rows of decimals, times and texts of a length can be refused for their values.
fn always_fits(table: &Table) -> bool {
    let sql = table.schema.to_string();
    !["DECIMAL", "TIME", "CHAR"].iter().any(|kind| sql.contains(kind))
}
