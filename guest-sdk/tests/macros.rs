//! The macros on every simple type, with nulls, refusals and names that are no words.
#![allow(missing_docs, reason = "the modules here are tests")]

use thalweg_module::testing::Rows;
use thalweg_module::{DataType, Date, Decimal, Error, Time, Timestamp, TimestampLtz, Unit};

/// So many modules cannot be exported by one component, but natively they are types like others.
mod filters {
    use thalweg_module::{Date, Decimal, Time, Timestamp, TimestampLtz, filter};

    /// Sees every type.
    #[filter]
    pub(crate) fn every_type(
        a: bool,
        b: i8,
        c: i16,
        d: i32,
        e: i64,
        f: f32,
        g: f64,
        h: Decimal,
        i: &str,
        j: &[u8],
        k: Date,
        l: Time,
        m: Timestamp,
        n: TimestampLtz,
    ) -> bool {
        let numbers = i64::from(b) + i64::from(c) + i64::from(d) + e;
        let times = l.value() + m.value() + n.value() + i64::from(k.days());
        a && numbers == 4
            && f == 1.0
            && g == 1.0
            && h == "1.50".parse().unwrap()
            && i == "x"
            && j == b"y"
            && times == 10
    }

    #[filter]
    pub(crate) fn not_null(#[column = "dep delay"] delay: Option<i32>) -> bool {
        delay.is_some()
    }

    /// Named like what the macro's own code could have.
    #[filter]
    pub(crate) fn rows(batch: i32, row: Option<i32>) -> Result<bool, String> {
        row.map(|row| row == batch).ok_or_else(|| format!("{batch} has no row"))
    }

    type Minutes = i32;
    type Name<'a> = &'a str;

    #[filter]
    pub(crate) fn aliases(minutes: Minutes, name: Option<Name<'_>>) -> bool {
        minutes > 1 && name == Some("b")
    }

    #[filter]
    pub(crate) fn divides(r#type: i32) -> bool {
        100 % r#type == 0
    }
}

mod maps {
    use thalweg_module::{Decimal, map};

    /// Longer.
    #[map(column = "text")]
    pub(crate) fn doubled(text: &str) -> String {
        format!("{text}{text}")
    }

    #[map(column = text)]
    pub(crate) fn first(text: &str) -> Option<&str> {
        text.get(..1)
    }

    type Long = i64;

    #[map(column = late)]
    pub(crate) fn aliased(minutes: i32) -> Long {
        Long::from(minutes) * 2
    }

    #[map]
    pub(crate) fn added(n: i32) -> i64 {
        i64::from(n) + 1
    }

    #[map(column = price)]
    pub(crate) fn with_tax(price: Decimal) -> Result<Decimal, &'static str> {
        if price.unscaled() < 0 {
            return Err("a negative price");
        }
        Ok(Decimal::new(price.unscaled() * 119, price.scale() + 2))
    }

    #[map(column = row)]
    pub(crate) fn builder(row: Option<i32>) -> Option<i32> {
        row.map(|row| row + 1)
    }

    #[map(column = code)]
    pub(crate) fn code(n: i32) -> String {
        "x".repeat(n as usize)
    }

    #[map(column = kept)]
    pub(crate) fn kept(n: Option<i32>) -> bool {
        n.is_none()
    }
}

fn every_type(null: usize) -> Rows {
    fn cells<T: Copy>(null: usize, column: usize, value: T) -> [Option<T>; 2] {
        [Some(value), (column != null).then_some(value)]
    }
    Rows::new()
        .column("a", cells(null, 0, true))
        .column("b", cells(null, 1, 1_i8))
        .column("c", cells(null, 2, 1_i16))
        .column("d", cells(null, 3, 1_i32))
        .column("e", cells(null, 4, 1_i64))
        .column("f", cells(null, 5, 1.0_f32))
        .column("g", cells(null, 6, 1.0_f64))
        .column_as("h", DataType::Decimal((5, 2)), cells(null, 7, Decimal::new(150, 2)))
        .column("i", cells(null, 8, "x"))
        .column("j", cells(null, 9, b"y"))
        .column("k", cells(null, 10, Date::from_days(1)))
        .column_as("l", DataType::Time(6), cells(null, 11, Time::new(2, Unit::Microseconds)))
        .column_as("m", DataType::Timestamp(3), cells(null, 12, Timestamp::new(3, Unit::Milliseconds)))
        .column_as("n", DataType::TimestampLtz(0), cells(null, 13, TimestampLtz::new(4, Unit::Seconds)))
}

#[test]
fn every_type_is_read_and_a_null_in_any_never_matches() {
    assert_eq!(every_type(99).run::<filters::EveryType>("{}").unwrap().kept(), [0, 1]);
    for null in 0..14 {
        assert_eq!(every_type(null).run::<filters::EveryType>("{}").unwrap().kept(), [0], "column {null}");
    }
}

#[test]
fn a_function_is_not_called_for_nulls_unless_it_asks() {
    // What stands in the null's place is 0, and would divide by zero.
    let rows = Rows::new().column("type", [Some(5), None, Some(7)]);
    assert_eq!(rows.run::<filters::Divides>("{}").unwrap().kept(), [0]);
    let rows = Rows::new().column("dep delay", [Some(5), None, Some(7)]);
    assert_eq!(rows.run::<filters::NotNull>("{}").unwrap().kept(), [0, 2]);
}

#[test]
fn names_do_not_meet_those_of_the_generated_code() {
    let rows = Rows::new().column("batch", [1, 2, 3]).column("row", [Some(1), None, Some(4)]);
    let outcome = rows.run::<filters::Rows>("{}").unwrap();
    assert_eq!(outcome.kept(), [0]);
    assert_eq!(outcome.refused(), [(1, "2 has no row".to_owned())]);
    let outcome = rows.run::<maps::Builder>("{}").unwrap();
    assert_eq!(outcome.values::<i32>("row").unwrap(), [Some(2), None, Some(5)]);
}

#[test]
fn aliases_stand_for_their_types() {
    let rows = Rows::new().column("minutes", [1, 2, 3]).column("name", [Some("b"), Some("b"), None]);
    assert_eq!(rows.run::<filters::Aliases>("{}").unwrap().kept(), [1]);
    assert_eq!(rows.run::<maps::Aliased>("{}").unwrap().values::<i64>("late").unwrap(), [2, 4, 6].map(Some));
}

#[test]
fn what_does_not_suit_is_refused_at_open() {
    let rows = Rows::new().column("type", [1_i64]);
    assert_eq!(
        rows.run::<filters::Divides>("{}").unwrap_err().to_string(),
        "column `type` is BIGINT, but INT is expected"
    );
    let error = rows.run::<filters::Divides>(r#"{"min": 3}"#).unwrap_err();
    assert!(matches!(error, Error::Config { key, .. } if key == "min"));
}

#[test]
fn maps_write_texts_numbers_and_booleans() {
    let rows = Rows::new().column("text", [Some("ab"), None, Some("")]).column("n", [Some(1), Some(2), None]);
    let text = |outcome: thalweg_module::testing::Outcome| outcome.column::<str, _>("text", str::to_owned).unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(text(rows.run::<maps::Doubled>("{}").unwrap()), [some("abab"), None, some("")]);
    assert_eq!(text(rows.run::<maps::First>("{}").unwrap()), [some("a"), None, None]);
    let added = rows.run::<maps::Added>("{}").unwrap();
    assert_eq!(added.values::<i64>("added").unwrap(), [Some(2), Some(3), None]);
    assert!(added.schema().column("added").unwrap().1.nullable);
    let kept = rows.run::<maps::Kept>("{}").unwrap();
    assert_eq!(kept.values::<bool>("kept").unwrap(), [Some(false), Some(false), Some(true)]);
    assert!(!kept.schema().column("kept").unwrap().1.nullable);
}

#[test]
fn a_replaced_column_keeps_its_type_and_refuses_what_does_not_fit() {
    let decimal = |unscaled| Some(Decimal::new(unscaled, 2));
    let rows = Rows::new()
        .column_as("price", DataType::Decimal((4, 2)), [decimal(150), decimal(-1), None, decimal(9999)])
        .column_as("code", DataType::FixedText(2), ["a", "b", "c", "d"])
        .column("n", [0, 2, 3, 1]);
    let outcome = rows.run::<maps::WithTax>("{}").unwrap();
    assert_eq!(outcome.schema().column("price").unwrap().1.data_type, DataType::Decimal((4, 2)));
    assert_eq!(outcome.kept(), [0, 2]);
    // 1.785 rounds to the even digit.
    assert_eq!(outcome.values::<Decimal>("price").unwrap(), [decimal(178), None]);
    let refused: Vec<_> = outcome.refused().iter().map(|(row, text)| (*row, text.as_str())).collect();
    assert_eq!(refused, [(1, "a negative price"), (3, "the result does not fit DECIMAL(4, 2)")]);
    let outcome = rows.run::<maps::Code>("{}").unwrap();
    assert_eq!(outcome.refused(), [(2, "the result has more than the 2 characters of CHAR(2)".to_owned())]);
    assert_eq!(outcome.kept(), [0, 1, 3]);
}
