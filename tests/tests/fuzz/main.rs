//! The readers of CSV, JSON, Parquet and Arrow under inputs that go wrong: no panic, no hang, no more memory than the input
//! warrants. Of text, what `table create --like` takes `append` takes, and rows that are written down come back.
//! `modules/core/wire/tests/fuzz/machine` says how it runs, and how to run it for longer.

#[expect(dead_code, reason = "some of it is for the tests of the wire formats")]
#[path = "../../../modules/core/wire/tests/common/mod.rs"]
mod common;
#[path = "../../../modules/core/wire/tests/fuzz/machine/mod.rs"]
mod machine;
mod samples;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use thalweg::formats::{Format, FormatError, InferOptions, Input, ReadOptions, infer_schema, reader, writer};
use thalweg::table::{ArrowColumn as _, ColumnType, Schema};

use machine::Target;

/// Rows in a batch.
const BATCH_ROWS: usize = 1024;

/// All rows of a file, as those of a table; `None` where there are none.
fn read(file: &Path, format: Format, table: &SchemaRef) -> Result<Option<RecordBatch>, FormatError> {
    let options = ReadOptions::with_batch_rows(BATCH_ROWS);
    let (mut batches, mut rows) = (Vec::new(), 0);
    for read in reader(&Input::File(file.to_path_buf()), format, table.clone(), options)? {
        let read = read?;
        rows += read.batch.num_rows();
        let _ = read.place.of(read.batch.num_rows().saturating_sub(1));
        // A few bytes may be a million rows of nulls: that is no fault, but no use either.
        if rows < 4 * BATCH_ROWS {
            batches.push(read.batch);
        }
    }
    let Some(first) = batches.first() else { return Ok(None) };
    Ok(Some(concat_batches(&first.schema(), &batches).expect("batches of one schema")))
}

/// The columns that a file suggests, as those of a table.
fn columns(file: &Path, format: Format) -> Option<Schema> {
    let options = InferOptions { format: Some(format), ..InferOptions::default() };
    let inferred = infer_schema(&Input::File(file.to_path_buf()), &options).ok()?;
    let columns = inferred.schema.fields().iter();
    let columns = columns.map(|field| Some((field.name().clone(), ColumnType::from_arrow(field).ok()?, None)));
    Schema::new(columns.collect::<Option<Vec<_>>>()?).ok()
}

/// Rows written down, and read again.
fn written(rows: &RecordBatch, format: Format, file: &Path) -> Option<RecordBatch> {
    let out = std::fs::File::create(file).expect("a temporary file");
    let mut out = writer(format, rows.schema(), out).ok()?;
    out.write(rows).ok()?;
    out.finish().expect("rows that were taken are written");
    read(file, format, &rows.schema()).expect("what was written is read")
}

/// Tries a reader; text is read as the table that it suggests, and comes back when it is written down.
fn fuzz(name: &str, format: Format, seeds: Vec<Vec<u8>>, words: &[&str], text: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, again) = (folder.path().join("rows"), folder.path().join("again"));
    let every_type: SchemaRef = samples::table();
    // Readers of columns and compressed pages have room of their own; a batch of some rows has it too.
    let target = Target { name, seeds, words, memory: (4096, 48 << 20), seconds: 5.0 };
    target.run(|input| {
        std::fs::write(&file, input).expect("a temporary file");
        let _ = read(&file, format, &every_type);
        let Some(table) = columns(&file, format) else { return };
        let arrow: SchemaRef = Arc::new(arrow_schema::Schema::from(&table));
        let rows = read(&file, format, &arrow);
        if !text {
            return;
        }
        if let Some(rows) = rows.expect("what --like takes is read") {
            let back = written(&rows, format, &again).expect("rows");
            assert_eq!(format!("{back:?}"), format!("{rows:?}"), "rows come back");
        }
    });
}

#[test]
fn csv() {
    fuzz("csv", Format::Csv, samples::csv(), samples::CSV_WORDS, true);
}

#[test]
fn json() {
    fuzz("json", Format::Json, samples::json(), samples::JSON_WORDS, true);
}

#[test]
fn parquet() {
    fuzz("parquet", Format::Parquet, samples::parquet(), &[], false);
}

#[test]
fn arrow() {
    fuzz("arrow", Format::Arrow, samples::arrow(), &[], false);
}
