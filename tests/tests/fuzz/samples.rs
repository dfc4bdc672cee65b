//! Good files of every format.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{WriterProperties, WriterVersion};
use thalweg::formats::{Format, writer};
use thalweg::table::Schema;

use crate::common::{Random, random_batch};

/// Tables; the first is what files are read as.
const TABLES: [&str; 3] = [
    "id BIGINT, name STRING, price DECIMAL(10, 2), day DATE, at TIMESTAMP(3), since TIMESTAMP_LTZ(6), clock TIME(0), \
     ok BOOLEAN, x DOUBLE, y FLOAT, raw BYTES",
    "id INT NOT NULL, tags ARRAY<STRING>, attributes MAP<STRING, BIGINT>, place ROW<x DOUBLE, label STRING>",
    "a ARRAY<ROW<b ARRAY<INT>>>",
];

pub(crate) const CSV_WORDS: &[&str] = &[
    "\"",
    "\"\"",
    ",",
    "\n",
    "\r\n",
    "\r",
    ";",
    "\t",
    "NaN",
    "-inf",
    "1e400",
    "2021-08-06T13:18Z",
    "12:12:12",
    "true",
    "18446744073709551616",
    "0x1",
    "\u{feff}",
    "\u{e9}",
    "1970-01-01",
    "-0.0",
    " ",
    "null",
    "007",
    "9999-12-31T23:59:60Z",
];

pub(crate) const JSON_WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "true",
    "\"\\ud800\"",
    "\\u0000",
    "1e400",
    "-",
    "012",
    "\n",
    "{\"a\":1}",
    "[{\"id\":",
    "\u{feff}",
    "9007199254740993.0",
    "18446744073709551616",
    "\"NaN\"",
    "{\"a\":{\"b\":[",
    "[[[[[[[[[[[[",
    "//",
    "\"2021-08-06T13:18Z\"",
    "\"12:12:12\"",
];

/// The first table.
pub(crate) fn table() -> SchemaRef {
    schema(TABLES[0])
}

fn schema(sql: &str) -> SchemaRef {
    Arc::new(arrow_schema::Schema::from(&Schema::parse_sql(sql).expect("columns")))
}

fn batches() -> Vec<RecordBatch> {
    let mut random = Random(5);
    TABLES.iter().flat_map(|sql| [0, 1, 7].map(|rows| random_batch(&schema(sql), rows, &mut random))).collect()
}

/// As `thalweg scan` writes them. Random times may have no text: such rows are left out.
fn written(format: Format) -> Vec<Vec<u8>> {
    let write = |rows: RecordBatch| {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut out = writer(format, rows.schema(), file.reopen().expect("the file")).ok()?;
        out.write(&rows).ok()?;
        out.finish().ok()?;
        std::fs::read(file.path()).ok()
    };
    batches().into_iter().filter_map(write).collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) fn csv() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "id,name,price,day\n1,a,1.50,2020-01-01\n2,\"b \"\"c\"\"\nd\",,\n",
        "at,clock,ok,x\r\n2021-08-06T13:18Z,12:12:12,true,-0.5\r\n,,,\r\n",
        "\u{feff}a,b\n\"\",1e300\nNaN,18446744073709551615\n",
        "id\n9223372036854775807\n-1\n",
        "a,b,c\n1,\"two\nlines\",3\n",
    ]);
    seeds.extend(written(Format::Csv));
    seeds
}

pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "{\"id\":1,\"name\":\"a\",\"price\":\"1.50\"}\n{\"id\":2}\n",
        "[{\"id\":1,\"l\":[1,null]},\n {\"id\":2,\"o\":{\"x\":1.5,\"y\":[{}]}}]\n",
        "{\n  \"id\": 1,\n  \"at\": \"2021-08-06T13:18Z\"\n}\n{\n  \"id\": 2\n}\n",
        "{\"v\":18446744073709551615}\n{\"v\":-1e-7}\n{\"v\":null}\n",
        "{\"s\":\"\\u00e9\\ud83d\\ude00\\n\",\"b\":true,\"e\":[],\"o\":{}}\n",
    ]);
    seeds.extend(written(Format::Json));
    seeds
}

pub(crate) fn parquet() -> Vec<Vec<u8>> {
    let codecs =
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW, Compression::ZSTD(Default::default())];
    let mut seeds = written(Format::Parquet);
    for (at, rows) in batches().iter().enumerate() {
        let version = if at % 2 == 0 { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 };
        let properties = WriterProperties::builder()
            .set_compression(codecs[at % codecs.len()])
            .set_writer_version(version)
            .set_dictionary_enabled(at % 3 > 0)
            .build();
        let mut out = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).expect("columns");
        out.write(rows).expect("rows");
        seeds.push(out.into_inner().expect("a file"));
    }
    seeds
}

pub(crate) fn arrow() -> Vec<Vec<u8>> {
    let codecs = [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)];
    let mut seeds = Vec::new();
    for (at, rows) in batches().iter().enumerate() {
        let options = IpcWriteOptions::default().try_with_compression(codecs[at % 3]).expect("a codec");
        let mut file = FileWriter::try_new_with_options(Vec::new(), &rows.schema(), options.clone()).expect("columns");
        file.write(rows).expect("rows");
        file.write(rows).expect("rows");
        seeds.push(file.into_inner().expect("a file"));
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options).expect("columns");
        stream.write(rows).expect("rows");
        seeds.push(stream.into_inner().expect("a stream"));
    }
    seeds
}
