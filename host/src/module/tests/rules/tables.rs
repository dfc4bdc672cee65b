//! Descriptors in words, as the engine component exports them.

use thalweg_wire::table::{Schema, TableDescriptor, TableOptions};
use wasmtime::component::Val;

use super::steps::Guest;
use super::values::{field, option, record, schema, text};

const TABLES: &str = "thalweg:client/tables@0.2.2";

fn texts(texts: &[&str]) -> Val {
    Val::List(texts.iter().map(|one| text(one)).collect())
}

fn options(primary_key: &[&str], partition_by: &[&str], properties: &[(&str, &str)]) -> Val {
    let property = |(key, value): &(&str, &str)| record([("key", text(key)), ("value", text(value))]);
    record([
        ("primary-key", texts(primary_key)),
        ("partition-by", texts(partition_by)),
        ("bucket-by", texts(&[])),
        ("buckets", option(Some(Val::U32(3)))),
        ("comment", option(None)),
        ("properties", Val::List(properties.iter().map(property).collect())),
    ])
}

#[test]
fn a_table_in_words_is_the_table_of_the_library() {
    let mut engine = Guest::engine();
    let sql = "id INT, day STRING COMMENT 'it''s', n DECIMAL(10, 2), r ROW<a INT, b MAP<STRING, TIMESTAMP(3)>>, \
               PRIMARY KEY (id, day) NOT ENFORCED";
    let properties = [("table.merge-engine", "aggregation"), ("fields.n.agg", "sum"), ("owner", "me")];
    let described = engine.attempt(TABLES, "describe", &[text(sql), options(&[], &["day"], &properties)]);
    let described = described.expect("a table");
    let expected = TableDescriptor::describe(sql, TableOptions::default()).expect("a table").schema;
    assert_eq!(field(&described, "schema"), &schema(&expected));
    assert_eq!(field(&described, "partition-keys"), &texts(&["day"]));
    assert_eq!(field(&described, "bucket-count"), &option(Some(Val::U32(3))));
    let Val::List(aggregations) = field(&described, "aggregations") else { panic!("a list") };
    assert_eq!(aggregations.iter().filter(|one| **one != option(None)).count(), 1);
    let Val::List(comments) = field(&described, "column-comments") else { panic!("a list") };
    assert_eq!(comments[1], option(Some(text("it's"))));
    for (name, count) in [("properties", 1), ("custom-properties", 1)] {
        assert!(matches!(field(&described, name), Val::List(list) if list.len() == count), "{name}");
    }

    let Val::String(columns) = engine.attempt(TABLES, "columns", std::slice::from_ref(&described)).expect("columns")
    else {
        panic!("a text")
    };
    assert!(
        columns.starts_with("id INT NOT NULL, day STRING NOT NULL COMMENT 'it''s', n DECIMAL(10, 2), "),
        "{columns}"
    );
    assert_eq!(Schema::parse_sql(&columns).expect("columns"), expected);
    let again = engine.attempt(TABLES, "describe", &[text(&columns), options(&[], &["day"], &properties)]);
    assert_eq!(again.expect("a table"), described);
}

#[test]
fn words_that_describe_no_table_say_where_and_what() {
    let mut engine = Guest::engine();
    let cases = [
        ("id INT NOT", options(&[], &[], &[]), "at character 11: expected NULL after NOT, found the end"),
        ("", options(&[], &[], &[]), "at character 1: expected a column name or PRIMARY KEY, found the end"),
        (
            "id VARCHAR",
            options(&[], &[], &[]),
            "at character 4: expected a data type of Fluss's, here STRING, found 'VARCHAR'",
        ),
        ("id INT", options(&["no"], &[], &[]), "the primary key names 'no', which is no column; the columns are id"),
        ("id INT", options(&[], &["no"], &[]), "the partition key names 'no', which is no column; the columns are id"),
        (
            "id INT",
            options(&[], &[], &[("fields.no.agg", "sum")]),
            "property fields.no.agg: the table has no column `no`",
        ),
    ];
    for (sql, options, told) in cases {
        assert_eq!(engine.attempt(TABLES, "describe", &[text(sql), options]).unwrap_err(), told, "{sql}");
    }
    let long = "a ".repeat(1 << 20);
    assert!(engine.attempt(TABLES, "describe", &[text(&long), options(&[], &[], &[])]).is_err());
    // A schema that is no tree is told, too.
    let described = engine.attempt(TABLES, "describe", &[text("id INT"), options(&[], &[], &[])]).expect("a table");
    let Val::Record(mut fields) = described else { panic!("a record") };
    let empty = Schema::parse_sql("a INT, b INT").expect("columns");
    fields[0].1 = schema(&empty);
    let refused = engine.attempt(TABLES, "columns", &[Val::Record(fields)]).unwrap_err();
    assert_eq!(refused, "the schema has 2 columns, and there are 1 comments");
}
