//! Modules that fit any schema: columns of every type read, copied row by row, built from JSON and written as JSON.
#![allow(missing_docs, reason = "the modules here are tests")]

use thalweg_module::testing::{Fate, Rows};
use thalweg_module::{
    Answer, AnyInput, AnyOutput, Batch, Context, Description, Error, Input, Module, Plan, Refusals, config,
};

/// Every row's array as rows of their own; a null gives one row with a null, and an empty array none.
struct Explode {
    input: AnyInput,
    output: AnyOutput,
}

impl Module for Explode {
    fn describe() -> Description {
        Description::new("makes a row of each element of `list`")
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let mut plan = Plan::new(context.input());
        let input = plan.read_any("list")?;
        let element = input.column_type().element().ok_or_else(|| Error::input("column `list` is no array"))?;
        let output = plan.write_any("list", element.nullable(true))?;
        Ok((Self { input, output }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let lists = batch.any(&self.input)?;
        let (offsets, elements) = lists.elements().ok_or_else(|| Error::other("no array"))?;
        let (mut origins, mut rows) = (Vec::new(), Vec::new());
        for row in 0..batch.rows() {
            let span = offsets[row] as usize..offsets[row + 1] as usize;
            if lists.is_null(row) {
                origins.push(row as u32);
                rows.push(None);
            } else {
                origins.extend(span.clone().map(|_| row as u32));
                rows.extend(span.map(Some));
            }
        }
        Ok(Answer::produced(origins, [self.output.gather(elements, rows)?]))
    }
}

#[config]
struct Config {
    r#type: String,
}

/// The texts of `json` as a column of a type.
struct Parse {
    input: Input<str>,
    output: AnyOutput,
}

impl Module for Parse {
    fn describe() -> Description {
        Description::new("reads `json` as a type").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let mut plan = Plan::new(context.input());
        let input = plan.read("json")?;
        let output = plan.write_any("value", config.r#type.parse()?)?;
        Ok((Self { input, output }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let column = batch.column(self.input)?;
        let (mut builder, mut refusals) = (self.output.builder(), Refusals::default());
        for (row, text) in column.iter().enumerate() {
            match text {
                Some(text) => builder.push_json(text).unwrap_or_else(|error| refusals.push(row, error)),
                None => builder.push_null(),
            }
        }
        Ok(Answer::replaced(thalweg_module::Selection::All, [builder.finish()]).refusing(refusals))
    }
}

/// Types, each with a value as it may be read and as it is written, between tabs. The tests of thalweg's own JSON read the
/// same file.
const FORMS: &str = include_str!("json_forms.tsv");

/// The lines of the file whose values are taken.
fn values() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    forms().filter_map(|(sql, text, written)| Some((sql, text, written?)))
}

/// All of its lines: the last part is missing where the value is refused.
fn forms() -> impl Iterator<Item = (&'static str, &'static str, Option<&'static str>)> {
    FORMS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut parts = line.split('\t');
        let (sql, text) = (parts.next().unwrap(), parts.next().unwrap());
        (sql, text, parts.next())
    })
}

#[test]
fn values_that_a_type_does_not_hold_are_refused() {
    for (sql, text, _) in forms().filter(|(.., written)| written.is_none()) {
        let rows = Rows::new().column("json", [text]);
        let outcome = rows.run::<Parse>(&format!("{{\"type\": \"{sql}\"}}")).unwrap();
        assert_eq!(outcome.refused().len(), 1, "{sql} {text}: {:?}", outcome.json());
    }
}

#[test]
fn every_type_is_read_and_written_as_json() {
    for (sql, text, expected) in values() {
        let rows = Rows::json(&format!("v {sql}"), &format!("{{\"v\": null}}\n{{\"v\": {text}}}\n{{}}"));
        let outcome = rows.run::<All>("{}").unwrap();
        let expected = [r#"{"v":null}"#.to_owned(), format!("{{\"v\":{expected}}}"), r#"{"v":null}"#.to_owned()];
        assert_eq!(outcome.json(), expected, "{sql}");
        assert_eq!(outcome.fates(), [Fate::Kept, Fate::Kept, Fate::Kept]);
    }
}

/// Lets every row pass.
struct All;

impl Module for All {
    fn describe() -> Description {
        Description::new("lets every row pass")
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        Ok((Self, Plan::new(context.input())))
    }

    fn apply(&mut self, _: Batch) -> Result<Answer, Error> {
        Ok(Answer::kept(thalweg_module::Selection::All))
    }
}

#[test]
fn every_type_is_built_from_texts() {
    for (sql, text, expected) in values() {
        let rows = Rows::new().column("json", [Some(text), None, Some("{"), Some(text)]);
        let outcome = rows.run::<Parse>(&format!("{{\"type\": \"{sql}\"}}")).unwrap();
        let written: Vec<String> =
            outcome.json().iter().map(|line| line.split_once(",\"value\":").unwrap().1.to_owned()).collect();
        assert_eq!(written, [format!("{expected}}}"), "null}".to_owned(), format!("{expected}}}")], "{sql}");
        assert_eq!(outcome.kept(), [0, 1, 3]);
        assert!(outcome.refused()[0].1.starts_with("it is no JSON"), "{sql}");
    }
}

#[test]
fn elements_of_every_type_become_rows() {
    for (sql, text, expected) in values() {
        let lines =
            format!("{{\"id\": 1, \"list\": [{text}, null, {text}]}}\n{{\"id\": 2, \"list\": []}}\n{{\"id\": 3}}");
        let outcome = Rows::json(&format!("id INT, list ARRAY<{sql}>"), &lines).run::<Explode>("{}").unwrap();
        let row = |id: i32, value: &str| format!("{{\"id\":{id},\"list\":{value}}}");
        assert_eq!(outcome.json(), [row(1, expected), row(1, "null"), row(1, expected), row(3, "null")], "{sql}");
        assert_eq!(outcome.kept(), [0, 0, 0, 2]);
        assert_eq!(outcome.fates(), [Fate::Produced(3), Fate::Dropped, Fate::Produced(1)]);
        assert_eq!(outcome.schema().column_type("list").unwrap(), sql.parse().unwrap(), "{sql}");
    }
}

#[test]
fn errors_name_the_place_and_leave_other_rows_alone() {
    for (sql, text, expected) in [
        ("INT", "\"x\"", "expected a whole number for INT, found \"x\""),
        ("INT", "1.5", "expected a whole number for INT, found 1.5"),
        ("TINYINT", "128", "expected a whole number for TINYINT, found 128"),
        ("BOOLEAN", "1", "expected true or false for BOOLEAN, found 1"),
        ("STRING", "1", "expected a text for STRING, found 1"),
        ("STRING", "\"\\ud800\"", "expected a text without half of a surrogate pair, found \"\\ud800\""),
        ("TIME(9)", "1", "expected a time, as \"10:00:00\" for TIME(9), found 1"),
        (
            "DECIMAL(4, 2)",
            "1.005",
            "expected a number with at most 2 digits behind the point for DECIMAL(4, 2), found 1.005",
        ),
        ("CHAR(1)", "\"ab\"", "the result has more than the 1 characters of CHAR(1)"),
        ("DECIMAL(2, 1)", "99", "the result does not fit DECIMAL(2, 1)"),
        ("BYTES", "\"f\"", "expected a text of hexadecimal digits, two a byte for BYTES, found \"f\""),
        ("DATE", "\"2001-02-30\"", "expected a date, as \"2001-01-31\" for DATE, found \"2001-02-30\""),
        ("TIME(0)", "\"10:00:00.5\"", "the result is out of range, or finer than a time with 0 digits of a second"),
        ("ARRAY<INT>", "[1, [2], 3]", "at `[1]`: expected a whole number for INT, found [2]"),
        ("ARRAY<INT NOT NULL>", "[1, null]", "at `[1]`: it is NOT NULL, and null or missing"),
        ("ARRAY<INT>", "{}", "expected a list, found {}"),
        ("MAP<STRING, INT>", "{\"a\": true}", "at `[\"a\"]`: expected a whole number for INT, found true"),
        (
            "MAP<STRING, INT>",
            "[{\"key\": \"a\"}]",
            "at `[0]`: an entry of a MAP has just the members `key` and `value`",
        ),
        ("MAP<STRING, INT>", "3", "expected an object, or a list of {\"key\": .., \"value\": ..}, found 3"),
        ("ROW<a INT, b ARRAY<INT>>", "{\"b\": [true]}", "at `b[0]`: expected a whole number for INT, found true"),
        ("ROW<a INT NOT NULL>", "{}", "at `a`: it is NOT NULL, and null or missing"),
        ("ROW<a INT>", "{\"a\": 1, \"a\": 2}", "at `a`: it stands there twice"),
        ("ROW<a INT>", "{\"b\": 1}", "at `b`: there is no such field"),
        ("ROW<a INT>", "[]", "expected an object, found []"),
    ] {
        let rows = Rows::new().column("json", [Some(text), None, Some(text)]);
        let outcome = rows.run::<Parse>(&format!("{{\"type\": \"{sql}\"}}")).unwrap();
        assert_eq!(outcome.refused(), [(0, expected.to_owned()), (2, expected.to_owned())], "{sql} {text}");
        assert_eq!(outcome.json(), [r#"{"json":null,"value":null}"#], "{sql} {text}");
        assert_eq!(outcome.fates()[1], Fate::Changed);
    }
}

#[test]
fn types_are_said_as_they_are_read() {
    for sql in ["MAP<STRING NOT NULL, ROW<a INT, `b c` ARRAY<DECIMAL(5, 2) NOT NULL>>> NOT NULL", "TIMESTAMP_LTZ(3)"] {
        let column_type: thalweg_module::ColumnType = sql.parse().unwrap();
        assert_eq!(column_type.to_string(), sql);
    }
    let error = "ARRAY<".parse::<thalweg_module::ColumnType>().unwrap_err();
    assert!(error.to_string().contains("a type"));
}

#[test]
#[should_panic(expected = "line 2: at `b`: there is no such column; the columns are a")]
fn a_line_that_is_wrong_is_named() {
    let _ = Rows::json("a INT", "{\"a\": 1}\n{\"b\": 1}");
}
