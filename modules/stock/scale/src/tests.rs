//! `scale` on every numeric type.

use thalweg_module::testing::Rows;
use thalweg_module::{DataType, Decimal, Error};

use super::Scale;

#[test]
fn integers_round_half_to_even_and_overflow_is_refused() {
    let rows =
        Rows::new().column("n", [Some(1_i8), Some(3), None, Some(100), Some(-100)]).column("other", [1, 2, 3, 4, 5]);
    let outcome = rows.run::<Scale>(r#"{"column": "n", "factor": 1.5}"#).unwrap();
    assert_eq!(outcome.kept(), [0, 1, 2]);
    assert_eq!(outcome.values::<i8>("n").unwrap(), [Some(2), Some(4), None]);
    assert_eq!(outcome.values::<i32>("other").unwrap(), [Some(1), Some(2), Some(3)]);
    let message = "the result does not fit TINYINT".to_owned();
    assert_eq!(outcome.refused(), [(3, message.clone()), (4, message)]);
    assert_eq!(outcome.schema().column("n").unwrap().1.data_type, DataType::Tinyint);
}

#[test]
fn every_numeric_type_is_multiplied() {
    let rows = Rows::new()
        .column("i16", [100_i16])
        .column("i32", [1000_i32])
        .column("i64", [i64::MAX / 2])
        .column("f32", [1.5_f32])
        .column("f64", [1.5_f64])
        .column_as("dec", DataType::Decimal((10, 2)), [Decimal::new(12345, 2)]);
    let run = |column: &str| rows.run::<Scale>(&format!(r#"{{"column": "{column}", "factor": "1.609344"}}"#)).unwrap();
    assert_eq!(run("i16").values::<i16>("i16").unwrap(), [Some(161)]);
    assert_eq!(run("i32").values::<i32>("i32").unwrap(), [Some(1609)]);
    assert_eq!(run("i64").values::<i64>("i64").unwrap(), [Some(7_421_789_223_640_006_157)]);
    assert_eq!(run("f32").values::<f32>("f32").unwrap(), [Some((1.5 * 1.609_344_f64) as f32)]);
    assert_eq!(run("f64").values::<f64>("f64").unwrap(), [Some(1.5 * 1.609_344)]);
    assert_eq!(run("dec").values::<Decimal>("dec").unwrap(), [Some(Decimal::new(19867, 2))]);
}

#[test]
fn decimals_that_do_not_fit_are_refused() {
    let rows = Rows::new().column_as(
        "d",
        DataType::Decimal((4, 2)),
        [Some(Decimal::new(9999, 2)), None, Some(Decimal::new(1, 2))],
    );
    let outcome = rows.run::<Scale>(r#"{"column": "d", "factor": 2}"#).unwrap();
    assert_eq!(outcome.values::<Decimal>("d").unwrap(), [None, Some(Decimal::new(2, 2))]);
    assert_eq!(outcome.refused(), [(0, "the result does not fit DECIMAL(4, 2)".to_owned())]);
}

#[test]
fn errors_name_what_is_wrong() {
    let rows = Rows::new().column("n", [1]).column("s", ["x"]);
    for (config, key) in [
        (r#"{"column": "n"}"#, "factor"),
        (r#"{"factor": 2}"#, "column"),
        (r#"{"column": "n", "factor": "two"}"#, "factor"),
        (r#"{"column": "n", "factor": true}"#, "factor"),
        (r#"{"column": "n", "factor": 1, "x": 1}"#, "x"),
        (r#"{"column": "n", "factor": "1.2345678901234567890123456789"}"#, "factor"),
    ] {
        let error = rows.run::<Scale>(config).unwrap_err();
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    let error = rows.run::<Scale>(r#"{"column": "s", "factor": 2}"#).unwrap_err();
    assert_eq!(error.to_string(), "column `s` is STRING, but a number is expected");
    assert!(rows.run::<Scale>(r#"{"column": "z", "factor": 2}"#).unwrap_err().to_string().contains("`n`, `s`"));
}
