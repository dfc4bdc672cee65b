//! Parquet out. Parquet has no times in seconds: they are written in milliseconds, as other writers do, for as plain
//! integers most readers would not know them again.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;

use crate::formats::RowsOut;

/// Rows on their way into a Parquet file.
pub(super) struct ParquetOut<W: Write + Send> {
    writer: ArrowWriter<W>,
    /// The columns as they are written.
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetOut<W> {
    pub(super) fn new(out: W, schema: &Schema) -> Result<Self, ArrowError> {
        let schema = Arc::new(Schema::new_with_metadata(written_fields(schema.fields()), schema.metadata().clone()));
        Ok(Self { writer: ArrowWriter::try_new(out, Arc::clone(&schema), None)?, schema })
    }
}

impl<W: Write + Send> RowsOut for ParquetOut<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        const STRICT: CastOptions<'static> =
            CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };
        let columns = batch.columns().iter().zip(self.schema.fields()).map(|(column, field)| {
            match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => cast_with_options(column, field.data_type(), &STRICT),
            }
        });
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(self.writer.write(&RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)?)
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ArrowError> {
        self.writer.into_inner()?.flush()?;
        Ok(())
    }
}

fn written_fields(fields: &Fields) -> Fields {
    fields.iter().map(written).collect()
}

/// A field as it is written.
fn written(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::List(element) => DataType::List(written(element)),
        DataType::Map(entries, sorted) => DataType::Map(written(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(written_fields(fields)),
        _ => return Arc::clone(field),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::{Array, ArrayRef, StructArray, Time32SecondArray, TimestampSecondArray};
    use parquet::basic::{LogicalType, TimeUnit as ParquetUnit};
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::columns::fit;
    use crate::formats::{Format, Input, ReadOptions, reader, writer};

    /// Seconds at the top, in a row, in an array and in a map.
    fn rows() -> RecordBatch {
        let at = Arc::new(TimestampSecondArray::from(vec![Some(-1), None, Some(253_402_300_799)]));
        let instant = Arc::new(at.as_ref().clone().with_timezone("UTC"));
        let time = Arc::new(Time32SecondArray::from(vec![Some(0), Some(86_399), None]));
        let field = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
        let (at, instant, time): (ArrayRef, ArrayRef, ArrayRef) = (at, instant, time);
        let row: ArrayRef = Arc::new(StructArray::from(vec![
            (field("at", &at), Arc::clone(&at)),
            (field("time", &time), Arc::clone(&time)),
        ]));
        let list = |array: &ArrayRef| {
            let offsets = arrow_buffer::OffsetBuffer::from_lengths([2, 0, 1]);
            arrow_array::ListArray::new(field("element", array), offsets, Arc::clone(array), None)
        };
        let keys: ArrayRef = Arc::new(arrow_array::Int32Array::from(vec![1, 2, 3]));
        let key = Arc::new(Field::new("key", DataType::Int32, false));
        let entries = StructArray::from(vec![(key, keys), (field("value", &instant), Arc::clone(&instant))]);
        let entry = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let offsets = arrow_buffer::OffsetBuffer::from_lengths([1, 2, 0]);
        let map = arrow_array::MapArray::new(entry, offsets, entries, None, false);
        let lists: ArrayRef = Arc::new(list(&time));
        let columns = [("at", at), ("instant", instant), ("time", time), ("row", row), ("list", lists)];
        RecordBatch::try_from_iter(columns.into_iter().chain([("map", Arc::new(map) as ArrayRef)])).expect("as long")
    }

    #[test]
    fn seconds_are_written_as_milliseconds_that_every_reader_knows() {
        let rows = rows();
        let file = tempfile::Builder::new().suffix(".parquet").tempfile().expect("a file");
        let mut out = writer(Format::Parquet, rows.schema(), file.reopen().expect("the file")).expect("columns");
        out.write(&rows).expect("written");
        out.finish().expect("whole");
        let parquet = SerializedFileReader::new(file.reopen().expect("the file")).expect("Parquet");
        let leaves = parquet.metadata().file_metadata().schema_descr().columns().to_vec();
        let units = leaves.iter().filter_map(|leaf| match leaf.logical_type_ref() {
            Some(LogicalType::Timestamp(timestamp)) => Some((timestamp.unit, timestamp.is_adjusted_to_u_t_c)),
            Some(LogicalType::Time(time)) => Some((time.unit, time.is_adjusted_to_u_t_c)),
            _ => None,
        });
        let units: Vec<_> = units.collect();
        assert_eq!(units.len(), 7);
        assert!(units.iter().all(|(unit, _)| *unit == ParquetUnit::MILLIS), "{units:?}");
        assert!(!units[0].1 && units[1].1, "{units:?}");
        // Into a table of the same types they come back the same.
        let input = Input::File(file.path().into());
        let mut read = reader(&input, Format::Parquet, rows.schema(), ReadOptions::default()).expect("opens");
        let read = read.next().expect("rows").expect("whole").batch;
        assert_eq!(read.column(3).as_struct().column(0).data_type(), &DataType::Timestamp(TimeUnit::Millisecond, None));
        assert_eq!(fit(&read, &rows.schema()).expect("the same types"), rows);
    }
}
