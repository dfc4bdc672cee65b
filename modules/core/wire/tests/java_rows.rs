//! Rows and keys as the Java classes write them: `vectors/row-vectors.tsv`.

#[expect(dead_code, reason = "some of it is for the other tests")]
mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use common::borrow;
use common::read::read_plain;
use thalweg_wire::record::{
    ColumnsBuilder, KeyEncoder, KeyFormat, Layout, RowDecoder, RowEncoder, RowFields, RowFormat, message_of,
};
use thalweg_wire::table::Schema;

const VECTORS: &str = include_str!("vectors/row-vectors.tsv");

struct Vector {
    line: &'static str,
    /// How the bytes are written.
    format: &'static str,
    /// Whether what we write is the same: where not, Java left old bytes in the slots of nulls.
    same: bool,
    layout: Layout,
    batch: RecordBatch,
    bytes: Vec<u8>,
}

impl Vector {
    fn parse(line: &'static str) -> Self {
        let parts: Vec<&str> = line.split('\t').collect();
        let schema = Schema::parse_sql(parts[2]).expect("columns");
        // The same values; arrow-json wants a database of zones for those of a zone.
        let without_zones = Schema::parse_sql(&parts[2].replace("TIMESTAMP_LTZ", "TIMESTAMP")).expect("columns");
        let mut reader = arrow_json::ReaderBuilder::new(Arc::new(arrow_schema::Schema::from(&without_zones)))
            .build(parts[3].as_bytes())
            .expect("types that arrow-json reads");
        let batch = reader.next().expect("one row").unwrap_or_else(|error| panic!("{error}: {line}"));
        let hex = parts[4];
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"));
        let layout = Layout::of_schema(&schema);
        layout.check(&borrow(&batch)).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { line, format: parts[0], same: parts[1] == "both", layout, batch, bytes: bytes.collect() }
    }

    fn check_row(&self, format: RowFormat) {
        let line = self.line;
        let mut written = Vec::new();
        let encoder = RowEncoder::new(&self.layout, None, format).expect("all columns");
        encoder.encode(&borrow(&self.batch), 0, &mut written).unwrap_or_else(|error| panic!("{error}: {line}"));
        if self.same {
            assert_eq!(written, self.bytes, "{line}");
        } else {
            assert_eq!(written.len(), self.bytes.len(), "{line}");
        }
        let fields = RowFields::parse_as(&self.layout, format, &self.bytes).expect("columns");
        let mut again = Vec::new();
        RowFields::write_as(&self.layout, format, fields.fields(), &mut again);
        assert_eq!(again, self.bytes, "{line}");
        self.check_decoded(format, &self.bytes);
    }

    /// Compact keys are compact rows without null bits; those of lakes are not read.
    fn check_key(&self, format: KeyFormat) {
        let line = self.line;
        let keys: Vec<usize> = (0..self.layout.tops().len()).collect();
        let encoder = KeyEncoder::with_format(&self.layout, &keys, format).expect("types of keys");
        let mut written = Vec::new();
        encoder.encode(&borrow(&self.batch), 0, &mut written).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(written, self.bytes, "{line}");
        if format == KeyFormat::Compacted {
            let bits = vec![0; keys.len().div_ceil(8)];
            self.check_decoded(RowFormat::Compacted, &[bits, written].concat());
        }
    }

    fn check_decoded(&self, format: RowFormat, bytes: &[u8]) {
        let line = self.line;
        let decoder = RowDecoder::new(&self.layout, format).expect("all columns");
        let mut builder = ColumnsBuilder::new(self.layout.clone());
        decoder.append(bytes, &mut builder).unwrap_or_else(|error| panic!("{error}: {line}"));
        let read = read_plain(&message_of(&mut builder), &self.batch.schema()).expect("columns that arrow-rs takes");
        assert_eq!(read, self.batch, "{line}");
    }
}

#[test]
fn rows_and_keys_are_those_of_java() {
    let mut seen = BTreeMap::new();
    for line in VECTORS.lines().skip(1) {
        let vector = Vector::parse(line);
        *seen.entry((vector.format, vector.same)).or_insert(0) += 1;
        match vector.format {
            "compacted" => vector.check_row(RowFormat::Compacted),
            "indexed" => vector.check_row(RowFormat::Indexed),
            "key-compacted" => vector.check_key(KeyFormat::Compacted),
            "key-paimon" => vector.check_key(KeyFormat::Paimon),
            "key-iceberg" => vector.check_key(KeyFormat::Iceberg),
            other => panic!("there is no format {other}"),
        }
    }
    let expected = [
        (("compacted", false), 23),
        (("compacted", true), 378),
        (("indexed", false), 23),
        (("indexed", true), 378),
        (("key-compacted", true), 248),
        (("key-iceberg", true), 135),
        (("key-paimon", true), 251),
    ];
    assert_eq!(seen, BTreeMap::from(expected));
}
