//! The functions of tests/bench-modules over Arrow IPC streams: a stream of one batch in, a stream of one batch out.
//!
//! A batch of one column is taken for the function's own: a map gives that column, a filter a column of booleans. Of a
//! batch of more columns comes the whole batch that the function makes of it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::filter::filter_record_batch;

wit_bindgen::generate!({
    inline: "
        package thalweg:arrow-ipc;

        world arrow-ipc {
            export apply: func(function: string, batch: list<u8>) -> result<list<u8>, string>;
        }
    ",
});

struct Component;

export!(Component);

impl Guest for Component {
    fn apply(function: String, batch: Vec<u8>) -> Result<Vec<u8>, String> {
        run(&function, batch).map_err(|error| error.to_string())
    }
}

fn run(function: &str, stream: Vec<u8>) -> Result<Vec<u8>, ArrowError> {
    let size = stream.len();
    let batch = StreamDecoder::new().decode(&mut Buffer::from_vec(stream))?;
    let batch = batch.ok_or_else(|| ArrowError::IpcError("no batch".to_owned()))?;
    let made = apply(function, &batch)?;
    let mut writer = StreamWriter::try_new(Vec::with_capacity(size), &made.schema())?;
    writer.write(&made)?;
    writer.into_inner()
}

fn apply(function: &str, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    match function {
        "late" => {
            keep(batch, "delay", |delay| BooleanArray::from_unary(delay.as_primitive::<Int32Type>(), |it| it > 30))
        }
        "seattle" => {
            keep(batch, "origin", |origin| BooleanArray::from_unary(origin.as_string::<i32>(), |it| it == "SEA"))
        }
        "kilometres" => replace(batch, "distance", |distance| {
            Arc::new(distance.as_primitive::<Float64Type>().unary::<_, Float64Type>(|it| it * 1.609344))
        }),
        "city" => replace(batch, "destination", |destination| {
            let city = |text| str::split_once(text, ',').map_or(text, |(city, _)| city);
            Arc::new(destination.as_string::<i32>().iter().map(|text| text.map(city)).collect::<StringArray>())
        }),
        other => Err(ArrowError::NotYetImplemented(other.to_owned())),
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))
}

fn keep(
    batch: &RecordBatch,
    name: &str,
    keep: impl FnOnce(&dyn Array) -> BooleanArray,
) -> Result<RecordBatch, ArrowError> {
    let kept = keep(column(batch, name)?);
    if batch.num_columns() > 1 {
        return filter_record_batch(batch, &kept);
    }
    let schema = Schema::new(vec![Field::new(name, DataType::Boolean, true)]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(kept)])
}

fn replace(
    batch: &RecordBatch,
    name: &str,
    map: impl FnOnce(&dyn Array) -> ArrayRef,
) -> Result<RecordBatch, ArrowError> {
    let made = map(column(batch, name)?);
    let at = batch.schema_ref().index_of(name)?;
    let mut columns = batch.columns().to_vec();
    columns[at] = made;
    RecordBatch::try_new(batch.schema(), columns)
}
