//! Modules over arrays and maps: as parameters, nested in each other, and as results.
#![allow(missing_docs, reason = "the modules here are tests")]

use thalweg_module::testing::Rows;

mod modules {
    use thalweg_module::{
        AnyColumn, AnyOutput, Array, Bitmap, Decimal, Dictionary, Error, List, Map, Written, filter, filter_map,
        flat_map, map,
    };

    #[map(column = sum)]
    pub(crate) fn sum(numbers: List<'_, i32>) -> i64 {
        numbers.iter().flatten().map(i64::from).sum()
    }

    #[map(columns(first, number_of))]
    pub(crate) fn nulls_seen(numbers: Option<List<'_, i32>>) -> (Option<i32>, i32) {
        (numbers.and_then(|numbers| numbers.get(0)), numbers.map_or(-1, |numbers| numbers.values().len() as i32))
    }

    #[filter]
    pub(crate) fn deep(deep: List<'_, Array<str>>, named: Option<Map<'_, str, Dictionary<i32, bool>>>) -> bool {
        let has_x = deep.iter().flatten().flat_map(List::iter).any(|word| word == Some("x"));
        let inner = named.and_then(|named| named.get("a")).and_then(|inner| inner.get(2));
        has_x && inner == Some(true)
    }

    #[map(column = words)]
    pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
        match text {
            "" => Err("nothing".to_owned()),
            text => Ok(text.split(' ').map(str::to_owned).collect()),
        }
    }

    #[map(columns(odd, "wide" = "ARRAY<DECIMAL(4, 1)>"))]
    pub(crate) fn two_lists(numbers: List<'_, i32>) -> (Option<Vec<Option<i32>>>, Vec<Decimal>) {
        let odd: Vec<_> = numbers.iter().map(|number| number.filter(|number| number % 2 == 1)).collect();
        let wide = numbers.iter().flatten().map(|number| Decimal::new(i128::from(number), 0)).collect();
        (Some(odd).filter(|odd| !odd.is_empty()), wide)
    }

    #[filter_map(column = numbers)]
    pub(crate) fn passed(numbers: List<'_, i32>) -> Option<List<'_, i32>> {
        (numbers.len() > 1).then_some(numbers)
    }

    #[flat_map(column = number)]
    pub(crate) fn each(numbers: List<'_, i32>) -> impl Iterator<Item = Option<i32>> {
        numbers.iter()
    }

    #[flat_map(column = pair)]
    pub(crate) fn pairs(numbers: List<'_, i32>) -> Vec<Vec<Option<i32>>> {
        let numbers: Vec<_> = numbers.iter().collect();
        numbers.chunks(2).map(<[_]>::to_vec).collect()
    }

    #[map(columns(city, tags))]
    pub(crate) fn fields(
        #[column = "address.city"] city: Option<&str>,
        #[column = "address.geo.lat"] lat: f64,
        #[column = "address.tags"] tags: Option<List<'_, str>>,
    ) -> (String, i32) {
        (format!("{} {lat}", city.unwrap_or("?")), tags.map_or(-1, |tags| tags.len() as i32))
    }

    #[filter]
    pub(crate) fn dotted(#[column = "a.b.c"] whole: i32) -> bool {
        whole > 1
    }

    #[map(batch)]
    pub(crate) fn copied(
        numbers: AnyColumn<'_>,
        #[column(type = "ARRAY<INT>")] copy: &AnyOutput,
        #[column(name = "numbers", nullable)] emptied: &AnyOutput,
    ) -> Result<[Written; 2], Error> {
        let mut builder = emptied.builder();
        (0..numbers.len()).for_each(|_| builder.push_null());
        Ok([builder.finish(), copy.copy(numbers)?])
    }

    #[filter(batch)]
    pub(crate) fn any_of_two(numbers: AnyColumn<'_>) -> Bitmap {
        let (offsets, _) = numbers.elements().expect("an array");
        Bitmap::from_fn(numbers.len(), |row| offsets[row + 1] - offsets[row] == 2)
    }
}

fn numbers() -> Rows {
    Rows::json(
        "id INT NOT NULL, numbers ARRAY<INT>",
        r#"
            {"id": 1, "numbers": [1, 2, null]}
            {"id": 2, "numbers": null}
            {"id": 3, "numbers": []}
            {"id": 4, "numbers": [7, 8]}
        "#,
    )
}

#[test]
fn lists_are_read() {
    let outcome = numbers().run::<modules::Sum>("{}").unwrap();
    assert_eq!(outcome.values::<i64>("sum").unwrap(), [Some(3), None, Some(0), Some(15)]);
    let outcome = numbers().run::<modules::NullsSeen>("{}").unwrap();
    assert_eq!(outcome.values::<i32>("first").unwrap(), [Some(1), None, None, Some(7)]);
    assert_eq!(outcome.values::<i32>("number_of").unwrap(), [3, -1, 0, 2].map(Some));
    assert_eq!(numbers().run::<modules::AnyOfTwo>("{}").unwrap().kept(), [3]);
}

#[test]
fn lists_and_maps_are_read_within_each_other() {
    let rows = Rows::json(
        "deep ARRAY<ARRAY<STRING>>, named MAP<STRING, MAP<INT, BOOLEAN>>",
        r#"
            {"deep": [["y"], null, [null, "x"]], "named": {"b": null, "a": {"1": false, "2": true}}}
            {"deep": [["x"]], "named": {"a": {"2": null}}}
            {"deep": [["x"]], "named": null}
            {"deep": null, "named": {"a": {"2": true}}}
        "#,
    );
    assert_eq!(rows.run::<modules::Deep>("{}").unwrap().kept(), [0]);
    let error = Rows::json("numbers ARRAY<BIGINT>", "").run::<modules::Sum>("{}").unwrap_err();
    assert_eq!(error.to_string(), "column `numbers` is ARRAY<BIGINT>, but ARRAY<INT> is expected");
}

#[test]
fn fields_of_rows_are_read() {
    let schema = "address ROW<city STRING, geo ROW<lat DOUBLE NOT NULL>, tags ARRAY<STRING>>";
    let rows = Rows::json(
        schema,
        r#"
            {"address": {"city": "Kiel", "geo": {"lat": 54.5}, "tags": ["sea"]}}
            {"address": {"city": null, "geo": {"lat": 1}, "tags": null}}
            {"address": {"city": "Bonn", "geo": null, "tags": []}}
            {"address": null}
        "#,
    );
    let outcome = rows.run::<modules::Fields>("{}").unwrap();
    let cities = outcome.column::<str, _>("city", str::to_owned).unwrap();
    assert_eq!(cities, [Some("Kiel 54.5".to_owned()), Some("? 1".to_owned()), None, None]);
    assert_eq!(outcome.values::<i32>("tags").unwrap(), [Some(1), Some(-1), None, None]);
    for (schema, message) in [
        ("a INT", "there is no column `address`; the columns are `a`"),
        ("address STRING", "there is no field `city` in column `address`: STRING has no fields"),
        ("address ROW<town STRING>", "there is no field `city` in column `address`; the fields are `town`"),
        ("address ROW<city INT>", "`address.city` is INT, but STRING is expected"),
    ] {
        let error = Rows::json(schema, "").run::<modules::Fields>("{}").unwrap_err();
        assert_eq!(error.to_string(), message, "{schema}");
    }
}

#[test]
fn a_column_with_dots_in_its_name_goes_before_fields() {
    let rows = Rows::json("a ROW<`b.c` INT>, `a.b` ROW<c INT>", r#"{"a": {"b.c": 1}, "a.b": {"c": 2}}"#);
    assert_eq!(rows.run::<modules::Dotted>("{}").unwrap().kept(), [0]);
    let rows = Rows::json("`a.b.c` INT, a ROW<b ROW<c INT>>", r#"{"a.b.c": 1, "a": {"b": {"c": 2}}}"#);
    assert!(rows.run::<modules::Dotted>("{}").unwrap().kept().is_empty());
}

#[test]
fn lists_are_written() {
    let rows =
        Rows::json("text STRING", "{\"text\": \"so many\"}\n{\"text\": \"\"}\n{\"text\": null}\n{\"text\": \"x\"}");
    let outcome = rows.run::<modules::Split>("{}").unwrap();
    assert_eq!(
        outcome.json(),
        [
            r#"{"text":"so many","words":["so","many"]}"#,
            r#"{"text":null,"words":null}"#,
            r#"{"text":"x","words":["x"]}"#
        ]
    );
    assert_eq!(outcome.refused(), [(1, "nothing".to_owned())]);
    let copied = numbers().run::<modules::Copied>("{}").unwrap();
    assert_eq!(copied.json()[0], r#"{"id":1,"numbers":null,"copy":[1,2,null]}"#);
    let outcome = numbers().run::<modules::TwoLists>("{}").unwrap();
    assert_eq!(outcome.schema().column_type("wide").unwrap().to_string(), "ARRAY<DECIMAL(4, 1)>");
    assert_eq!(
        outcome.json()[..3],
        [
            r#"{"id":1,"numbers":[1,2,null],"odd":[1,null,null],"wide":[1.0,2.0]}"#,
            r#"{"id":2,"numbers":null,"odd":null,"wide":null}"#,
            r#"{"id":3,"numbers":[],"odd":null,"wide":[]}"#
        ]
    );
}

#[test]
fn lists_pass_and_become_rows() {
    let outcome = numbers().run::<modules::Passed>("{}").unwrap();
    assert_eq!(outcome.json(), [r#"{"id":1,"numbers":[1,2,null]}"#, r#"{"id":4,"numbers":[7,8]}"#]);
    let outcome = numbers().run::<modules::Each>("{}").unwrap();
    assert_eq!(outcome.values::<i32>("id").unwrap(), [1, 1, 1, 4, 4].map(Some));
    assert_eq!(outcome.values::<i32>("number").unwrap(), [Some(1), Some(2), None, Some(7), Some(8)]);
    let outcome = numbers().run::<modules::Pairs>("{}").unwrap();
    assert_eq!(outcome.kept(), [0, 0, 3]);
    assert!(outcome.json()[1].ends_with(r#""pair":[null]}"#), "{:?}", outcome.json());
}
