//! `select` on a few columns.

use thalweg_module::Error;
use thalweg_module::testing::Rows;

use super::Select;

fn rows() -> Rows {
    Rows::new().column("a", [1, 2]).column("b", [Some("x"), None]).column("c", [true, false])
}

#[test]
fn columns_go_on_as_asked() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"keep": ["c", "a"]}"#, &["c", "a"]),
        (r#"{"keep": ["b"]}"#, &["b"]),
        (r#"{"drop": ["b"]}"#, &["a", "c"]),
        (r#"{"drop": []}"#, &["a", "b", "c"]),
        (r#"{"rename": {"a": "x"}}"#, &["x", "b", "c"]),
        (r#"{"rename": {"a": "b", "b": "a"}}"#, &["b", "a", "c"]),
        (r#"{"rename": {"a": "b", "b": "c", "c": "a"}}"#, &["b", "c", "a"]),
        (r#"{"keep": ["c", "b"], "rename": {"b": "a"}}"#, &["c", "a"]),
        (r#"{"drop": ["a"], "rename": {"b": "a"}}"#, &["a", "c"]),
        ("{}", &["a", "b", "c"]),
    ];
    for (config, names) in cases {
        let outcome = rows().run::<Select>(config).unwrap();
        assert_eq!(outcome.schema().column_names().collect::<Vec<_>>(), *names, "{config}");
        assert!(outcome.read().is_empty() && outcome.kept() == [0, 1], "{config}");
    }
    let outcome = rows().run::<Select>(r#"{"rename": {"a": "b", "b": "a"}}"#).unwrap();
    assert_eq!(outcome.values::<i32>("b").unwrap(), [Some(1), Some(2)]);
    assert_eq!(outcome.column::<str, _>("a", str::to_owned).unwrap(), [Some("x".to_owned()), None]);
}

#[test]
fn errors_name_the_key() {
    for (config, key) in [
        (r#"{"keep": ["a"], "drop": ["b"]}"#, "drop"),
        (r#"{"keep": ["z"]}"#, "keep"),
        (r#"{"keep": ["a", "a"]}"#, "keep"),
        (r#"{"keep": []}"#, "keep"),
        (r#"{"drop": ["z"]}"#, "drop"),
        (r#"{"drop": ["a", "b", "c"]}"#, "drop"),
        (r#"{"rename": {"z": "y"}}"#, "rename.z"),
        (r#"{"drop": ["a"], "rename": {"a": "y"}}"#, "rename.a"),
        (r#"{"rename": {"a": "b"}}"#, "rename"),
        (r#"{"rename": {"a": 1}}"#, "rename.a"),
    ] {
        let error = rows().run::<Select>(config).unwrap_err();
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    let error = rows().run::<Select>(r#"{"keep": ["z"]}"#).unwrap_err().to_string();
    assert_eq!(error, "configuration key `keep`: there is no column `z`; the columns are `a`, `b`, `c`");
}
