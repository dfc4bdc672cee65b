//! `mask` in each of its ways.

use thalweg_module::testing::Rows;
use thalweg_module::{DataType, Error};

use super::Mask;

fn rows() -> Rows {
    let char = |width| DataType::FixedText(width);
    Rows::new()
        .column("text", [Some("4111222233334444"), Some("Zürich"), None, Some(""), Some("日本")])
        .column_as("narrow", char(6), ["SEA", "PDX", "Zürich", "", "x"])
        .column_as("wide", char(64), ["a", "", "b", "c", "d"])
        .column("number", [1, 2, 3, 4, 5])
}

fn masked(column: &str, config: &str) -> Vec<Option<String>> {
    let outcome = rows().run::<Mask>(config).unwrap();
    assert_eq!(outcome.kept(), [0, 1, 2, 3, 4]);
    let (before, after) = (rows().run::<Mask>(r#"{"columns": ["wide"], "how": "redact"}"#).unwrap(), outcome.schema());
    assert_eq!(before.schema(), after, "types stay");
    outcome.column::<str, _>(column, str::to_owned).unwrap()
}

#[test]
fn values_are_hidden_as_asked() {
    let cases: &[(&str, &str, [Option<&str>; 5])] = &[
        ("text", r#""how": "keep-last""#, [Some("************4444"), Some("**rich"), None, Some(""), Some("日本")]),
        (
            "text",
            r#""how": "keep-last", "keep": 1"#,
            [Some("***************4"), Some("*****h"), None, Some(""), Some("*本")],
        ),
        (
            "text",
            r#""how": "keep-last", "keep": 0, "with": "é""#,
            [Some("éééééééééééééééé"), Some("éééééé"), None, Some(""), Some("éé")],
        ),
        ("narrow", r#""how": "keep-last", "keep": 2"#, [Some("*EA"), Some("*DX"), Some("****ch"), Some(""), Some("x")]),
        ("text", r#""how": "redact""#, [Some("***"), Some("***"), None, Some("***"), Some("***")]),
        ("narrow", r#""how": "redact", "text": "gelöst""#, [Some("gelöst"); 5]),
    ];
    for (column, config, expected) in cases {
        let config = format!(r#"{{"columns": ["{column}"], {config}}}"#);
        assert_eq!(masked(column, &config), expected.map(|text| text.map(str::to_owned)), "{config}");
    }
}

/// The vectors of FIPS 180-2.
#[test]
fn hashes_are_sha_256() {
    let hashed =
        |salt: &str| masked("wide", &format!(r#"{{"columns": ["wide", "text"], "how": "hash", "salt": "{salt}"}}"#));
    let plain = hashed("");
    assert_eq!(plain[1].as_deref(), Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    let salted = hashed("ab");
    assert_eq!(salted[3].as_deref(), Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_eq!(plain, masked("wide", r#"{"columns": ["wide"], "how": "hash"}"#));
}

#[test]
fn errors_name_what_is_wrong() {
    for (config, key) in [
        (r#"{"columns": ["text"]}"#, "how"),
        (r#"{"how": "hash"}"#, "columns"),
        (r#"{"columns": [], "how": "hash"}"#, "columns"),
        (r#"{"columns": ["text"], "how": "hide"}"#, "how"),
        (r#"{"columns": ["text"], "how": "hash", "text": "x"}"#, "text"),
        (r#"{"columns": ["text"], "how": "redact", "salt": "x"}"#, "salt"),
        (r#"{"columns": ["text"], "how": "redact", "keep": 1}"#, "keep"),
        (r#"{"columns": ["text"], "how": "keep-last", "with": "**"}"#, "with"),
        (r#"{"columns": ["text"], "how": "keep-last", "keep": -1}"#, "keep"),
    ] {
        let error = rows().run::<Mask>(config).unwrap_err();
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    for (config, message) in [
        (r#"{"columns": ["number"], "how": "redact"}"#, "column `number` is INT, but STRING is expected"),
        (
            r#"{"columns": ["narrow"], "how": "hash"}"#,
            "column `narrow` is CHAR(6), but what would stand there has 64 characters",
        ),
        (
            r#"{"columns": ["narrow"], "how": "redact", "text": "[hidden]"}"#,
            "column `narrow` is CHAR(6), but what would stand there has 8 characters",
        ),
        (r#"{"columns": ["text", "text"], "how": "hash"}"#, "column `text` is written twice"),
    ] {
        assert_eq!(rows().run::<Mask>(config).unwrap_err().to_string(), message);
    }
}
