//! Modules whose plan breaks the contract. Their input is one column, `i INT`.

use super::image::*;
use Word::Is;

/// A plan, and what is told of it when the module is loaded.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) plan: fn(&mut Image) -> Plan,
    pub(super) told: &'static str,
}

const fn kind(name: &'static str, plan: fn(&mut Image) -> Plan, told: &'static str) -> Kind {
    Kind { name, plan, told }
}

type Field = (&'static str, [u32; 3], bool);

const INT: [u32; 3] = [3, 0, 0];

/// A plan that writes these fields, of which the columns are named.
fn writing(image: &mut Image, fields: &[Field], columns: &[i32], from: &[Option<u32>]) -> Plan {
    keyed(image, fields, columns, &[], from)
}

fn keyed(image: &mut Image, fields: &[Field], columns: &[i32], key: &[i32], from: &[Option<u32>]) -> Plan {
    let (fields, columns) = (image.fields(fields), image.numbers(columns.iter().copied()));
    let lists = [fields, columns, image.numbers(key.iter().copied()), sources(image, from)];
    output(filter(NOTHING), lists)
}

/// One column of a type.
fn typed(image: &mut Image, data_type: [u32; 3]) -> Plan {
    writing(image, &[("w", data_type, true)], &[0], &[None])
}

/// Arrays of arrays, so many, and an INT within.
fn nested(image: &mut Image, levels: u32) -> Plan {
    let mut fields: Vec<Field> = (1..=levels).map(|element| ("a", [16, element, 0], true)).collect();
    fields.push(("a", INT, true));
    writing(image, &fields, &[0], &[None])
}

const TRAP_TOLD: &str = "it trapped (";

pub(super) const KINDS: &[Kind] = &[
    kind("a column that is not there", |image| filter(image.numbers([1])), "it reads column 1 of 1"),
    kind("a column of 2^32 - 1", |image| filter(image.numbers([-1])), "it reads column 4294967295 of 1"),
    kind("a column twice", |image| filter(image.numbers([0, 0])), "it reads column 0 twice"),
    kind("columns outside of memory", |_| filter(List(END, Is(1))), TRAP_TOLD),
    kind(
        "a source that is not there",
        |image| writing(image, &[("i", INT, true)], &[0], &[Some(1)]),
        "column \"i\" comes from column 1 of 1",
    ),
    kind(
        "a moved column of another type",
        |image| writing(image, &[("i", [4, 0, 0], true)], &[0], &[Some(0)]),
        "column \"i\" is moved from INT, but said to be BIGINT",
    ),
    kind(
        "a moved column that loses its nulls",
        |image| writing(image, &[("i", INT, false)], &[0], &[Some(0)]),
        "column \"i\" is moved from INT, but said to be INT NOT NULL",
    ),
    kind(
        "fewer sources than columns",
        |image| writing(image, &[("i", INT, true)], &[0], &[]),
        "it names 0 sources for 1 columns",
    ),
    kind(
        "more sources than columns",
        |image| writing(image, &[("i", INT, true)], &[0], &[Some(0), None]),
        "it names 2 sources for 1 columns",
    ),
    kind(
        "two columns of one name",
        |image| writing(image, &[("i", INT, true), ("i", INT, true)], &[0, 1], &[Some(0), None]),
        "its schema is not valid",
    ),
    kind(
        "two fields of one name in a ROW",
        |image| {
            let children = image.numbers([1, 2]).0;
            writing(image, &[("w", [18, children, 2], true), ("a", INT, true), ("a", INT, true)], &[0], &[None])
        },
        "its schema is not valid",
    ),
    kind(
        "a name that is no text",
        |image| {
            let name = image.bytes(b"\xff\xfe");
            let field = [Is(name.0), name.1, Is(3), Is(0), Is(0), Is(1)];
            let lists = [image.words(&field, 6), image.numbers([0]), NOTHING, sources(image, &[None])];
            output(filter(NOTHING), lists)
        },
        TRAP_TOLD,
    ),
    kind("types nested too deep", |image| nested(image, 32), "its schema is nested deeper than 32 levels"),
    kind("types nested without end", |image| nested(image, 1000), "its schema is nested deeper than 32 levels"),
    kind(
        "an array of itself",
        |image| typed(image, [16, 0, 0]),
        "field 0 of its schema stands where field 1 must stand (depth first)",
    ),
    kind("a child that is not there", |image| typed(image, [16, 1, 0]), "its schema has no field 1"),
    kind(
        "a field that belongs to nothing",
        |image| writing(image, &[("w", INT, true), ("x", INT, true)], &[0], &[None]),
        "field 1 of its schema is neither a column nor a child of one",
    ),
    kind(
        "one field as two columns",
        |image| writing(image, &[("w", INT, true)], &[0, 0], &[None, None]),
        "field 0 of its schema stands where field 1 must stand",
    ),
    kind("a ROW of nothing", |image| typed(image, [18, 0, 0]), "its schema has a ROW without fields"),
    kind(
        "a type without a case",
        |image| {
            let name = image.text("VARIANT");
            typed(image, [19, name.0, 7])
        },
        "its schema has a column of the unknown type \"VARIANT\"",
    ),
    kind("a type that there is not", |image| typed(image, [99, 0, 0]), TRAP_TOLD),
    kind("a decimal of 77 digits", |image| typed(image, [7, 77, 0]), "its schema is not valid"),
    kind("a decimal with more places than digits", |image| typed(image, [7, 4 | 5 << 8, 0]), "its schema is not valid"),
    kind("a time of 12 digits", |image| typed(image, [13, 12, 0]), "its schema is not valid"),
    kind("a timestamp of 10 digits", |image| typed(image, [14, 10, 0]), "its schema is not valid"),
    kind("CHAR(0)", |image| typed(image, [8, 0, 0]), "its schema is not valid"),
    kind("BINARY of 4 GiB", |image| typed(image, [10, u32::MAX, 0]), "its schema is not valid"),
    kind(
        "2,000 fields without names",
        |_| output(filter(NOTHING), [List(ZEROS, Is(2000)), NOTHING, NOTHING, NOTHING]),
        "field 0 of its schema is neither a column nor a child of one",
    ),
    kind(
        "a key that is no column",
        |image| keyed(image, &[("i", INT, false)], &[0], &[7], &[None]),
        "its primary key points at what is no column",
    ),
    kind(
        "a key of a column that may be null",
        |image| keyed(image, &[("i", INT, true)], &[0], &[0], &[Some(0)]),
        "its schema is not valid",
    ),
    kind(
        "a key of one column twice",
        |image| keyed(image, &[("i", INT, false)], &[0], &[0, 0], &[None]),
        "its schema is not valid",
    ),
    kind(
        "a number of instances that there is not",
        |image| {
            let mut plan = filter(image.numbers([0]));
            plan[12] = Is(9);
            plan
        },
        TRAP_TOLD,
    ),
    kind(
        "an output that is neither there nor not",
        |image| {
            let mut plan = filter(image.numbers([0]));
            plan[3] = Is(2);
            plan
        },
        TRAP_TOLD,
    ),
    kind(
        "a refusal that steers the terminal",
        |image| {
            let text = image.text("\u{1b}[2Jgone");
            let mut plan = filter(NOTHING);
            plan[..4].copy_from_slice(&[Is(1), Is(2), Is(text.0), text.1]);
            plan
        },
        "does not start: \u{fffd}[2Jgone",
    ),
];
