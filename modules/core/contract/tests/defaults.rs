//! The defaults that the documentation of the settings names, in WIT and in Rust, are those of `Settings::new`.

use std::collections::BTreeMap;

use thalweg_contract::Settings;
use wit_parser::{Resolve, TypeDefKind};

/// The settings by record and field, as `connection.backoff`, with a text each.
type Texts = BTreeMap<String, String>;

/// The settings without default: a host must say them.
const WITHOUT: [&str; 1] = ["connection.bootstrap"];

/// The settings that the records of the WIT do not have.
const NOT_IN_WIT: [&str; 1] = ["connection.login"];

/// Every default, as Rust writes it down.
fn values() -> Texts {
    let mut values = Texts::new();
    let mut record = String::new();
    for line in format!("{:#?}", Settings::new(Vec::new())).lines() {
        match line.trim().trim_end_matches(',').split_once(": ") {
            Some((name, value)) if value.ends_with('{') => record = name.to_owned(),
            Some((name, value)) => drop(values.insert(format!("{record}.{name}"), value.to_owned())),
            None => {}
        }
    }
    values.retain(|name, _| !WITHOUT.contains(&name.as_str()));
    values
}

/// What the documentation of the WIT says of each setting.
fn wit_docs() -> Texts {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../wit");
    let mut resolve = Resolve::default();
    for folder in ["module", "client"] {
        resolve.push_dir(format!("{root}/{folder}")).expect("it parses");
    }
    let mut docs = Texts::new();
    for (_, definition) in resolve.types.iter() {
        let record = definition.name.as_deref().and_then(|name| name.strip_suffix("-settings"));
        if let (Some(record), TypeDefKind::Record(fields)) = (record, &definition.kind) {
            for field in &fields.fields {
                let name = format!("{record}.{}", field.name.replace('-', "_"));
                docs.insert(name, field.docs.contents.clone().unwrap_or_default());
            }
        }
    }
    docs
}

/// What the documentation of the Rust form says of each setting.
fn rust_docs() -> Texts {
    let mut docs = Texts::new();
    let (mut record, mut text) = (None, String::new());
    for line in include_str!("../src/settings.rs").lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_suffix(" {")) {
            record = name.strip_suffix("Settings").filter(|name| !name.is_empty()).map(str::to_lowercase);
        } else if let Some(more) = line.strip_prefix("///") {
            text.push_str(more);
            continue;
        } else if let (Some(record), Some((name, _))) =
            (&record, line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")))
        {
            docs.insert(format!("{record}.{name}"), text.clone());
        }
        text.clear();
    }
    docs
}

/// The value after `Default`, as Rust writes it down.
fn documented(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "Default")?;
    let end = |word: &&str| word.ends_with(['.', ';']);
    let value: Vec<&str> = words[at + 1..].split_inclusive(end).next()?.to_vec();
    let value = value.join(" ");
    let value = value.trim_end_matches(['.', ';']);
    let amount = |unit: &str| value.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    Some(match (amount(" ms"), amount(" s"), amount(" min"), amount(" MiB")) {
        (Some(millis), ..) => format!("{millis}ms"),
        (_, Some(seconds), ..) => format!("{seconds}s"),
        (_, _, Some(minutes), _) => format!("{}s", minutes * 60),
        (.., Some(mebibytes)) => (mebibytes << 20).to_string(),
        _ => value.to_owned(),
    })
}

/// Each setting with the default that its documentation names; what is an enum in Rust begins with a capital.
fn defaults(docs: &Texts, values: &Texts) -> Texts {
    let mut defaults = Texts::new();
    for (name, text) in docs.iter().filter(|(name, _)| !WITHOUT.contains(&name.as_str())) {
        let default = documented(text).unwrap_or_else(|| format!("no default in: {text}"));
        let same = values.get(name).filter(|value| value.eq_ignore_ascii_case(&default));
        defaults.insert(name.clone(), same.cloned().unwrap_or(default));
    }
    defaults
}

#[test]
fn the_wit_names_every_default() {
    let mut values = values();
    assert!(values.len() > 20, "{values:?}");
    values.retain(|name, _| !NOT_IN_WIT.contains(&name.as_str()));
    assert_eq!(defaults(&wit_docs(), &values), values);
}

#[test]
fn the_documentation_of_the_rust_form_names_every_default() {
    let values = values();
    assert_eq!(defaults(&rust_docs(), &values), values);
}

#[test]
fn a_default_is_read_whatever_stands_beside_it() {
    for (text, value) in [
        ("How long. Default\n5 min.", Some("300s")),
        ("Default 64 MiB.", Some("67108864")),
        ("Rows. Default 65536; at most 131072, and more.", Some("65536")),
        ("Default true; needs `acks.all`.", Some("true")),
        ("At least one.", None),
    ] {
        assert_eq!(documented(text).as_deref(), value);
    }
}
