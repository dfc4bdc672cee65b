//! Keys and buckets as the Java classes have them: `vectors/bucket-vectors.tsv`.

use std::num::NonZeroU32;

use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::record::{BucketRule, KeyEncoder, KeyFormat, Layout, RecordError, assign};
use thalweg_wire::table::{ColumnType, DataType, Schema, TableDescriptor};

const VECTORS: &str = include_str!("vectors/bucket-vectors.tsv");

fn not_null(data_type: DataType) -> ColumnType {
    ColumnType { data_type, nullable: false }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits")).collect()
}

/// Splits at `, ` outside brackets and quotes.
fn list(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

fn data_type(text: &str) -> DataType {
    let (name, parameters) = text.split_once('(').unwrap_or((text, ""));
    let numbers: Vec<u8> = parameters.split([',', ')']).filter_map(|number| number.trim().parse().ok()).collect();
    match name {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::TinyInt,
        "SMALLINT" => DataType::SmallInt,
        "INT" => DataType::Int,
        "BIGINT" => DataType::BigInt,
        "FLOAT" => DataType::Float,
        "DOUBLE" => DataType::Double,
        "CHAR" => DataType::Char(numbers[0].into()),
        "BINARY" => DataType::Binary(numbers[0].into()),
        "STRING" => DataType::String,
        "BYTES" => DataType::Bytes,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time(numbers[0]),
        "DECIMAL" => DataType::Decimal { precision: numbers[0], scale: numbers[1] },
        "TIMESTAMP" => DataType::Timestamp(numbers[0]),
        "TIMESTAMP_LTZ" => DataType::TimestampLtz(numbers[0]),
        other => panic!("the vectors have no {other}"),
    }
}

/// A value, in the layout of a column of one row.
enum Owned {
    Bits([u8; 1]),
    Int8([i8; 1]),
    Int16([i16; 1]),
    Int32([i32; 1]),
    Int64([i64; 1]),
    Float32([f32; 1]),
    Float64([f64; 1]),
    Fixed(Vec<u8>),
    Spans([i32; 2], Vec<u8>),
}

impl Owned {
    fn of(data_type: &DataType, text: &str) -> Self {
        let number = || text.parse::<i64>().expect("a number");
        match data_type {
            DataType::Boolean => Self::Bits([u8::from(text == "true")]),
            DataType::TinyInt => Self::Int8([number() as i8]),
            DataType::SmallInt => Self::Int16([number() as i16]),
            DataType::Int | DataType::Date | DataType::Time(0..=3) => Self::Int32([number() as i32]),
            DataType::BigInt => Self::Int64([number()]),
            DataType::Float => Self::Float32([text.parse().expect("a number")]),
            DataType::Double => Self::Float64([text.parse().expect("a number")]),
            DataType::Decimal { .. } => {
                let unscaled: i128 = text.replace('.', "").parse().expect("a decimal");
                Self::Fixed(unscaled.to_le_bytes().to_vec())
            }
            DataType::Binary(_) => Self::Fixed(hex(&text[2..text.len() - 1])),
            DataType::Bytes => Self::spans(hex(&text[2..text.len() - 1])),
            DataType::Char(_) | DataType::String => {
                let text = text[1..text.len() - 1].replace("\\0", "\0").replace("\\x7f", "\x7f");
                Self::spans(text.into_bytes())
            }
            DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => {
                Self::Int64([instant(text.trim_end_matches('Z'), *precision)])
            }
            other => panic!("the vectors have no {other:?}"),
        }
    }

    fn spans(bytes: Vec<u8>) -> Self {
        Self::Spans([0, bytes.len() as i32], bytes)
    }

    fn column(&self) -> Column<'_> {
        let values = match self {
            Self::Bits(values) => Values::Bits(values),
            Self::Int8(values) => Values::Int8(values),
            Self::Int16(values) => Values::Int16(values),
            Self::Int32(values) => Values::Int32(values),
            Self::Int64(values) => Values::Int64(values),
            Self::Float32(values) => Values::Float32(values),
            Self::Float64(values) => Values::Float64(values),
            Self::Fixed(bytes) => Values::Fixed(bytes),
            Self::Spans(offsets, bytes) => Values::Spans { offsets, bytes },
        };
        Column { validity: None, values }
    }
}

/// `2023-11-14T22:13:20.123` in the units of a precision.
fn instant(text: &str, precision: u8) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<i64> = whole.split(['-', 'T', ':']).map(|part| part.parse().expect("a number")).collect();
    let (year, month) = if parts[1] > 2 { (parts[0], parts[1] - 3) } else { (parts[0] - 1, parts[1] + 9) };
    // Days from 0000-03-01 to the date, less those to 1970-01-01.
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + parts[2] - 1 - 719_468;
    let seconds = days * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts.get(5).copied().unwrap_or(0);
    let nanos: i64 = format!("{fraction:0<9}").parse().expect("digits");
    match precision {
        0 => seconds,
        1..=3 => seconds * 1_000 + nanos / 1_000_000,
        4..=6 => seconds * 1_000_000 + nanos / 1_000,
        _ => seconds * 1_000_000_000 + nanos,
    }
}

#[test]
fn keys_and_buckets_are_those_of_java() {
    let mut seen = [0; 4];
    for line in VECTORS.lines().skip(1) {
        let parts: Vec<&str> = line.split('\t').collect();
        let (format, rule, place) = match parts[0] {
            "fluss" => (KeyFormat::Compacted, BucketRule::Fluss, 0),
            "paimon" => (KeyFormat::Paimon, BucketRule::Paimon, 1),
            "iceberg" => (KeyFormat::Iceberg, BucketRule::Iceberg, 2),
            other => panic!("the vectors have no {other}"),
        };
        let types: Vec<ColumnType> = list(parts[1]).into_iter().map(|text| not_null(data_type(text))).collect();
        let layout = Layout::new(types.iter().map(|column_type| ("k", column_type)));
        let positions: Vec<usize> = (0..types.len()).collect();
        let encoder = KeyEncoder::with_format(&layout, &positions, format);
        if parts[3] == "unsupported" {
            let refused = matches!(encoder, Err(RecordError::KeyType { .. } | RecordError::IcebergKey { .. }));
            assert!(refused, "{line}");
            seen[3] += 1;
            continue;
        }
        let encoder = encoder.expect("types that can be keys");
        let values = if types.len() == 1 { vec![parts[2]] } else { list(parts[2]) };
        let values: Vec<Owned> =
            types.iter().zip(values).map(|(column_type, text)| Owned::of(&column_type.data_type, text)).collect();
        let batch = Batch { rows: 1, columns: values.iter().map(Owned::column).collect() };
        layout.check(&batch).expect("values that fit");
        let mut key = Vec::new();
        encoder.encode(&batch, 0, &mut key).expect("a key");
        assert_eq!(key, hex(parts[3]), "{line}");
        for (count, expected) in (1..).zip(parts[8].split(',')) {
            let buckets = NonZeroU32::new(count).expect("not zero");
            let mut assigned = Vec::new();
            let result = assign(&batch, &encoder, rule, buckets, &mut assigned);
            match expected {
                "refused" => assert_eq!(result, Err(RecordError::EmptyKey), "{line}"),
                expected => assert_eq!(assigned, [expected.parse::<u32>().expect("a number")], "{line}"),
            }
        }
        seen[place] += 1;
    }
    assert_eq!(seen, [99, 99, 86, 13]);
}

/// What fluss-rs 1.0.0 computes, and Java: `fluss.md` 2.11.
#[test]
fn buckets_of_fluss_rs_are_its_own() {
    type Buckets = &'static [u32];
    let cases: [(&[u8], Buckets, Buckets, Buckets); 8] = [
        (&[0x00, 0x0a], &[7], &[1], &[1]),
        (b"2bb87d68-baf9-4e64-90f9-f80910419fa6", &[16], &[6], &[6]),
        (&[0x7f], &[3, 4, 16], &[1, 2, 10], &[1, 2, 10]),
        (&[0x80, 0x01], &[3, 4, 16], &[1, 2, 2], &[0, 3, 7]),
        (&[0xac, 0x02], &[3, 4, 16], &[1, 1, 5], &[1, 3, 11]),
        (&[0xe8, 0x07], &[3, 4, 16], &[2, 3, 3], &[0, 1, 9]),
        (&[0x80, 0x80, 0x01], &[3, 4, 16], &[0, 2, 6], &[2, 3, 11]),
        (&[0x02, 0xc3, 0xa9], &[3, 4, 16], &[2, 2, 6], &[0, 2, 10]),
    ];
    for (key, counts, java, rust) in cases {
        for (count, (java, rust)) in counts.iter().zip(java.iter().zip(rust)) {
            let buckets = NonZeroU32::new(*count).expect("not zero");
            assert_eq!(BucketRule::Fluss.bucket(key, buckets), Ok(*java), "{key:02x?} of {count}");
            assert_eq!(BucketRule::FlussRs.bucket(key, buckets), Ok(*rust), "{key:02x?} of {count}");
        }
    }
}

#[test]
fn the_table_decides_how_its_keys_are_written() {
    use KeyFormat::{Compacted, Iceberg, Paimon};
    let schema = Schema::parse_sql("a INT, b STRING, p STRING").expect("a schema");
    let schema = schema.with_primary_key(&["a", "b", "p"]).expect("a key");
    let table = |lake: Option<&str>, version: Option<&str>, bucket: &[&str]| {
        let mut table = TableDescriptor::new(schema.clone());
        table.partition_keys = vec!["p".into()];
        table.bucket_keys = bucket.iter().map(|name| (*name).to_owned()).collect();
        let properties = [("table.datalake.format", lake), ("table.kv.format-version", version)];
        let properties = properties.iter().filter_map(|(key, value)| Some(((*key).to_owned(), (*value)?.to_owned())));
        table.properties = properties.collect();
        table
    };
    let cases = [
        (None, None, vec!["a"], Compacted, Compacted, BucketRule::Fluss),
        (None, Some("2"), vec![], Compacted, Compacted, BucketRule::Fluss),
        (Some("lance"), Some("2"), vec!["a"], Compacted, Compacted, BucketRule::Fluss),
        (Some("paimon"), None, vec!["a"], Paimon, Paimon, BucketRule::Paimon),
        (Some("paimon"), Some("1"), vec!["a"], Paimon, Paimon, BucketRule::Paimon),
        (Some("PAIMON"), Some("2"), vec!["a"], Compacted, Paimon, BucketRule::Paimon),
        (Some("paimon"), Some("2"), vec!["a", "b"], Paimon, Paimon, BucketRule::Paimon),
        (Some("paimon"), Some("2"), vec!["b", "a"], Compacted, Paimon, BucketRule::Paimon),
        (Some("paimon"), Some("2"), vec![], Paimon, Paimon, BucketRule::Paimon),
        (Some("iceberg"), Some("2"), vec!["a"], Compacted, Iceberg, BucketRule::Iceberg),
        (Some("iceberg"), Some("1"), vec!["a"], Iceberg, Iceberg, BucketRule::Iceberg),
    ];
    for (lake, version, bucket, primary, bucket_key, rule) in cases {
        let table = table(lake, version, &bucket);
        assert_eq!(table.physical_primary_key(), [0, 1]);
        assert_eq!(KeyFormat::of_primary_key(&table), Ok(primary), "{lake:?} {version:?} {bucket:?}");
        assert_eq!(KeyFormat::of_bucket_key(&table), Ok(bucket_key), "{lake:?} {version:?} {bucket:?}");
        assert_eq!(BucketRule::of(&table), Ok(rule));
    }
    let layout = Layout::of_schema(&schema);
    let hudi = KeyEncoder::for_bucket_key(&layout, &[0], &table(Some("hudi"), None, &[]));
    let expected = "table property 'table.datalake.format' is 'hudi', but must be PAIMON, LANCE or ICEBERG";
    assert_eq!(hudi.unwrap_err().to_string(), expected);
    let later = KeyEncoder::for_primary_key(&layout, &[0], &table(None, Some("3"), &[]));
    assert_eq!(later.unwrap_err().to_string(), "table property 'table.kv.format-version' is '3', but must be 1 or 2");
    let two = KeyEncoder::for_primary_key(&layout, &[0, 1], &table(Some("iceberg"), Some("1"), &["a"]));
    assert_eq!(two.unwrap_err(), RecordError::IcebergKey { columns: 2 });
}

#[test]
fn times_and_seconds_are_milliseconds_in_keys() {
    let cases: [(DataType, Column<'_>, &[u8]); 5] = [
        (DataType::Time(0), Column { validity: None, values: Values::Int32(&[1]) }, &[0xe8, 7]),
        (DataType::Time(6), Column { validity: None, values: Values::Int64(&[1_000_999]) }, &[0xe8, 7]),
        (DataType::Time(9), Column { validity: None, values: Values::Int64(&[1_000_000_000]) }, &[0xe8, 7]),
        (DataType::Timestamp(0), Column { validity: None, values: Values::Int64(&[1]) }, &[0xe8, 7]),
        (
            DataType::TimestampLtz(6),
            Column { validity: None, values: Values::Int64(&[1_000_001]) },
            &[0xe8, 7, 0xe8, 7],
        ),
    ];
    for (data_type, column, expected) in cases {
        let types = [not_null(data_type)];
        let layout = Layout::new(types.iter().map(|column_type| ("k", column_type)));
        let mut key = Vec::new();
        let encoder = KeyEncoder::new(&layout, &[0]).expect("a key type");
        encoder.encode(&Batch { rows: 1, columns: vec![column] }, 0, &mut key).expect("a key");
        assert_eq!(key, expected, "{types:?}");
    }
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    let types = [
        not_null(DataType::Array(not_null(DataType::Int).into())),
        ColumnType { data_type: DataType::Int, nullable: true },
    ];
    let layout = Layout::new([("a", &types[0]), ("b", &types[1])]);
    assert_eq!(
        KeyEncoder::new(&layout, &[0]).err(),
        Some(RecordError::KeyType { column: "a".into(), data_type: "ARRAY" })
    );
    assert_eq!(KeyEncoder::new(&layout, &[2]).err(), Some(RecordError::NoSuchColumn { position: 2, columns: 2 }));
    let none = Column { validity: None, values: Values::Offsets(&[0, 0, 0]) };
    let element = Column { validity: None, values: Values::Int32(&[]) };
    let holed = Column { validity: Some(&[0b01]), values: Values::Int32(&[1, 2]) };
    let batch = Batch { rows: 2, columns: vec![none, element, holed] };
    let encoder = KeyEncoder::new(&layout, &[1]).expect("a key type");
    let mut out = Vec::new();
    let refused = assign(&batch, &encoder, BucketRule::Fluss, NonZeroU32::MIN, &mut out);
    assert_eq!(refused, Err(RecordError::Null { column: "b".into(), row: 1 }));
}
