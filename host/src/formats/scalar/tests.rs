//! Texts of every type: what is taken, and as what; what is refused, and why; what rounding makes of it.

use arrow_array::Array;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use proptest::prelude::*;

use super::*;
use crate::table::{ArrowColumn as _, ColumnType};

fn field(sql: &str) -> Field {
    sql.parse::<ColumnType>().unwrap_or_else(|error| panic!("{sql}: {error}")).to_arrow("c")
}

fn read(text: &str, sql: &str, rounding: Rounding) -> Result<String, String> {
    let array = column([Some(text)].into_iter(), &field(sql), rounding).map_err(|misfit| misfit.reason)?;
    assert_eq!(array.data_type(), field(sql).data_type(), "{sql}");
    let display = ArrayFormatter::try_new(&array, &FormatOptions::new()).expect("a text");
    Ok(display.value(0).to_string())
}

/// A text, a type, and what it is in it.
const TAKEN: &[(&str, &str, &str)] = &[
    ("127", "TINYINT", "127"),
    (" -128 ", "TINYINT", "-128"),
    ("+7", "SMALLINT", "7"),
    ("1.0", "INT", "1"),
    ("1e3", "INT", "1000"),
    ("12.50e1", "INT", "125"),
    ("0e999999999999999999999", "INT", "0"),
    ("0.000", "BIGINT", "0"),
    ("9007199254740993.0", "BIGINT", "9007199254740993"),
    ("9223372036854775807", "BIGINT", "9223372036854775807"),
    ("-9223372036854775808", "BIGINT", "-9223372036854775808"),
    ("000000000000000000000000000000000000000000000012", "BIGINT", "12"),
    ("1.00", "DECIMAL(3, 1)", "1.0"),
    (".5", "DECIMAL(10, 2)", "0.50"),
    ("5.", "DECIMAL(10, 2)", "5.00"),
    ("-1.25e2", "DECIMAL(10, 2)", "-125.00"),
    ("99999999999999999999999999999999999999", "DECIMAL(38, 0)", "99999999999999999999999999999999999999"),
    ("0.1", "FLOAT", "0.1"),
    ("1e-999", "DOUBLE", "0.0"),
    ("9007199254740993", "DOUBLE", "9007199254740992.0"),
    ("NaN", "DOUBLE", "NaN"),
    ("nan", "FLOAT", "NaN"),
    ("inf", "DOUBLE", "inf"),
    ("-Infinity", "FLOAT", "-inf"),
    ("TRUE", "BOOLEAN", "true"),
    ("f", "BOOLEAN", "false"),
    ("1", "BOOLEAN", "true"),
    ("00fF", "BYTES", "00ff"),
    ("", "BYTES", ""),
    ("0a0b", "BINARY(2)", "0a0b"),
    (" x ", "STRING", " x "),
    ("", "CHAR(3)", ""),
    ("2026-01-31", "DATE", "2026-01-31"),
    ("2026-1-5", "DATE", "2026-01-05"),
    ("20260131", "DATE", "2026-01-31"),
    ("2026-01-31T00:00:00.000", "DATE", "2026-01-31"),
    ("0001-01-01", "DATE", "0001-01-01"),
    ("+12026-01-31", "DATE", "+12026-01-31"),
    ("-0001-03-01", "DATE", "-0001-03-01"),
    ("2024-02-29", "DATE", "2024-02-29"),
    ("12:12", "TIME(0)", "12:12:00"),
    ("9:05:07", "TIME(0)", "09:05:07"),
    ("12:00:00.000", "TIME(0)", "12:00:00"),
    ("12:10:01 am", "TIME(0)", "00:10:01"),
    ("1:10 PM", "TIME(3)", "13:10:00"),
    ("23:59:59.999999999", "TIME(9)", "23:59:59.999999999"),
    ("2021-08-06T13:18Z", "TIMESTAMP_LTZ(3)", "2021-08-06T13:18:00Z"),
    ("2021-08-06 13:18", "TIMESTAMP(0)", "2021-08-06T13:18:00"),
    ("2021-08-06", "TIMESTAMP(3)", "2021-08-06T00:00:00"),
    ("2021-08-06T13:18:00.120", "TIMESTAMP(3)", "2021-08-06T13:18:00.120"),
    ("2021-08-06T13:18:00.1200000000000", "TIMESTAMP(3)", "2021-08-06T13:18:00.120"),
    ("2021-08-06T13:18:00+02:00", "TIMESTAMP_LTZ(3)", "2021-08-06T11:18:00Z"),
    ("2021-08-06T13:18:00-0530", "TIMESTAMP_LTZ(3)", "2021-08-06T18:48:00Z"),
    ("2021-08-06 13:18:00+00", "TIMESTAMP(3)", "2021-08-06T13:18:00"),
    ("2021-08-06T13:18:00z", "TIMESTAMP(3)", "2021-08-06T13:18:00"),
    ("2021-08-06T13:18:00", "TIMESTAMP_LTZ(6)", "2021-08-06T13:18:00Z"),
    ("2021-08-06T13:18:00 Europe/Paris", "TIMESTAMP_LTZ(6)", "2021-08-06T11:18:00Z"),
    ("1969-12-31T23:59:59.5", "TIMESTAMP(3)", "1969-12-31T23:59:59.500"),
    ("9999-12-31T23:59:59.999999", "TIMESTAMP(6)", "9999-12-31T23:59:59.999999"),
];

/// A text, a type, why it is refused, and what rounding makes of it if anything.
const REFUSED: &[(&str, &str, &str, Option<&str>)] = &[
    ("128", "TINYINT", "\"128\" is out of the range of TINYINT", None),
    ("9223372036854775808", "BIGINT", "out of the range of BIGINT", None),
    ("1e40", "BIGINT", "out of the range of BIGINT", None),
    ("1e99999999999999999999", "BIGINT", "out of the range of BIGINT", None),
    ("4503599627370497.5", "BIGINT", "more digits than BIGINT keeps", Some("4503599627370498")),
    ("-0.5", "INT", "more digits", Some("-1")),
    ("0.49999999999999999999", "INT", "more digits", Some("0")),
    ("5e-2", "INT", "more digits", Some("0")),
    ("127.5", "TINYINT", "more digits", None),
    ("", "INT", "\"\" is no INT", None),
    ("0x10", "INT", "is no INT", None),
    ("1 000", "INT", "is no INT", None),
    ("1e", "INT", "is no INT", None),
    (".", "DOUBLE", "is no DOUBLE", None),
    ("1.005", "DECIMAL(10, 2)", "\"1.005\" has more digits than DECIMAL(10, 2) keeps", Some("1.01")),
    ("-1.005", "DECIMAL(10, 2)", "more digits", Some("-1.01")),
    ("99.995", "DECIMAL(4, 2)", "more digits", None),
    ("100", "DECIMAL(4, 2)", "out of the range of DECIMAL(4, 2)", None),
    ("NaN", "DECIMAL(4, 2)", "is no DECIMAL(4, 2)", None),
    ("1e999", "DOUBLE", "out of the range of DOUBLE", None),
    ("1e39", "FLOAT", "out of the range of FLOAT", None),
    ("maybe", "BOOLEAN", "is no BOOLEAN", None),
    ("0", "BYTES", "pairs of hexadecimal digits", None),
    ("0g", "BYTES", "pairs of hexadecimal digits", None),
    ("00", "BINARY(2)", "is not as long as BINARY(2)", None),
    ("2026-02-29", "DATE", "is no DATE", None),
    ("5", "DATE", "is no DATE", None),
    ("+99999999-01-01", "DATE", "out of the range of DATE", None),
    ("2020-01-01T00:00:00+02:00", "DATE", "has a zone, which DATE does not keep", Some("2019-12-31")),
    ("2020-01-01 12:30:00", "DATE", "has a time of day, which DATE does not keep", Some("2020-01-01")),
    ("5", "TIME(3)", "\"5\" is no TIME(3)", None),
    ("24:00:00", "TIME(0)", "is no TIME(0)", None),
    ("23:59:60", "TIME(0)", "is no TIME(0)", None),
    ("12:00:00.1", "TIME(0)", "more digits than TIME(0) keeps", Some("12:00:00")),
    ("13:00 PM", "TIME(0)", "is no TIME(0)", None),
    (
        "2020-01-01T00:00:00.1239",
        "TIMESTAMP(3)",
        "more digits than TIMESTAMP(3) keeps",
        Some("2020-01-01T00:00:00.123"),
    ),
    ("1969-12-31T23:59:59.9999", "TIMESTAMP(3)", "more digits", Some("1969-12-31T23:59:59.999")),
    ("2020-01-01T00:00:00.0000000001", "TIMESTAMP(9)", "more digits", Some("2020-01-01T00:00:00")),
    (
        "2020-01-01T00:00:00+02:00",
        "TIMESTAMP(0)",
        "has a zone, which TIMESTAMP(0) does not keep",
        Some("2019-12-31T22:00:00"),
    ),
    ("9999-12-31T00:00:00", "TIMESTAMP(9)", "out of the range of TIMESTAMP(9)", None),
    ("2020-01-01T24:00:00", "TIMESTAMP(0)", "is no TIMESTAMP(0)", None),
    ("2020-01-01T00:00:00 Nowhere", "TIMESTAMP_LTZ(0)", "is no TIMESTAMP_LTZ(0)", None),
    ("2021-03-28T02:30:00 Europe/Paris", "TIMESTAMP_LTZ(0)", "is no TIMESTAMP_LTZ(0)", None),
    ("1577836800000", "TIMESTAMP(3)", "is no TIMESTAMP(3)", None),
    ("1", "ARRAY<INT>", "no text is ARRAY<INT>", None),
];

#[test]
fn texts_are_the_values_that_they_stand_for() {
    for (text, sql, expected) in TAKEN {
        for rounding in [Rounding::Refuse, Rounding::Nearest] {
            assert_eq!(read(text, sql, rounding).as_deref(), Ok(*expected), "{text:?} as {sql}");
        }
    }
}

#[test]
fn what_does_not_come_back_is_refused_unless_it_may_be_rounded() {
    for (text, sql, reason, rounded) in REFUSED {
        let error = read(text, sql, Rounding::Refuse).expect_err(text);
        assert!(error.contains(reason), "{text:?} as {sql}: {error}");
        assert_eq!(read(text, sql, Rounding::Nearest).ok().as_deref(), *rounded, "{text:?} as {sql}, rounded");
    }
}

#[test]
fn the_first_misfit_is_named_and_long_texts_are_cut() {
    let long = "é\n".repeat(1000);
    let texts = [Some("1"), None, Some(long.as_str()), Some("x")];
    let misfit = column(texts.into_iter(), &field("INT NOT NULL"), Rounding::Refuse).expect_err("no numbers");
    assert_eq!(misfit.at, 2);
    assert_eq!(misfit.reason, format!("\"{}\".. is no INT", "é\\n".repeat(20)));
    let nulls = column([None, None].into_iter(), &field("ARRAY<INT>"), Rounding::Refuse).expect("nulls");
    assert_eq!((nulls.len(), nulls.null_count()), (2, 2));
}

proptest! {
    /// The decimal of any digits is theirs, whatever the point and the exponent say.
    #[test]
    fn decimals_are_exact(value in any::<i64>(), scale in 0..10_u8, shift in -30..30_i32) {
        let digits = value.unsigned_abs().to_string();
        let sign = if value < 0 { "-" } else { "" };
        let exponent = shift - i32::from(scale);
        let text = format!("{sign}{digits}e{exponent}");
        let expected = match shift {
            0.. => 10_i128.checked_pow(shift as u32).and_then(|power| i128::from(value).checked_mul(power)),
            _ => {
                let power = 10_i128.pow(shift.unsigned_abs());
                (i128::from(value) % power == 0).then_some(i128::from(value) / power)
            }
        };
        let expected = expected.filter(|value| value.unsigned_abs() < 10_u128.pow(38));
        prop_assert_eq!(number::decimal(&text, 38, scale, Rounding::Refuse).ok(), expected, "{}", text);
    }

    /// No text makes it panic, whatever the type.
    #[test]
    fn any_text_is_taken_or_refused(text in "[-+0-9.:eTZ a]{0,24}|.{0,12}") {
        for sql in crate::columns::samples::FLAT {
            for rounding in [Rounding::Refuse, Rounding::Nearest] {
                let _ = column([Some(text.as_str())].into_iter(), &field(sql), rounding);
            }
        }
    }
}
