//! The aggregation functions against a real Fluss 0.9.1 server: what it answered after each of four rows.

use thalweg_wire::record::{Layout, RowFields, RowFormat, Scalar};
use thalweg_wire::table::{DataType, Schema, TableDescriptor, TableProperties};

use super::{Engine, Merged};
use crate::failure::Failure;

const D: fn(i128) -> Option<Scalar<'static>> = |digits| Some(Scalar::Decimal(digits));
const T: fn(&'static str) -> Option<Scalar<'static>> = |text| Some(Scalar::Bytes(text.as_bytes()));
const F: fn(f64) -> Option<Scalar<'static>> = |value| Some(Scalar::Double(value));
const I: fn(i32) -> Option<Scalar<'static>> = |value| Some(Scalar::Int(value));
const L: fn(i64) -> Option<Scalar<'static>> = |value| Some(Scalar::BigInt(value));
const B: fn(bool) -> Option<Scalar<'static>> = |value| Some(Scalar::Boolean(value));
const Y: fn(i8) -> Option<Scalar<'static>> = |value| Some(Scalar::TinyInt(value));

type Values = [Option<Scalar<'static>>; 4];

/// Type, function, delimiter; the values of four rows, and the value after each.
fn cases() -> Vec<(&'static str, &'static str, Option<&'static str>, Values, Values)> {
    let (wide, most) = (12_345_678_912_345_678_901_234_567_890, 10i128.pow(38) - 1);
    vec![
        ("TINYINT", "sum", None, [Y(100), Y(100), None, Y(-3)], [Y(100), Y(-56), Y(-56), Y(-59)]),
        ("TINYINT", "product", None, [Y(100), Y(3), None, Y(2)], [Y(100), Y(44), Y(44), Y(88)]),
        (
            "INT",
            "sum",
            None,
            [I(i32::MAX), I(5), None, I(-3)],
            [I(i32::MAX), I(-2147483644), I(-2147483644), I(-2147483647)],
        ),
        (
            "BIGINT",
            "product",
            None,
            [L(1 << 62), L(2), None, L(3)],
            [L(1 << 62), L(i64::MIN), L(i64::MIN), L(i64::MIN)],
        ),
        ("DOUBLE", "sum", None, [F(0.1), F(0.2), None, F(1e300)], [F(0.1), F(0.1 + 0.2), F(0.1 + 0.2), F(1e300)]),
        (
            "DOUBLE",
            "max",
            None,
            [F(0.0), F(f64::INFINITY), None, F(5.0)],
            [F(0.0), F(f64::INFINITY), F(f64::INFINITY), F(f64::INFINITY)],
        ),
        ("DECIMAL(5,2)", "sum", None, [D(90000), D(9999), None, D(-1)], [D(90000), D(99999), D(99999), D(99998)]),
        ("DECIMAL(10,2)", "product", None, [D(150), D(101), D(-101), D(50)], [D(150), D(152), D(-154), D(-77)]),
        (
            "DECIMAL(38,20)",
            "product",
            None,
            [D(wide), D(250_000_000_000_000_000_000), D(-100_000_000_000_000_000_001), None],
            [
                D(wide),
                D(30864197280864197253086419725),
                D(-30864197280864197253395061698),
                D(-30864197280864197253395061698),
            ],
        ),
        ("DECIMAL(38,2)", "min", None, [D(most), D(-500), None, D(700)], [D(most), D(-500), D(-500), D(-500)]),
        ("STRING", "max", None, [T("b"), T("é"), None, T("z")], [T("b"), T("é"), T("é"), T("é")]),
        ("STRING", "min", None, [T("b"), T("é"), T(""), T("z")], [T("b"), T("b"), T(""), T("")]),
        ("INT", "last_value", None, [I(1), None, I(3), None], [I(1), None, I(3), None]),
        ("INT", "last_value_ignore_nulls", None, [I(1), None, I(3), None], [I(1), I(1), I(3), I(3)]),
        ("INT", "first_value", None, [None, I(2), I(3), None], [None, I(2), I(2), I(2)]),
        ("INT", "first_value_ignore_nulls", None, [None, I(2), I(3), None], [None, I(2), I(2), I(2)]),
        ("STRING", "listagg", None, [T("a"), None, T("é"), T("")], [T("a"), T("a"), T("a,é"), T("a,é,")]),
        (
            "STRING",
            "string_agg",
            Some(" | "),
            [T("a"), T("b"), None, T("c")],
            [T("a"), T("a | b"), T("a | b"), T("a | b | c")],
        ),
        ("BOOLEAN", "bool_and", None, [B(true), None, B(false), B(true)], [B(true), B(true), B(false), B(false)]),
        ("BOOLEAN", "bool_or", None, [B(false), None, B(true), B(false)], [B(false), B(false), B(true), B(true)]),
    ]
}

fn descriptor(data_type: &str, function: &str, delimiter: Option<&str>) -> TableDescriptor {
    let mut schema = Schema::parse_sql(&format!("id TINYINT NOT NULL, v {data_type}")).unwrap();
    schema.primary_key = vec![0];
    let parameters = delimiter.map(|delimiter| ("delimiter".to_owned(), delimiter.to_owned())).into_iter().collect();
    schema.columns[1].aggregation = Some((function.to_owned(), parameters));
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.properties.insert("table.merge-engine".to_owned(), "aggregation".to_owned());
    descriptor
}

fn row(layout: &Layout, format: RowFormat, data_type: &DataType, value: Option<Scalar<'_>>) -> Vec<u8> {
    let value = value.map(|value| {
        let mut bytes = Vec::new();
        value.write("v", data_type, format, &mut bytes).unwrap();
        bytes
    });
    let mut row = Vec::new();
    RowFields::write_as(layout, format, &[Some(&[1]), value.as_deref()], &mut row);
    row
}

fn of(descriptor: &TableDescriptor) -> Result<Engine, Failure> {
    Engine::of(descriptor, &TableProperties::parse(&descriptor.properties).unwrap())
}

#[test]
fn functions_give_what_a_real_server_gives() {
    for (data_type, function, delimiter, values, expected) in cases() {
        let descriptor = descriptor(data_type, function, delimiter);
        let layout = Layout::of_schema(&descriptor.schema);
        let column = &descriptor.schema.columns[1].column_type.data_type;
        let merger = of(&descriptor).unwrap().whole();
        for format in [RowFormat::Compacted, RowFormat::Indexed] {
            let mut current: Option<Vec<u8>> = None;
            for (step, (value, expected)) in values.into_iter().zip(expected).enumerate() {
                let new = row(&layout, format, column, value);
                let mut made = Vec::new();
                let merged = merger.merge(&layout, format, current.as_deref(), &new, &mut made).unwrap();
                current = Some(if merged == Merged::New { new } else { made });
                let expected = row(&layout, format, column, expected);
                assert_eq!(current.as_ref(), Some(&expected), "{function} of {data_type}, {format:?}, row {step}");
            }
        }
    }
}

#[test]
fn what_is_too_long_for_its_type_is_refused() {
    for (data_type, function, first, second) in [
        ("DECIMAL(5,2)", "sum", 99_999, 1),
        ("DECIMAL(38,0)", "sum", 10i128.pow(38) - 1, 1),
        ("DECIMAL(38,0)", "product", 10i128.pow(37), 10i128.pow(30)),
    ] {
        let descriptor = descriptor(data_type, function, None);
        let layout = Layout::of_schema(&descriptor.schema);
        let column = &descriptor.schema.columns[1].column_type.data_type;
        let merger = of(&descriptor).unwrap().whole();
        let rows = [first, second].map(|value| row(&layout, RowFormat::Compacted, column, D(value)));
        let merged = merger.merge(&layout, RowFormat::Compacted, Some(&rows[0]), &rows[1], &mut Vec::new());
        assert!(merged.unwrap_err().to_string().contains("column v"), "{data_type} {function}");
    }
}

#[test]
fn what_a_function_does_not_take_is_refused() {
    for (data_type, function, delimiter) in [
        ("STRING", "sum", None),
        ("BYTES", "max", None),
        ("INT", "bool_or", None),
        ("BYTES", "rbm32", None),
        ("INT", "median", None),
        ("STRING", "listagg", Some("")),
        ("INT", "sum", Some(",")),
    ] {
        let failure = of(&descriptor(data_type, function, delimiter)).unwrap_err();
        assert!(failure.text.contains("column 'v'"), "{}", failure.text);
    }
}
