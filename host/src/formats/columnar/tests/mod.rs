//! Files that lie, files that are odd, and files that are cut and changed at every byte.

mod damaged;

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, TimestampMicrosecondType, TimestampNanosecondType};
use arrow_array::*;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, Endianness, MessageBuilder, MessageHeader, MetadataVersion, SchemaBuilder};
use arrow_schema::{DataType, Field};
use flatbuffers::FlatBufferBuilder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{Int96, Int96Type};
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::columns::{fit, flatten};
use crate::formats::{Format, infer_schema, reader};
use crate::table::{ArrowColumn as _, ArrowValues as _, ColumnType};

fn rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
    let names: ArrayRef =
        Arc::new(StringArray::from_iter((0..300).map(|id| (id % 7 > 0).then(|| format!("name {id}")))));
    let keys = Int8Array::from_iter_values((0..300).map(|id| (id % 3) as i8));
    let colours: ArrayRef = Arc::new(StringArray::from(vec!["red", "green", "blue"]));
    let colours: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, colours));
    let lists = (0..300).map(|id| Some((0..id % 4).map(Some).collect::<Vec<_>>()));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>(lists));
    RecordBatch::try_from_iter([("id", ids), ("name", names), ("colour", colours), ("list", lists)]).expect("as long")
}

/// Rows of the types that only Arrow has.
fn odd_rows() -> RecordBatch {
    let numbers = |count: i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(0..count)) };
    let item = |array: &ArrayRef| Arc::new(Field::new("item", array.data_type().clone(), true));
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..300).map(|id| "text ".repeat(id % 5))));
    let runs = Int32Array::from_iter_values((1..=30).map(|run| run * 10));
    let runs: ArrayRef = Arc::new(RunArray::try_new(&runs, &texts.slice(0, 30)).expect("30 runs of 10"));
    let (offsets, sizes) = ((0..300).map(|at| at % 40).collect(), (0..300).map(|at| at % 9).collect());
    let values = numbers(50);
    let views: ArrayRef = Arc::new(ListViewArray::new(item(&values), offsets, sizes, values, None));
    let values = numbers(600);
    let pairs: ArrayRef = Arc::new(FixedSizeListArray::new(item(&values), 2, values, None));
    let decimals = Decimal128Array::from_iter_values(0..300).with_precision_and_scale(9, 2).expect("a precision");
    let decimals: ArrayRef = Arc::new(decimals);
    let keys: Arc<Field> = Field::new("k", DataType::Int32, false).into();
    let entries = StructArray::from(vec![(keys, numbers(300)), (item(&decimals), Arc::clone(&decimals))]);
    let entry = Arc::new(Field::new("e", entries.data_type().clone(), false));
    let offsets = arrow_buffer::OffsetBuffer::from_lengths(std::iter::repeat_n(1, 300));
    let maps: ArrayRef = Arc::new(MapArray::new(entry, offsets, entries, None, false));
    let columns = [("text", texts), ("run", runs), ("view", views), ("pair", pairs), ("n", decimals), ("map", maps)];
    RecordBatch::try_from_iter(columns).expect("as long")
}

/// The columns of a table made of the file, where one can be.
fn table_of(rows: &RecordBatch) -> Option<SchemaRef> {
    let column = |field: &Arc<Field>| {
        let column = ColumnType::from_arrow(field).ok()?;
        Some(Field::new(field.name(), column.data_type.to_arrow(), true))
    };
    let columns = rows.schema_ref().fields().iter().map(column).collect::<Option<Vec<_>>>()?;
    Some(Arc::new(Schema::new(columns)))
}

fn stream(rows: &RecordBatch, options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), rows.schema_ref(), options).expect("columns");
    writer.write(rows).expect("written");
    writer.into_inner().expect("whole")
}

fn file(rows: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), rows.schema_ref()).expect("columns");
    writer.write(rows).expect("written");
    writer.write(&rows.slice(0, rows.num_rows().min(10))).expect("written");
    writer.into_inner().expect("whole")
}

fn parquet_bytes(rows: &RecordBatch, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties)).expect("columns");
    writer.write(rows).expect("written");
    writer.close().expect("whole");
    bytes
}

fn written(bytes: &[u8]) -> (tempfile::NamedTempFile, Input) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    let input = Input::File(file.path().into());
    (file, input)
}

fn read(bytes: &[u8], format: Format, options: ReadOptions) -> Result<Vec<RecordBatch>, String> {
    let (_file, input) = written(bytes);
    let rows = reader(&input, format, Arc::new(Schema::empty()), options).map_err(|error| error.to_string())?;
    rows.map(|rows| rows.map(|rows| rows.batch).map_err(|error| error.to_string())).collect()
}

fn columns(bytes: &[u8], format: Format) -> Result<Schema, String> {
    let (_file, input) = written(bytes);
    let options = crate::formats::InferOptions { format: Some(format), ..Default::default() };
    infer_schema(&input, &options).map(|inferred| inferred.schema).map_err(|error| error.to_string())
}

#[test]
fn batches_are_cut_and_their_rows_numbered() {
    let (_file, input) = written(&file(&rows()));
    let options = ReadOptions { batch_rows: 128, ..ReadOptions::default() };
    let read = reader(&input, Format::Arrow, Arc::new(Schema::empty()), options).expect("opens");
    let read: Vec<_> = read.map(|rows| rows.expect("whole")).collect();
    let sizes: Vec<_> = read.iter().map(|rows| rows.batch.num_rows()).collect();
    assert_eq!(sizes, [128, 128, 44, 10]);
    assert_eq!(read[1].batch, rows().slice(128, 128));
    assert!(read[3].place.of(2).ends_with("row 303"), "{}", read[3].place.of(2));
}

#[test]
fn gzip_and_brotli_are_read() {
    for compression in [Compression::GZIP(Default::default()), Compression::BROTLI(Default::default())] {
        let read = read(&parquet_bytes(&rows(), compression), Format::Parquet, ReadOptions::default()).expect("known");
        assert_eq!(read[0].column(0), rows().column(0));
    }
}

#[test]
fn rows_are_counted_by_their_groups_where_the_footer_does_not() {
    let whole = parquet_bytes(&rows(), Compression::SNAPPY);
    let bytes = bytes::Bytes::from(whole.clone());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).expect("Parquet");
    let file = metadata.file_metadata();
    let (version, schema) = (file.version(), file.schema_descr_ptr());
    let uncounted = parquet::file::metadata::FileMetaData::new(version, 0, None, None, schema, None);
    let groups = metadata.row_groups().to_vec();
    let uncounted = parquet::file::metadata::ParquetMetaData::new(uncounted, groups);
    let (head, _) = whole.split_at(whole.len() - 8);
    let length = whole[head.len()..head.len() + 4].first_chunk().map(|four| u32::from_le_bytes(*four)).expect("four");
    let mut bytes = head[..head.len() - length as usize].to_vec();
    ParquetMetaDataWriter::new(&mut bytes, &uncounted).finish().expect("a footer");
    let read = read(&bytes, Format::Parquet, ReadOptions::default()).expect("whole");
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 300);
}

/// A file with one column of times of 96 bits: days of the Julian calendar, and nanoseconds.
fn int96(times: &[(u32, u64)]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message m { required int96 at; }").expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Default::default()).expect("a file");
    let mut group = writer.next_row_group().expect("a group");
    let mut column = group.next_column().expect("a column").expect("one");
    let value = |(day, nanos): &(u32, u64)| {
        let mut value = Int96::new();
        value.set_data(*nanos as u32, (*nanos >> 32) as u32, *day);
        value
    };
    let values: Vec<Int96> = times.iter().map(value).collect();
    column.typed::<Int96Type>().write_batch(&values, None, None).expect("written");
    column.close().expect("whole");
    group.close().expect("whole");
    writer.close().expect("whole");
    bytes
}

#[test]
fn times_of_96_bits_do_not_wrap_and_lose_no_digit() {
    // 1970-01-01, 9999-12-31, and 1000-01-01.
    let (epoch, far, early) = (2_440_588, 5_373_484, 2_086_303);
    let micros = int96(&[(epoch, 1_000), (far, 0), (early, 0)]);
    let read_all = |bytes: &[u8]| read(bytes, Format::Parquet, ReadOptions::default());
    let batches = read_all(&micros).expect("microseconds");
    let found = batches[0].column(0).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(found.values(), &[1, 253_402_214_400_000_000, -30_610_224_000_000_000]);
    let micro = DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None);
    assert_eq!(columns(&micros, Format::Parquet).expect("a column").field(0).data_type(), &micro);

    let nanos = int96(&[(epoch, 1_001), (epoch + 1, 0)]);
    let batches = read_all(&nanos).expect("nanoseconds");
    let found = batches[0].column(0).as_primitive::<TimestampNanosecondType>();
    assert_eq!(found.values(), &[1_001, 86_400_000_000_000]);
    let nano = DataType::Timestamp(arrow_schema::TimeUnit::Nanosecond, None);
    assert_eq!(columns(&nanos, Format::Parquet).expect("a column").field(0).data_type(), &nano);

    for both in [int96(&[(epoch, 1_001), (far, 0)]), int96(&[(i32::MAX as u32, 0)])] {
        let error = read_all(&both).expect_err("neither unit holds them");
        assert!(error.contains("column \"at\" has times that 64 bits"), "{error}");
    }
}

#[test]
fn values_are_rounded_where_that_is_asked_for() {
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1_000, 1_500]));
    let price: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 1.005]));
    let rows = RecordBatch::try_from_iter([("at", at), ("price", price)]).expect("as long");
    let table = Arc::new(Schema::new(vec![
        Field::new("at", DataType::Timestamp(arrow_schema::TimeUnit::Millisecond, None), false),
        Field::new("price", DataType::Decimal128(10, 2), false),
    ]));
    for (bytes, format) in [(file(&rows), Format::Arrow), (parquet_bytes(&rows, Compression::SNAPPY), Format::Parquet)]
    {
        let (_file, input) = written(&bytes);
        let read = |rounding| {
            let options = ReadOptions { rounding, ..ReadOptions::default() };
            let mut rows = reader(&input, format, Arc::clone(&table), options).expect("opens");
            rows.next().expect("rows").expect("whole").batch
        };
        let error = fit(&read(Rounding::Refuse), &table).expect_err("too fine");
        assert_eq!(error.row(), Some(1), "{error}");
        let fitted = fit(&read(Rounding::Nearest), &table).expect("rounded");
        assert_eq!(fitted.column(1).as_primitive::<arrow_array::types::Decimal128Type>().values(), &[150, 101]);
    }
    let large: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 1e12]));
    let bytes = file(&RecordBatch::try_from_iter([("price", large)]).expect("a column"));
    let (_file, input) = written(&bytes);
    let options = ReadOptions { rounding: Rounding::Nearest, ..ReadOptions::default() };
    let mut rows = reader(&input, Format::Arrow, table, options).expect("opens");
    let error = rows.next().expect("rows").expect_err("out of range").to_string();
    assert!(error.contains("row 2") && error.contains("\"price\"") && error.contains("DECIMAL(10, 2)"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_read_as_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is everywhere");
    assert!(made.success());
    let bytes = file(&rows());
    let (writer, place) = (bytes.clone(), pipe.clone());
    let writing = std::thread::spawn(move || std::fs::write(place, writer));
    let input = Input::File(pipe);
    let mut read = reader(&input, Format::Arrow, Arc::new(Schema::empty()), ReadOptions::default()).expect("opens");
    assert_eq!(read.next().expect("rows").expect("whole").batch, rows());
    writing.join().expect("no panic").expect("written");
}
