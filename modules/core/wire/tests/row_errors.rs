//! Rows that do not fit their columns and bytes that are no rows: refused by name.

#[expect(dead_code, reason = "some of it is for the other tests")]
mod common;

use common::of;
use common::read::layout;
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::record::{
    ColumnsBuilder, KeyEncoder, RecordError, RowDecoder, RowEncoder, RowFields, RowFormat, Scalar,
};
use thalweg_wire::table::{ColumnType, DataType, Field};

use RowFormat::{Compacted, Indexed};

fn plain(values: Values<'_>) -> Column<'_> {
    Column { validity: None, values }
}

fn list(element: ColumnType) -> DataType {
    DataType::Array(element.into())
}

#[test]
fn values_that_do_not_fit_name_column_and_row() {
    let decimal = |precision| DataType::Decimal { precision, scale: 2 };
    let tens: Vec<u8> = [99_999i128, -100_000].iter().flat_map(|value| value.to_le_bytes()).collect();
    let holed = Column { validity: Some(&[0b01]), values: Values::Int32(&[1, 2]) };
    let entries = Column { validity: Some(&[0b011]), values: Values::Int32(&[1, 2, 3]) };
    let cases: Vec<(RowFormat, DataType, Vec<Column<'_>>, &str)> = vec![
        (Compacted, DataType::Int, vec![holed], "the column c0 may not be null but row 1 is; give it a value"),
        (
            Compacted,
            decimal(5),
            vec![plain(Values::Fixed(&tens))],
            "the column c0 has at most 5 digits but the decimal in row 1 has more",
        ),
        (Compacted, DataType::Timestamp(0), vec![plain(Values::Int64(&[0, i64::MAX]))], "the column c0 has in row 1"),
        (Compacted, DataType::Time(9), vec![plain(Values::Int64(&[0, i64::MAX]))], "the column c0 has in row 1"),
        (Compacted, DataType::Int, vec![plain(Values::Int64(&[1, 2]))], "the column c0 does not fit: row 0"),
        (Compacted, DataType::Int, vec![plain(Values::Int32(&[1]))], "the column c0 does not fit: row 1"),
        (
            Compacted,
            list(of(DataType::Int, false)),
            vec![plain(Values::Offsets(&[0, 1, 3])), entries],
            "the column c0.element may not be null but row 2 is",
        ),
        (
            Indexed,
            DataType::Char(3),
            vec![plain(Values::Spans { offsets: &[0, 3, 7], bytes: "abcäöü".as_bytes() })],
            "the column c0 has room for 3 bytes but the value in row 1 has more",
        ),
    ];
    for (format, data_type, columns, expected) in cases {
        let layout = layout(&[of(data_type, false)]);
        let encoder = RowEncoder::new(&layout, None, format).expect("all columns");
        let batch = Batch { rows: 2, columns };
        let mut out = b"before".to_vec();
        let rows = (0..2).try_for_each(|row| {
            out.truncate(6);
            encoder.encode(&batch, row, &mut out)
        });
        let error = rows.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
        assert_eq!(out, b"before");
    }
}

#[test]
fn decimals_that_overflow_are_no_keys() {
    let layout = layout(&[of(DataType::Decimal { precision: 18, scale: 0 }, false)]);
    let bytes = (1i128 << 64).to_le_bytes();
    let batch = Batch { rows: 1, columns: vec![plain(Values::Fixed(&bytes))] };
    let keys = KeyEncoder::new(&layout, &[0]).expect("a key type");
    let expected = RecordError::Digits { column: "c0".into(), row: 0, precision: 18 };
    assert_eq!(keys.encode(&batch, 0, &mut Vec::new()), Err(expected));
}

#[test]
fn columns_left_out_are_null() {
    let types = [of(DataType::Int, true), of(DataType::Int, false), of(DataType::Int, true)];
    let layout = layout(&types);
    let refused = RowEncoder::new(&layout, Some(&[0, 2]), Compacted).expect_err("c1 may not be null");
    assert_eq!(refused, RecordError::LeftOut { column: "c1".into() });
    let missing = RowEncoder::new(&layout, Some(&[1, 3]), Compacted).expect_err("there is no fourth column");
    assert_eq!(missing, RecordError::NoSuchColumn { position: 3, columns: 3 });
    let encoder = RowEncoder::new(&layout, Some(&[2, 1]), Compacted).expect("all that may not be null");
    let batch = Batch { rows: 1, columns: vec![plain(Values::Int32(&[7])), plain(Values::Int32(&[8]))] };
    let mut out = Vec::new();
    encoder.encode(&batch, 0, &mut out).expect("a row");
    assert_eq!(out, [0b001, 8, 7]);
}

fn decoded(data_type: DataType, format: RowFormat, row: &[u8]) -> String {
    let layout = layout(&[of(data_type, false)]);
    let decoder = RowDecoder::new(&layout, format).expect("all columns");
    decoder.append(row, &mut ColumnsBuilder::new(layout)).expect_err("a corrupt row").to_string()
}

#[test]
fn lengths_that_lie_are_refused() {
    let texts = || list(of(DataType::String, false));
    let row = DataType::Row(vec![Field {
        id: None,
        name: "f".into(),
        column_type: of(DataType::Int, false),
        description: None,
    }]);
    let map = DataType::Map(of(DataType::Int, false).into(), of(DataType::Int, true).into());
    // An array of two texts of 9 bytes in an array that has room for one.
    let mut overlap = vec![0, 40, 2, 0, 0, 0, 0, 0, 0, 0];
    overlap.extend([[20, 0, 0, 0, 20, 0, 0, 0]; 2].concat());
    overlap.extend([b'x'; 16]);
    let cases: Vec<(DataType, RowFormat, Vec<u8>, &str)> = vec![
        (DataType::Int, Compacted, vec![], "c0: the row ends inside it"),
        (DataType::Int, Compacted, vec![1], "c0: it is null, which it may not be"),
        (DataType::Int, Compacted, vec![0, 1, 2], "c0: bytes follow it"),
        (DataType::Int, Compacted, vec![0, 0x80, 0x80, 0x80, 0x80, 0x10], "c0: it has more bytes than its type"),
        (DataType::String, Compacted, vec![0, 2, b'a'], "c0: the row ends inside it"),
        (DataType::String, Compacted, vec![0, 1, 0xff], "c0: it is not UTF-8"),
        (DataType::String, Indexed, vec![0, 0xff, 0xff, 0xff, 0xff], "c0: its length cannot be"),
        (DataType::Binary(2), Compacted, vec![0, 3, 1, 2, 3], "c0: it is longer than the column's type allows"),
        (DataType::Decimal { precision: 19, scale: 0 }, Compacted, vec![0, 0], "c0: it has more bytes than its type"),
        (DataType::Timestamp(9), Compacted, vec![0, 1, 0xc0, 0x84, 0x3d], "c0: it is a time that the column's type"),
        (row, Compacted, vec![0, 3, 0, 1, 1], "c0.f: bytes follow it"),
        (texts(), Compacted, vec![0, 4, 0xff, 0xff, 0xff, 0xff], "c0.element: its length cannot be"),
        (texts(), Compacted, vec![0, 4, 0xff, 0xff, 0xff, 0x7f], "c0.element: its length cannot be"),
        (texts(), Compacted, vec![0, 8, 1, 0, 0, 0, 1, 0, 0, 0], "c0.element: its length cannot be"),
        (texts(), Compacted, overlap, "c0.element: its elements share their bytes"),
        (map, Compacted, vec![0, 12, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "c0.value: the row ends inside it"),
    ];
    for (data_type, format, row, expected) in cases {
        let error = decoded(data_type, format, &row);
        let expected = format!("a row is corrupt in column {expected}");
        assert!(error.starts_with(&expected), "{error} is not {expected}");
    }
}

#[test]
fn a_field_is_read_and_written_alone() {
    let layout = layout(&[of(DataType::BigInt, false), of(DataType::String, true)]);
    let fields = RowFields::parse(&layout, b"\0\xac\x02\x03abc").expect("two columns");
    let (big, text) = (fields.fields()[0].expect("no null"), fields.fields()[1].expect("no null"));
    assert_eq!(Scalar::read("c0", &DataType::BigInt, Compacted, big), Ok(Scalar::BigInt(300)));
    assert_eq!(Scalar::read("c1", &DataType::String, Compacted, text), Ok(Scalar::Bytes(b"abc")));
    let mut written = Vec::new();
    Scalar::BigInt(301).write("c0", &DataType::BigInt, Compacted, &mut written).expect("a BIGINT");
    let mut row = Vec::new();
    RowFields::write(&[Some(&written), None], &mut row);
    assert_eq!(row, [0b10, 0xad, 2]);
    let decimal = DataType::Decimal { precision: 3, scale: 0 };
    let digits = Scalar::Decimal(1000).write("c0", &decimal, Compacted, &mut written);
    assert_eq!(digits, Err(RecordError::Digits { column: "c0".into(), row: 0, precision: 3 }));
    assert!(Scalar::Int(1).write("c0", &DataType::BigInt, Compacted, &mut written).is_err());
    assert!(Scalar::read("c0", &DataType::BigInt, Compacted, b"\x01\x02").is_err());
    assert!(RowFields::parse(&layout, b"\0\xac\x02\x04abc").is_err());
}
