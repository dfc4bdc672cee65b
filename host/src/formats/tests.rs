//! Every type there and back through every format.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use proptest::prelude::*;

use super::{Format, Input, ReadOptions, reader, writer};
use crate::columns;
use crate::columns::samples::{FLAT, NESTED, batch, chance, schema};

/// The formats that can be read.
const FORMATS: [Format; 4] = [Format::Json, Format::Csv, Format::Parquet, Format::Arrow];

/// Writes rows in a format, reads them and makes them fit the table again.
fn there_and_back(format: Format, rows: &RecordBatch) -> anyhow::Result<RecordBatch> {
    let file = tempfile::NamedTempFile::new()?;
    let mut out = writer(format, rows.schema(), file.reopen()?)?;
    out.write(rows)?;
    out.finish()?;
    let options = ReadOptions { batch_rows: rows.num_rows().max(1), ..ReadOptions::default() };
    let read = reader(&Input::File(file.path().into()), format, rows.schema(), options)?;
    let read = read.map(|read| Ok(columns::fit(&read?.batch, &rows.schema())?));
    Ok(concat_batches(&rows.schema(), &read.collect::<anyhow::Result<Vec<_>>>()?)?)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_type_comes_back_through_every_format(seed in any::<[u8; 32]>(), rows in 0..20_usize) {
        let mut rng = chance(&seed);
        let flat = FLAT.iter().flat_map(|text| FORMATS.map(|format| (*text, format)));
        let nested = NESTED.iter().flat_map(|text| FORMATS.map(|format| (*text, format)));
        let nested = nested.filter(|(_, format)| *format != Format::Csv);
        for (text, format) in flat.chain(nested) {
            let rows = batch(&schema(&["INT NOT NULL", text]), rows, &mut rng);
            match there_and_back(format, &rows) {
                Ok(read) => prop_assert_eq!(&read, &rows, "{} through {:?}", text, format),
                Err(error) => prop_assert!(false, "{text} through {format:?}: {error}"),
            }
        }
    }
}

#[test]
fn maps_are_read_in_either_form() {
    let schema = schema(&["MAP<INT, BOOLEAN>", "MAP<ROW<a INT>, STRING>"]);
    let read = |text: &str| -> anyhow::Result<RecordBatch> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        let options = ReadOptions { batch_rows: 10, ..ReadOptions::default() };
        let read = reader(&Input::File(file.path().into()), Format::Json, schema.clone(), options)?;
        Ok(concat_batches(&schema, &read.map(|read| Ok(read?.batch)).collect::<anyhow::Result<Vec<_>>>()?)?)
    };
    let one = read(r#"{"c0":{"1":true,"-2":null},"c1":[{"key":{"a":1},"value":"x"}]}"#).expect("an object");
    let other = read(r#"{"c1":[{"value":"x","key":{"a":1}}],"c0":[{"key":1,"value":true},{"key":-2,"value":null}]}"#);
    assert_eq!(other.expect("a list"), one);
    let refused = [
        (r#"{"c0":3}"#, "3 is no MAP<INT, BOOLEAN>"),
        (r#"{"c0":[{"key":1}]}"#, "just the members"),
        (r#"{"c0":[{"key":1,"value":true,"more":1}]}"#, "just the members"),
        (r#"{"c0":[{"key":1,"key":1,"value":true}]}"#, "just the members"),
        (r#"{"c0":[1]}"#, "just the members"),
        (r#"{"c0":{"x":true}}"#, "x"),
        (r#"{"c0":[{"key":null,"value":true}]}"#, "null"),
    ];
    for (text, problem) in refused {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains("line 1") && error.contains(problem), "{text}: {error}");
    }
}
