//! A batch with a row that fits is never left out, whatever its statistics are made of; one that has none is, where they
//! tell.

use proptest::prelude::*;

use super::*;
use crate::message::PbCompoundPredicate;
use crate::record::{Statistics, encode_statistics};

/// A column of each type, with a value and its literal.
fn samples() -> Vec<(DataType, Vec<Scalar<'static>>)> {
    let stamp = |millis, nanos| Scalar::Timestamp { millis, nanos };
    vec![
        (DataType::Boolean, vec![Scalar::Boolean(false), Scalar::Boolean(true)]),
        (DataType::TinyInt, vec![Scalar::TinyInt(-3), Scalar::TinyInt(5)]),
        (DataType::SmallInt, vec![Scalar::SmallInt(-300), Scalar::SmallInt(500)]),
        (DataType::Int, vec![Scalar::Int(i32::MIN), Scalar::Int(7)]),
        (DataType::Date, vec![Scalar::Int(-1), Scalar::Int(20_000)]),
        (DataType::Time(3), vec![Scalar::Int(0), Scalar::Int(86_399_999)]),
        (DataType::BigInt, vec![Scalar::BigInt(i64::MIN), Scalar::BigInt(1 << 40)]),
        (DataType::Float, vec![Scalar::Float(-0.5), Scalar::Float(1e30)]),
        (DataType::Double, vec![Scalar::Double(-1e300), Scalar::Double(0.25)]),
        (DataType::String, vec![Scalar::Bytes(b""), Scalar::Bytes("Zürich am See".as_bytes())]),
        (DataType::Char(3), vec![Scalar::Bytes(b"PDX"), Scalar::Bytes(b"SEA")]),
        (DataType::Decimal { precision: 10, scale: 2 }, vec![Scalar::Decimal(-150), Scalar::Decimal(1234)]),
        (DataType::Decimal { precision: 38, scale: 2 }, vec![Scalar::Decimal(-(1 << 100)), Scalar::Decimal(1 << 90)]),
        (DataType::Timestamp(3), vec![stamp(-1, 0), stamp(1_700_000_000_000, 0)]),
        (DataType::TimestampLtz(9), vec![stamp(5, 1), stamp(5, 999_999)]),
    ]
}

#[test]
fn statistics_of_every_type_are_read_as_they_were_written() {
    let samples = samples();
    let known = |values: &[Scalar<'static>], at: usize| ColumnStatistics {
        nulls: (at != 3).then_some(at as u32),
        least: (at != 4).then_some(values[0]),
        greatest: (at != 5).then_some(values[1]),
    };
    let columns: Vec<_> =
        samples.iter().enumerate().map(|(at, (kind, values))| (2 * at, kind, known(values, at))).collect();
    let mut bytes = Vec::new();
    encode_statistics(&columns, &mut bytes).unwrap();
    let read = Statistics::parse(&bytes).unwrap().unwrap();
    for (position, kind, known) in &columns {
        assert_eq!(read.column(*position, kind), Some(*known), "{kind:?}");
        assert_eq!(read.column(*position + 1, kind), None);
    }
    // Any end of them is an error or nothing, and no other bytes are read than are there.
    for end in 0..bytes.len() {
        assert!(Statistics::parse(&bytes[..end]).map_or(true, |read| read.is_none()), "{end}");
    }
    assert_eq!(Statistics::parse(&[2, 0, 0]).unwrap().map(|_| ()), None);
    assert!(
        encode_statistics(
            &[(0, &DataType::Int, ColumnStatistics { least: Some(Scalar::TinyInt(1)), ..columns[0].2 })],
            &mut bytes
        )
        .is_err()
    );
}

proptest! {
    #[test]
    fn hostile_statistics_are_read_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0u8..8) {
        if bytes.len() > 3 {
            bytes[..3].copy_from_slice(&[1, count, 0]);
        }
        if let Ok(Some(read)) = Statistics::parse(&bytes) {
            for (kind, _) in samples() {
                for position in 0..8 {
                    let _ = read.column(position, &kind);
                }
            }
        }
    }

    #[test]
    fn a_batch_with_a_row_that_fits_is_never_left_out(
        rows in prop::collection::vec(prop::option::of(-4i32..5), 1..6),
        function in 0i32..13,
        literals in prop::collection::vec(-5i32..6, 0..3),
        counted in any::<bool>(),
    ) {
        let schema = Schema::parse_sql("a INT").unwrap();
        let literal = |value: &i32| PbLiteralValue { literal_type: 3, int_value: Some(*value), ..Default::default() };
        let leaf = PbLeafPredicate { function, field_id: 0, literals: literals.iter().map(literal).collect() };
        let message = PbPredicate { r#type: 0, leaf: Some(leaf), compound: None };
        let predicate = Predicate::of_message(&message, &schema);
        let values = || rows.iter().flatten();
        let known = ColumnStatistics {
            nulls: counted.then(|| rows.iter().filter(|row| row.is_none()).count() as u32),
            least: values().min().map(|value| Scalar::Int(*value)),
            greatest: values().max().map(|value| Scalar::Int(*value)),
        };
        let may = predicate.may_fit(rows.len() as u32, &|_| Some(known));
        let first = literals.first();
        let fits = |row: &Option<i32>| match (function, row) {
            (6, row) => row.is_none(),
            (_, None) => false,
            (7, Some(_)) => true,
            (11, Some(value)) => literals.contains(value),
            (12, Some(value)) => !literals.contains(value),
            (_, Some(value)) => first.is_some_and(|first| match function {
                0 => value == first,
                1 => value != first,
                2 => value < first,
                3 => value <= first,
                4 => value > first,
                5 => value >= first,
                _ => false,
            }),
        };
        prop_assert!(may || !rows.iter().any(fits), "{rows:?} {predicate:?}");
        // Of whole numbers in a row they tell all but what lies between.
        if counted && literals.len() == 1 && function < 8 {
            let between = |low: i32, high: i32| (low..=high).map(Some).chain(rows.iter().copied());
            let (low, high) = (values().min(), values().max());
            let all: Vec<_> = low.zip(high).map_or(rows.clone(), |(low, high)| between(*low, *high).collect());
            prop_assert!(!may || all.iter().any(fits) , "{rows:?} {predicate:?}");
        }
    }
}

#[test]
fn what_is_not_known_may_fit() {
    let schema = Schema::parse_sql("a INT, s STRING, d DOUBLE").unwrap();
    let leaf = |field_id, function, literal: PbLiteralValue| PbPredicate {
        r#type: 0,
        leaf: Some(PbLeafPredicate { function, field_id, literals: vec![literal] }),
        compound: None,
    };
    let int = |value| PbLiteralValue { literal_type: 3, int_value: Some(value), ..Default::default() };
    let known = ColumnStatistics { nulls: Some(0), least: Some(Scalar::Int(1)), greatest: Some(Scalar::Int(2)) };
    let none = |message: &PbPredicate| !Predicate::of_message(message, &schema).may_fit(9, &|_| Some(known));
    assert!(none(&leaf(0, 0, int(3))));
    let unknown = [
        leaf(9, 0, int(3)),
        leaf(0, 99, int(3)),
        leaf(0, 0, PbLiteralValue { is_null: true, ..int(3) }),
        leaf(0, 0, PbLiteralValue { literal_type: 4, bigint_value: Some(3), ..Default::default() }),
        leaf(1, 0, int(3)),
        PbPredicate { r#type: 7, ..Default::default() },
    ];
    let joined = |function, children: Vec<PbPredicate>| PbPredicate {
        r#type: 1,
        leaf: None,
        compound: Some(PbCompoundPredicate { function, children }),
    };
    for unknown in unknown {
        assert!(!none(&unknown), "{unknown:?}");
        assert!(none(&joined(0, vec![unknown.clone(), leaf(0, 0, int(3))])), "one of all is surely not");
        assert!(!none(&joined(1, vec![unknown, leaf(0, 0, int(3))])), "one of any may be");
    }
    let deep = (0..100).fold(leaf(0, 0, int(3)), |inner, _| joined(0, vec![inner]));
    assert!(!none(&deep), "what lies too deep is not looked at");
    let many = |count| joined(0, (0..count).map(|_| leaf(0, 0, int(1))).chain([leaf(0, 0, int(3))]).collect());
    assert!(none(&many(1000)) && !none(&many(10_000)), "of so many not all are looked at");

    let nan = ColumnStatistics { least: Some(Scalar::Double(1.0)), greatest: Some(Scalar::Double(f64::NAN)), ..known };
    let double = |value| PbLiteralValue { literal_type: 6, double_value: Some(value), ..Default::default() };
    assert!(Predicate::of_message(&leaf(2, 4, double(5.0)), &schema).may_fit(9, &|_| Some(nan)));
    let text = |value: &str| PbLiteralValue { literal_type: 8, string_value: Some(value.into()), ..Default::default() };
    let texts =
        ColumnStatistics { least: Some(Scalar::Bytes(b"PDX")), greatest: Some(Scalar::Bytes(b"SEATTLE")), ..known };
    for (start, may) in [("S", true), ("SEA", true), ("P", true), ("R", true), ("T", false), ("A", false), ("", true)] {
        let predicate = Predicate::of_message(&leaf(1, 8, text(start)), &schema);
        assert_eq!(predicate.may_fit(9, &|_| Some(texts)), may, "{start}");
    }
}
