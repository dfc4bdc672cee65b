//! What each stock module does to a few rows, for `cases`.

/// One module, and what becomes of rows.
pub(super) struct Case {
    pub(super) module: &'static str,
    pub(super) settings: &'static [&'static str],
    /// Columns in SQL.
    pub(super) input: &'static str,
    /// Columns in SQL after the module.
    pub(super) output: &'static str,
    /// JSON objects, one a line.
    pub(super) rows: &'static str,
    /// The same for those that come out.
    pub(super) expected: &'static str,
}

pub(super) const CASES: &[Case] = &[
    Case {
        module: "mask",
        settings: &["columns=[\"card\", \"code\"]", "how=keep-last"],
        input: "id INT, card STRING, code CHAR(6)",
        output: "id INT, card STRING, code CHAR(6)",
        rows: r#"
            {"id": 1, "card": "4111222233334444", "code": "Zürich"}
            {"id": 2, "code": "SEA"}"#,
        expected: r#"
            {"id": 1, "card": "************4444", "code": "**rich"}
            {"id": 2, "code": "SEA"}"#,
    },
    Case {
        module: "mask",
        settings: &["columns=[\"name\"]", "how=hash", "salt=ab"],
        input: "name STRING NOT NULL",
        output: "name STRING NOT NULL",
        rows: r#"{"name": "c"}"#,
        expected: r#"{"name": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#,
    },
    Case {
        module: "mask",
        settings: &["columns=[\"name\"]", "how=redact", "text=-"],
        input: "name CHAR(3)",
        output: "name CHAR(3)",
        rows: r#"
            {"name": "SEA"}
            {"name": null}"#,
        expected: r#"
            {"name": "-"}
            {"name": null}"#,
    },
    Case {
        module: "select",
        settings: &["keep=[\"b\", \"list\", \"a\"]", "rename={\"a\": \"b\", \"b\": \"a\"}"],
        input: "a INT, b STRING NOT NULL, c BYTES, list ARRAY<ROW<x INT>>",
        output: "a STRING NOT NULL, list ARRAY<ROW<x INT>>, b INT",
        rows: r#"
            {"a": 1, "b": "x", "c": "00", "list": [{"x": 1}, null]}
            {"b": "y"}"#,
        expected: r#"
            {"a": "x", "list": [{"x": 1}, null], "b": 1}
            {"a": "y"}"#,
    },
    Case {
        module: "select",
        settings: &["drop=[\"b\"]"],
        input: "a INT, b STRING",
        output: "a INT",
        rows: r#"{"a": 1, "b": "x"}"#,
        expected: r#"{"a": 1}"#,
    },
    Case {
        module: "parse-json",
        settings: &[
            "column=payload",
            "fields={\"id\": \"BIGINT NOT NULL\", \"price\": \"DECIMAL(20, 2)\", \"at\": \"TIMESTAMP_LTZ(3)\", \"tags\": \"ARRAY<STRING>\"}",
            "paths={\"price\": \"$.offer.price\"}",
        ],
        input: "n INT, payload STRING",
        output: "n INT, id BIGINT NOT NULL, price DECIMAL(20, 2), at TIMESTAMP_LTZ(3), tags ARRAY<STRING>",
        rows: r#"
            {"n": 1, "payload": "{\"id\": 9007199254740993, \"offer\": {\"price\": 1.5}, \"at\": \"2001-01-31T10:00:00Z\", \"tags\": [\"a\"]}"}
            {"n": 2, "payload": "{\"id\": 2, \"offer\": null}"}"#,
        expected: r#"
            {"n": 1, "id": 9007199254740993, "price": 1.50, "at": "2001-01-31T10:00:00Z", "tags": ["a"]}
            {"n": 2, "id": 2}"#,
    },
    Case {
        module: "parse-json",
        settings: &["column=payload", "fields={\"id\": \"INT\"}", "keep=true"],
        input: "id INT, payload STRING",
        output: "id INT, payload STRING",
        rows: r#"{"payload": "{\"id\": 1}"}"#,
        expected: r#"{"id": 1, "payload": "{\"id\": 1}"}"#,
    },
    Case {
        module: "explode",
        settings: &["column=tags", "as=tag", "position=place"],
        input: "id INT, tags ARRAY<STRING>, pairs ARRAY<INT>",
        output: "id INT, pairs ARRAY<INT>, tag STRING, place INT",
        rows: r#"
            {"id": 1, "tags": ["a", null, "b"], "pairs": [1, 2]}
            {"id": 2, "tags": []}
            {"id": 3}
            {"id": 4, "tags": ["c"]}"#,
        expected: r#"
            {"id": 1, "tag": "a", "place": 0, "pairs": [1, 2]}
            {"id": 1, "tag": null, "place": 1, "pairs": [1, 2]}
            {"id": 1, "tag": "b", "place": 2, "pairs": [1, 2]}
            {"id": 4, "tag": "c", "place": 0}"#,
    },
    Case {
        module: "explode",
        settings: &["column=marks", "outer=true"],
        input: "id INT, marks MAP<STRING, ROW<x INT>>",
        output: "id INT, marks ROW<x INT>, key STRING",
        rows: r#"
            {"id": 1, "marks": {"one": {"x": 1}, "two": null}}
            {"id": 2}"#,
        expected: r#"
            {"id": 1, "key": "one", "marks": {"x": 1}}
            {"id": 1, "key": "two", "marks": null}
            {"id": 2}"#,
    },
    Case {
        module: "sample",
        settings: &["column=id", "one-in=1"],
        input: "id INT",
        output: "id INT",
        rows: r#"{"id": 1}"#,
        expected: r#"{"id": 1}"#,
    },
];
