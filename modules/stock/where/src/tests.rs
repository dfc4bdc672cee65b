//! `where` on every simple type.

use thalweg_module::testing::Rows;
use thalweg_module::{DataType, Date, Decimal, Error, Time, Timestamp, TimestampLtz, Unit};

use super::Where;

/// Three rows and a null of every simple type.
fn rows() -> Rows {
    let decimal = |unscaled| Some(Decimal::new(unscaled, 2));
    let time = |seconds: i64| Some(Time::new(seconds * 1000, Unit::Milliseconds));
    let wide = |seconds: i64| Some(Time::new(seconds * 1_000_000, Unit::Microseconds));
    let stamp = |seconds: i64| Some(Timestamp::new(seconds * 1_000_000, Unit::Microseconds));
    let instant = |seconds| Some(TimestampLtz::new(seconds, Unit::Seconds));
    let date = |days| Some(Date::from_days(days));
    Rows::new()
        .column("bool", [Some(true), Some(false), None, Some(true)])
        .column("tiny", [Some(-1_i8), Some(0), None, Some(127)])
        .column("small", [Some(-1_i16), Some(0), None, Some(300)])
        .column("delay", [Some(10), Some(30), None, Some(45)])
        .column("big", [Some(i64::MIN), Some(0), None, Some(i64::MAX)])
        .column("float", [Some(0.1_f32), Some(f32::NAN), None, Some(2.5)])
        .column("double", [Some(0.1), Some(-0.0), None, Some(1e300)])
        .column_as("decimal", DataType::Decimal((10, 2)), [decimal(-150), decimal(0), None, decimal(1234)])
        .column("origin", [Some("SEA"), Some("PDX"), None, Some("Zürich")])
        .column_as("char", DataType::FixedText(3), [Some("SEA"), Some("PDX"), None, Some("")])
        .column("bytes", [Some(b"\x00\xff".as_slice()), Some(b""), None, Some(b"x")])
        .column_as("binary", DataType::FixedBytes(2), [Some(b"\x00\xff".as_slice()), Some(b"ab"), None, Some(b"xy")])
        .column("date", [date(11_323), date(0), None, date(-1)])
        .column_as("time", DataType::Time(3), [time(36_000), time(0), None, time(86_399)])
        .column_as("wide time", DataType::Time(6), [wide(36_000), wide(0), None, wide(86_399)])
        .column_as("at", DataType::Timestamp(6), [stamp(978_343_200), stamp(0), None, stamp(-1)])
        .column_as("instant", DataType::TimestampLtz(0), [instant(978_343_200), instant(0), None, instant(-1)])
}

fn kept(condition: &str) -> Result<Vec<usize>, Error> {
    let config = serde_json::json!({ "if": condition }).to_string();
    Ok(rows().run::<Where>(&config)?.kept().to_vec())
}

/// Conditions, and the rows that they keep.
const CASES: &[(&str, &[usize])] = &[
    ("bool = true", &[0, 3]),
    ("bool != true", &[1]),
    ("bool < true", &[1]),
    ("bool >= false", &[0, 1, 3]),
    ("bool > true", &[]),
    ("tiny > -0.5", &[1, 3]),
    ("tiny = 300", &[]),
    ("tiny <> 300", &[0, 1, 3]),
    ("tiny < 1e30", &[0, 1, 3]),
    ("small >= 300", &[3]),
    ("delay > 30", &[3]),
    ("delay >= 30", &[1, 3]),
    ("delay < 30.0", &[0]),
    ("delay != 30", &[0, 3]),
    ("big = -9223372036854775808", &[0]),
    ("big > 9223372036854775806.5", &[3]),
    ("big <= 9223372036854775808", &[0, 1, 3]),
    ("float = 0.1", &[0]),
    ("float != 0.1", &[1, 3]),
    ("float >= 0", &[0, 3]),
    ("double = 0", &[1]),
    ("double = 0.1", &[0]),
    ("double > 1E299", &[3]),
    ("decimal = -1.5", &[0]),
    ("decimal > 12.339", &[3]),
    ("decimal = 12.345", &[]),
    ("decimal <= 1e38", &[0, 1, 3]),
    ("origin = 'SEA'", &[0]),
    ("origin != 'SEA'", &[1, 3]),
    ("origin > 'SEA'", &[3]),
    ("origin <= 'SEA'", &[0, 1]),
    ("origin = 'Zürich'", &[3]),
    ("char < 'PDY'", &[1, 3]),
    ("bytes = x'00FF'", &[0]),
    ("bytes >= x'00'", &[0, 3]),
    ("binary = x'6162'", &[1]),
    ("binary <> x'6162'", &[0, 3]),
    ("date = '2001-01-01'", &[0]),
    ("date < '1970-01-01'", &[3]),
    ("time >= '10:00'", &[0, 3]),
    ("time < '00:00:00.0005'", &[1]),
    ("`wide time` = '10:00:00'", &[0]),
    ("at = '2001-01-01 10:00:00'", &[0]),
    ("at < '1970-01-01'", &[3]),
    ("at >= '1969-12-31T23:59:59.0000001'", &[0, 1]),
    ("instant > '1969-12-31 23:59:59.5'", &[0, 1]),
    ("delay is null", &[2]),
    ("origin IS NOT NULL", &[0, 1, 3]),
    ("delay > 30 or delay < 20", &[0, 3]),
    ("delay > 5 and origin = 'SEA' or bool = false", &[0, 1]),
    ("delay > 5 and (origin = 'SEA' or bool = false)", &[0, 1]),
    ("bool = false and (origin = 'SEA' or delay > 5)", &[1]),
    ("delay > 5 or delay is null", &[0, 1, 2, 3]),
    ("\"wide time\" is null and delay is null", &[2]),
    ("bool", &[0, 3]),
    ("not bool", &[1]),
    ("not (bool)", &[1]),
    ("not delay > 30", &[0, 1]),
    ("not (delay > 30 or origin = 'SEA')", &[1]),
    ("not (delay > 30 and origin = 'SEA')", &[0, 1, 3]),
    ("not (delay > 20 and (bool or not origin = 'PDX'))", &[0, 1]),
    ("not float < 1", &[1, 3]),
    ("30 <= delay", &[1, 3]),
    ("delay between 10 and 30", &[0, 1]),
    ("delay not between 10 and 30", &[3]),
    ("30 between tiny and delay", &[1]),
    ("float between 0 and 1", &[0]),
    ("date between date '1970-01-01' and '2001-01-01'", &[0, 1]),
    ("origin between 'P' and 'T'", &[0, 1]),
    ("tiny in (127, 300, -1.0)", &[0, 3]),
    ("tiny not in (127, 300)", &[0, 1]),
    ("delay in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 45, 45)", &[0, 3]),
    ("not (delay in (10) or bool is null)", &[1, 3]),
    ("decimal in (-1.5, 0.001, 12.34)", &[0, 3]),
    ("double in (0, 1e300)", &[1, 3]),
    ("float not in (2.5)", &[0, 1]),
    ("origin in ('SEA', 'PDX', 'x')", &[0, 1]),
    ("origin not in ('SEA')", &[1, 3]),
    ("bytes in (x'78', x'')", &[1, 3]),
    ("bool in (true, false)", &[0, 1, 3]),
    ("at in ('1970-01-01', timestamp '2001-01-01 10:00')", &[0, 1]),
    ("instant = '2001-01-01T12:00:00+02:00'", &[0]),
    ("time in ('10:00', '23:59:59')", &[0, 3]),
    ("`wide time` not in ('10:00')", &[1, 3]),
    ("origin like 'S%'", &[0]),
    ("origin not like '%E%'", &[1, 3]),
    ("origin like 'Z_rich'", &[3]),
    ("char like ''", &[3]),
    ("origin like '%!%%' escape '!'", &[]),
    ("tiny < delay", &[0, 1]),
    ("not tiny < delay", &[3]),
    ("tiny <> small", &[3]),
    ("big < decimal", &[0]),
    ("decimal >= tiny", &[1]),
    ("double = double", &[0, 1, 3]),
    ("float = float", &[0, 3]),
    ("double > delay", &[3]),
    ("decimal < float", &[0]),
    ("origin = char", &[0, 1]),
    ("char < origin", &[3]),
    ("bytes = binary", &[0]),
    ("time = `wide time`", &[0, 1, 3]),
    ("bool = bool", &[0, 1, 3]),
    ("date = date and at <= at", &[0, 1, 3]),
];

#[test]
fn rows_that_fit_are_kept() {
    for (condition, expected) in CASES {
        assert_eq!(kept(condition).as_deref(), Ok(*expected), "{condition}");
    }
}

#[test]
fn errors_say_where_and_what() {
    for (condition, message) in [
        (
            "delay > '30'",
            "configuration key `if`: at character 9: column `delay` is INT: expected a number, as 30 or -1.5, found '30'",
        ),
        (
            "origin = 30",
            "configuration key `if`: at character 10: column `origin` is STRING: expected a text, as 'SEA', found `30`",
        ),
        (
            "date = '2001-02-30'",
            "configuration key `if`: at character 8: column `date` is DATE: expected a date, as '2001-01-31', found '2001-02-30'",
        ),
        ("delay = 3x", "configuration key `if`: at character 9: `3x` is not a number"),
        (
            "delay = inf",
            "at character 9 of the condition: there is no column `inf`; the columns are `bool`, `tiny`, `small`, `delay`, `big`, `float`, `double`, `decimal`, `origin`, `char`, `bytes`, `binary`, `date`, `time`, `wide time`, `at`, `instant`",
        ),
        (
            "double = 1inf",
            "configuration key `if`: at character 10: column `double` is DOUBLE: expected a number, as 30 or -1.5, found `1inf`",
        ),
        (
            "bool and",
            "configuration key `if`: at character 9: expected a column or a literal (30, 'text', x'00ff', true or false), found the end",
        ),
        ("delay or bool", "configuration key `if`: at character 1: column `delay` is INT: expected a comparison"),
        (
            "not bool = origin",
            "configuration key `if`: at character 12: column `bool` is BOOLEAN: it does not compare with `origin`, which is STRING",
        ),
        (
            "at < instant",
            "configuration key `if`: at character 6: column `at` is TIMESTAMP(6): it does not compare with `instant`, which is TIMESTAMP_LTZ(0)",
        ),
        (
            "delay in (1, '2')",
            "configuration key `if`: at character 14: column `delay` is INT: expected a number, as 30 or -1.5, found '2'",
        ),
        ("delay like '1%'", "configuration key `if`: at character 1: column `delay` is INT: `like` tests texts"),
        ("origin like 3", "configuration key `if`: at character 13: expected a pattern, as 'S%'"),
        (
            "origin like '!a' escape '!'",
            "configuration key `if`: at character 13: expected `%`, `_` or `!` behind each `!`",
        ),
    ] {
        assert_eq!(kept(condition).unwrap_err().to_string(), message);
    }
    let unknown = kept("bool = true and delai > 3").unwrap_err().to_string();
    assert!(
        unknown.starts_with(
            "at character 17 of the condition: there is no column `delai`; the columns are `bool`, `tiny`"
        )
    );
    assert!(matches!(rows().run::<Where>("{}"), Err(Error::Config { key, .. }) if key == "if"));
}

#[test]
fn nested_columns_are_tested_for_nulls_only() {
    let rows = Rows::json("tags ARRAY<STRING>, i INT", "{\"tags\": [null]}\n{\"i\": 1}\n{\"tags\": [], \"i\": 2}");
    let run = |condition: &str| rows.run::<Where>(&serde_json::json!({ "if": condition }).to_string());
    assert_eq!(run("tags is null").unwrap().kept(), [1]);
    assert_eq!(run("i is not null and not tags is null").unwrap().kept(), [2]);
    let error = run("i = 1 or tags = 'a'").unwrap_err().to_string();
    assert_eq!(error, "at character 10 of the condition: column `tags` is ARRAY, which `where` cannot test");
}

#[test]
fn only_the_columns_used_are_read_and_none_is_written() {
    let outcome = rows().run::<Where>(r#"{"if": "delay > 30 and delay < 100"}"#).unwrap();
    assert_eq!(outcome.schema().columns.len(), 17);
    assert_eq!(outcome.read(), ["delay"]);
}
