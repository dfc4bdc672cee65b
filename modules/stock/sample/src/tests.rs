//! `sample` on every simple type.

use thalweg_module::testing::Rows;
use thalweg_module::{DataType, Date, Decimal, Error, Time, Timestamp, TimestampLtz, Unit};

use super::Sample;

fn kept(rows: &Rows, config: &str) -> Vec<usize> {
    rows.run::<Sample>(config).unwrap().kept().to_vec()
}

#[test]
fn a_share_of_the_keys_is_kept_and_a_smaller_one_is_a_part_of_it() {
    let rows = Rows::new().column("id", 0..10_000_i64);
    let tenth = kept(&rows, r#"{"column": "id", "share": 0.1}"#);
    let half = kept(&rows, r#"{"column": "id", "share": 0.5}"#);
    assert!((900..1100).contains(&tenth.len()) && (4800..5200).contains(&half.len()));
    assert!(tenth.iter().all(|row| half.binary_search(row).is_ok()));
    assert_eq!(kept(&rows, r#"{"column": "id", "one-in": 2}"#), half);
    let other = kept(&rows, r#"{"column": "id", "share": 0.5, "seed": 18446744073709551615}"#);
    let common = half.iter().filter(|row| other.binary_search(row).is_ok()).count();
    assert!((2300..2700).contains(&common), "seeds are independent: {common}");
    assert_eq!(kept(&rows, r#"{"column": "id", "share": 1}"#).len(), 10_000);
    assert_eq!(kept(&rows, r#"{"column": "id", "one-in": 1}"#).len(), 10_000);
    assert!(kept(&rows, r#"{"columns": ["id"], "share": 0}"#).is_empty());
}

/// Which values out of the first rows are kept never changes: XXH64 by its specification.
#[test]
fn the_hash_is_what_is_said() {
    let rows = Rows::new().column("text", ["", "a", "abc"]).column("one", [1_i64, 2, 3]);
    let keeps = |column: &str, row: usize, hash: u64| {
        let share = |hash: u64| format!(r#"{{"column": "{column}", "share": {:e}}}"#, hash as f64 / 2_f64.powi(64));
        // A share is a double: the hash lies between the two next to it.
        let step = 1 << 12;
        assert!(!kept(&rows, &share(hash.saturating_sub(step))).contains(&row), "{column} {row}");
        assert!(kept(&rows, &share(hash.saturating_add(step))).contains(&row), "{column} {row}");
    };
    keeps("text", 0, 0xef46_db37_51d8_e999);
    keeps("text", 1, 0xd24e_c4f1_a98c_6e5b);
    keeps("text", 2, 0x44bc_2cf5_ad77_0999);
}

#[test]
fn equal_keys_have_one_fate_whatever_their_column() {
    let numbers = || (0..200_i16).chain(0..200);
    let time = |value: i16, unit| Some(Time::new(i64::from(value), unit)).filter(|_| value % 50 != 7);
    let rows = Rows::new()
        .column("bool", numbers().map(|value| value % 2 == 0))
        .column("small", numbers())
        .column("int", numbers().map(i32::from))
        .column("big", numbers().map(i64::from))
        .column("float", numbers().map(f32::from))
        .column("double", numbers().map(f64::from))
        .column_as("decimal", DataType::Decimal((10, 2)), numbers().map(|value| Decimal::new(value.into(), 2)))
        .column("date", numbers().map(|value| Date::from_days(value.into())))
        .column_as("time", DataType::Time(0), numbers().map(|value| time(value, Unit::Seconds)))
        .column_as("fine time", DataType::Time(9), numbers().map(|value| time(value, Unit::Seconds)))
        .column_as("at", DataType::Timestamp(3), numbers().map(|value| Timestamp::new(value.into(), Unit::Seconds)))
        .column_as(
            "instant",
            DataType::TimestampLtz(6),
            numbers().map(|value| TimestampLtz::new(value.into(), Unit::Seconds)),
        )
        .column("bytes", numbers().map(|value| if value % 3 == 0 { b"a" } else { b"b" }))
        .column("text", numbers().map(|value| if value % 3 == 0 { "a" } else { "b" }));
    let by = |columns: &str| {
        let rows = kept(&rows, &format!(r#"{{"columns": [{columns}], "share": 0.4, "seed": 1}}"#));
        let (first, second): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(|row| *row < 200);
        assert_eq!(first, second.into_iter().map(|row| row - 200).collect::<Vec<_>>(), "{columns}");
        first
    };
    let all = by(r#""int""#);
    assert!((40..120).contains(&all.len()));
    for same in [r#""small""#, r#""big""#, r#""date""#] {
        assert_eq!(by(same), all, "{same}");
    }
    assert_eq!(by(r#""float""#), by(r#""double""#));
    assert_eq!(by(r#""bytes""#), by(r#""text""#));
    assert_eq!(by(r#""time""#), by(r#""fine time""#));
    assert_eq!(by(r#""at""#), by(r#""instant""#));
    assert_ne!(by(r#""int", "bool""#), by(r#""bool", "int""#));
    by(r#""decimal", "time""#);
}

#[test]
fn zeros_nans_and_nulls_have_one_fate_each() {
    let rows = Rows::new()
        .column("double", [Some(0.0), Some(-0.0), Some(f64::NAN), Some(-f64::NAN), None, None])
        .column("text", [Some(""), Some(""), None, None, Some("x"), Some("x")]);
    for (column, seed) in ["double", "text"].into_iter().flat_map(|column| (0..40).map(move |seed| (column, seed))) {
        let rows = kept(&rows, &format!(r#"{{"column": "{column}", "share": 0.5, "seed": {seed}}}"#));
        for pair in [[0, 1], [2, 3], [4, 5]] {
            assert_eq!(rows.contains(&pair[0]), rows.contains(&pair[1]), "{column}, seed {seed}");
        }
    }
}

#[test]
fn errors_name_the_key() {
    let rows = Rows::new().column("id", [1]);
    for (config, key) in [
        (r#"{"share": 0.5}"#, "column"),
        (r#"{"column": "id"}"#, "share"),
        (r#"{"column": "id", "columns": ["id"], "share": 0.5}"#, "columns"),
        (r#"{"columns": [], "share": 0.5}"#, "columns"),
        (r#"{"column": "id", "share": 1.5}"#, "share"),
        (r#"{"column": "id", "share": -0.1}"#, "share"),
        (r#"{"column": "id", "one-in": 0}"#, "one-in"),
        (r#"{"column": "id", "one-in": 2, "share": 0.5}"#, "one-in"),
        (r#"{"column": "id", "share": 0.5, "seed": -1}"#, "seed"),
    ] {
        let error = rows.run::<Sample>(config).unwrap_err();
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    let error = rows.run::<Sample>(r#"{"column": "x", "share": 0.5}"#).unwrap_err().to_string();
    assert_eq!(error, "there is no column `x`; the columns are `id`");
}
