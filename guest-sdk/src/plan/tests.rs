//! Columns that are read, written, dropped, renamed and put in order.

use super::*;
use crate::bindings::exports::thalweg::module::transform::Source;

fn field(name: &str, data_type: DataType) -> Field {
    Field { name: name.to_owned(), data_type, nullable: true }
}

#[test]
fn written_columns_take_their_places_around_nested_ones() {
    let fields = vec![
        field("list", DataType::Array(1)),
        field("element", DataType::Int),
        field("a", DataType::Int),
        field("pair", DataType::Row(vec![4])),
        field("x", DataType::Text),
    ];
    let input = Schema { fields, columns: vec![0, 2, 3], primary_key: vec![2] };
    let mut plan = Plan::new(&input);
    let _: Output<i64> = plan.write("new", true).unwrap();
    let _: Output<i32> = plan.write("a", false).unwrap();
    let _: Output<i32> = plan.write("list", false).unwrap();
    assert!(plan.write::<i32>("a", false).is_err());
    let (plan, ranks) = plan.finish();
    let (schema, sources) = plan.output.unwrap();
    assert_eq!(schema.column_names().collect::<Vec<_>>(), ["list", "a", "pair", "new"]);
    assert_eq!(schema.columns, [0, 1, 2, 4]);
    assert_eq!(schema.fields[2].data_type, DataType::Row(vec![3]));
    assert_eq!(schema.primary_key, [1]);
    assert!(matches!(sources[..], [Source::Written, Source::Written, Source::Input(2), Source::Written]));
    assert_eq!(ranks, [2, 1, 0]);
}

#[test]
fn columns_are_dropped_renamed_and_put_in_order() {
    let mut input =
        Schema::flat([("a", DataType::Int, false), ("b", DataType::Text, true), ("c", DataType::Int, true)]);
    input.primary_key = vec![0];
    let mut plan = Plan::new(&input);
    plan.rename("a", "id").unwrap();
    let _: Output<str> = plan.write("b", true).unwrap();
    plan.select(&["b", "id"]).unwrap();
    let (plan, _) = plan.finish();
    let (schema, sources) = plan.output.unwrap();
    assert_eq!((schema.column_names().collect::<Vec<_>>(), &schema.primary_key[..]), (vec!["b", "id"], &[1][..]));
    assert!(matches!(sources[..], [Source::Written, Source::Input(0)]));

    let mut plan = Plan::new(&input);
    plan.drop("a").unwrap();
    assert!(plan.finish().0.output.unwrap().0.primary_key.is_empty());
    assert!(Plan::new(&input).finish().0.output.is_none());
}

#[test]
fn what_cannot_be_dropped_renamed_or_selected_is_named() {
    let input = Schema::flat([("a", DataType::Int, false), ("b", DataType::Text, true)]);
    let plan = || Plan::new(&input);
    let cases: [(Result<(), Error>, &str); 6] = [
        (plan().drop("x"), "there is no column `x`; the columns are `a`, `b`"),
        (plan().rename("a", "b"), "column `a` cannot be named `b`: there is one of that name"),
        (plan().select(&["x"]), "column `x` is not there"),
        (plan().select(&["a", "a"]), "column `a` is named twice"),
        (
            {
                let mut plan = plan();
                plan.write::<str>("b", true).unwrap();
                plan.select(&["a"])
            },
            "column `b` is written and left out",
        ),
        (
            {
                let mut plan = plan();
                plan.write::<str>("b", true).unwrap();
                plan.drop("b")
            },
            "column `b` is written, and cannot be dropped or renamed",
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[test]
fn reads_name_what_is_wrong() {
    let mut plan = Plan::new(&Schema::flat([("a", DataType::Int, true), ("b", DataType::Text, false)]));
    let (first, second): (Input<i32>, Input<i32>) = (plan.read("a").unwrap(), plan.read("a").unwrap());
    assert_eq!(first.position, second.position);
    assert_eq!(plan.read::<i64>("a").unwrap_err().to_string(), "column `a` is INT, but BIGINT is expected");
    let missing = plan.read::<i64>("c").unwrap_err().to_string();
    assert_eq!(missing, "there is no column `c`; the columns are `a`, `b`");
}
