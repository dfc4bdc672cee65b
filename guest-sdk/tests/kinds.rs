//! The kinds of modules that the macros make, over one row and over whole columns.
#![allow(missing_docs, reason = "the modules here are tests")]

use thalweg_module::testing::{Outcome, Rows};
use thalweg_module::{DataType, Decimal};

mod rows {
    use thalweg_module::{Decimal, Timestamp, Unit, config, filter_map, flat_map, map};

    #[map(columns(hours, "the rest", label))]
    pub(crate) fn split(minutes: i32, name: Option<&str>) -> Result<(i32, Option<i32>, String), String> {
        match name {
            Some(name) => Ok((minutes / 60, Some(minutes % 60).filter(|rest| *rest != 0), name.to_uppercase())),
            None => Err(format!("{minutes} minutes of nothing")),
        }
    }

    #[map(columns(price = "DECIMAL(6, 2)", at = "TIMESTAMP(3)"))]
    pub(crate) fn typed(minutes: i32) -> (Decimal, Timestamp) {
        (Decimal::new(i128::from(minutes) * 5, 1), Timestamp::new(i64::from(minutes) * 60, Unit::Seconds))
    }

    #[map(column = price, type = "DECIMAL(3, 1)")]
    pub(crate) fn narrow(minutes: i32) -> Option<Decimal> {
        (minutes > 0).then(|| Decimal::new(i128::from(minutes), 0))
    }

    #[filter_map(column = half)]
    pub(crate) fn halves(minutes: i32) -> Option<i32> {
        (minutes % 2 == 0).then_some(minutes / 2)
    }

    #[filter_map(columns(minutes, half))]
    pub(crate) fn nullable(minutes: Option<i32>) -> Result<Option<(Option<i32>, &'static str)>, &'static str> {
        match minutes {
            None => Ok(Some((None, "none"))),
            Some(0) => Err("zero"),
            Some(1) => Ok(None),
            Some(minutes) => Ok(Some((Some(minutes), "some"))),
        }
    }

    #[filter_map(column = minutes)]
    pub(crate) fn doubly(minutes: i32) -> Option<Option<i32>> {
        (minutes != 0).then(|| Some(minutes).filter(|it| *it != 1))
    }

    #[flat_map]
    pub(crate) fn word(name: &str) -> impl Iterator<Item = &str> {
        name.split_whitespace()
    }

    #[config]
    pub(crate) struct Config {
        most: i32,
    }

    #[flat_map(columns(number, of))]
    pub(crate) fn count(
        #[config] config: &Config,
        minutes: i32,
    ) -> Result<Vec<Result<(i32, Option<String>), String>>, &'static str> {
        if minutes < 0 {
            return Err("negative");
        }
        let number = |number| {
            if number < config.most { Ok((number, Some(minutes.to_string()))) } else { Err(format!("no {number}")) }
        };
        Ok((0..minutes).map(number).collect())
    }

    #[flat_map(columns())]
    pub(crate) fn repeat(minutes: i32) -> Vec<()> {
        vec![(); minutes.try_into().unwrap_or(0)]
    }
}

mod batches {
    use thalweg_module::{
        Bitmap, Column, Error, Output, Refusals, Selection, Written, config, filter, filter_map, flat_map, map,
    };

    #[filter(batch)]
    pub(crate) fn odd(minutes: Column<'_, i32>) -> Selection {
        Selection::from_fn_where(minutes.validity(), minutes.len(), |row| minutes.value(row) % 2 == 1)
    }

    #[config]
    pub(crate) struct Config {
        #[serde(default)]
        add: i32,
    }

    #[filter(batch)]
    pub(crate) fn all_or_error(
        #[config] config: &Config,
        minutes: Column<'_, i32>,
        refusals: &mut Refusals,
    ) -> Result<Bitmap, Error> {
        if config.add < 0 {
            return Err(Error::other("the batch is not to be"));
        }
        refusals.push(0, "the first");
        Ok(Bitmap::from_fn(minutes.len(), |row| minutes.is_null(row)))
    }

    #[map(batch)]
    pub(crate) fn sum(
        minutes: Column<'_, i32>,
        #[column(name = "minutes")] sum: Output<i32>,
        #[column(name = "is there", not_null)] there: Output<bool>,
    ) -> (Written, Written) {
        let values = minutes.values().iter().map(|minutes| minutes + 1).collect();
        let mut is_there = there.builder(minutes.len());
        for value in minutes.iter() {
            is_there.push(value.is_some()).expect("a bool fits");
        }
        (is_there.finish(), sum.column(values, minutes.validity().map(|validity| validity.to_bitmap())))
    }

    #[filter_map(batch)]
    pub(crate) fn lengths(name: Column<'_, str>, length: Output<i64>) -> (Selection, Written) {
        let mut builder = length.builder(name.len());
        for name in name.iter() {
            match name {
                Some(name) => builder.push(name.len() as i64).expect("fits"),
                None => builder.skip(),
            }
        }
        (Selection::from_fn(name.len(), |row| !name.is_null(row)), builder.finish())
    }

    #[flat_map(batch)]
    pub(crate) fn twice(name: Column<'_, str>, #[column(nullable)] copy: Output<str>) -> (Vec<u32>, [Written; 1]) {
        let mut builder = copy.builder(name.len() * 2);
        for name in name.iter() {
            builder.push(name.unwrap_or("?")).expect("fits");
            builder.push_null();
        }
        ((0..name.len() as u32).flat_map(|row| [row, row]).collect(), [builder.finish()])
    }
}

fn table() -> Rows {
    Rows::new()
        .column("minutes", [Some(0), Some(61), None, Some(120), Some(1)])
        .column("name", [Some("a b"), Some("c"), Some("d"), None, Some("")])
}

fn texts(outcome: &Outcome, name: &str) -> Vec<Option<String>> {
    outcome.column::<str, _>(name, str::to_owned).unwrap()
}

fn some<const N: usize>(values: [&str; N]) -> Vec<Option<String>> {
    values.map(|value| Some(value.to_owned())).to_vec()
}

#[test]
fn a_map_writes_several_columns() {
    let outcome = table().run::<rows::Split>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 1, 2, 4]);
    assert_eq!(outcome.refused(), [(3, "120 minutes of nothing".to_owned())]);
    assert_eq!(outcome.values::<i32>("hours").unwrap(), [Some(0), Some(1), None, Some(0)]);
    assert_eq!(outcome.values::<i32>("the rest").unwrap(), [None, Some(1), None, Some(1)]);
    assert_eq!(texts(&outcome, "label")[..2], some(["A B", "C"]));
    assert_eq!(texts(&outcome, "label")[2..], [None, Some(String::new())]);
    let names: Vec<_> = outcome.schema().column_names().collect();
    assert_eq!(names, ["minutes", "name", "hours", "the rest", "label"]);
    assert!(outcome.schema().top_level().all(|field| field.nullable));
}

#[test]
fn a_written_column_has_the_type_that_is_given() {
    let outcome = table().run::<rows::Typed>("{}").unwrap();
    assert_eq!(outcome.schema().column("price").unwrap().1.data_type, DataType::Decimal((6, 2)));
    assert_eq!(outcome.schema().column("at").unwrap().1.data_type, DataType::Timestamp(3));
    assert_eq!(outcome.values::<Decimal>("price").unwrap()[1], Some(Decimal::new(3050, 2)));
    // The column that is there has another type, which is given up.
    let wide = [Some(Decimal::new(1, 0)); 5];
    let outcome = table().column_as("price", DataType::Decimal((10, 0)), wide).run::<rows::Narrow>("{}").unwrap();
    assert_eq!(outcome.schema().column("price").unwrap().1.data_type, DataType::Decimal((3, 1)));
    assert_eq!(outcome.refused(), [(3, "the result does not fit DECIMAL(3, 1)".to_owned())]);
    let one = Decimal::new(10, 1);
    assert_eq!(outcome.values::<Decimal>("price").unwrap(), [None, Some(Decimal::new(610, 1)), None, Some(one)]);
}

#[test]
fn a_filter_map_leaves_rows_out() {
    let outcome = table().run::<rows::Halves>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 3]);
    assert_eq!(outcome.values::<i32>("half").unwrap(), [Some(0), Some(60)]);
    assert!(!outcome.schema().column("half").unwrap().1.nullable);
    let outcome = table().run::<rows::Nullable>("{}").unwrap();
    assert_eq!(outcome.kept(), [1, 2, 3]);
    assert_eq!(outcome.refused(), [(0, "zero".to_owned())]);
    assert_eq!(outcome.values::<i32>("minutes").unwrap(), [Some(61), None, Some(120)]);
    assert_eq!(texts(&outcome, "half"), some(["some", "none", "some"]));
    let outcome = table().run::<rows::Doubly>("{}").unwrap();
    assert_eq!(outcome.values::<i32>("minutes").unwrap(), [Some(61), Some(120), None]);
    assert!(outcome.schema().column("minutes").unwrap().1.nullable);
}

#[test]
fn a_flat_map_makes_rows_with_origins() {
    let outcome = table().run::<rows::Word>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 0, 1, 2]);
    assert_eq!(texts(&outcome, "word"), some(["a", "b", "c", "d"]));
    assert_eq!(texts(&outcome, "name"), some(["a b", "a b", "c", "d"]));
    let rows = Rows::new().column("minutes", [Some(2), Some(-1), None, Some(0), Some(4), Some(1)]);
    let outcome = rows.run::<rows::Count>(r#"{"most": 3}"#).unwrap();
    assert_eq!(outcome.refused(), [(1, "negative".to_owned()), (4, "no 3".to_owned())]);
    assert_eq!(outcome.kept(), [0, 0, 5]);
    assert_eq!(outcome.values::<i32>("number").unwrap(), [Some(0), Some(1), Some(0)]);
    assert_eq!(texts(&outcome, "of"), some(["2", "2", "1"]));
    let outcome = rows.run::<rows::Repeat>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 0, 4, 4, 4, 4, 5]);
    assert_eq!(outcome.schema(), rows.run::<batches::Odd>("{}").unwrap().schema());
}

#[test]
fn functions_over_whole_columns_select_rows() {
    assert_eq!(table().run::<batches::Odd>("{}").unwrap().kept(), [1, 4]);
    let outcome = table().run::<batches::AllOrError>("{}").unwrap();
    assert_eq!(outcome.kept(), [2]);
    assert_eq!(outcome.refused(), [(0, "the first".to_owned())]);
    let error = table().run::<batches::AllOrError>(r#"{"add": -1}"#).unwrap_err();
    assert_eq!(error.to_string(), "the batch is not to be");
}

#[test]
fn functions_over_whole_columns_write_columns() {
    let outcome = table().run::<batches::Sum>("{}").unwrap();
    assert_eq!(outcome.values::<i32>("minutes").unwrap(), [Some(1), Some(62), None, Some(121), Some(2)]);
    let there = [true, true, false, true, true].map(Some);
    assert_eq!(outcome.values::<bool>("is there").unwrap(), there);
    assert!(outcome.schema().column("minutes").unwrap().1.nullable);
    assert!(!outcome.schema().column("is there").unwrap().1.nullable);
    let outcome = table().run::<batches::Lengths>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 1, 2, 4]);
    assert_eq!(outcome.values::<i64>("length").unwrap(), [3, 1, 1, 0].map(Some));
    let outcome = table().run::<batches::Twice>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    assert_eq!(texts(&outcome, "copy")[6..8], [Some("?".to_owned()), None]);
    assert_eq!(outcome.values::<i32>("minutes").unwrap()[1..3], [Some(0), Some(61)]);
}
