//! The lock file of a new module: the versions that this binary was built with, so that nothing is asked of a registry
//! that is there already.

use std::collections::BTreeSet;

use anyhow::Context as _;
use toml::{Table, Value};

/// Of a lock file, what the package `needed` stands on, for a package that depends on it alone.
pub(super) fn part(lock: &str, needed: &str, package: &str) -> anyhow::Result<String> {
    let lock: Table = lock.parse()?;
    let version = lock.get("version").context("no version")?.clone();
    let packages = lock.get("package").and_then(Value::as_array).context("no packages")?;
    let mut taken = BTreeSet::new();
    let mut open = vec![needed.to_owned()];
    while let Some(wanted) = open.pop() {
        let found = packages.iter().position(|package| answers(package, &wanted));
        let at = found.with_context(|| format!("{wanted} is not in the lock file"))?;
        if taken.insert(at) {
            let dependencies = packages[at].get("dependencies").and_then(Value::as_array);
            open.extend(dependencies.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    let text = |text: &str| Value::String(text.to_owned());
    let own = Table::from_iter([
        ("name".to_owned(), text(package)),
        ("version".to_owned(), text("0.1.0")),
        ("dependencies".to_owned(), Value::Array(vec![text(needed)])),
    ]);
    let mut parts: Vec<Value> = taken.into_iter().map(|at| packages[at].clone()).collect();
    parts.push(Value::Table(own));
    let part = Table::from_iter([("version".to_owned(), version), ("package".to_owned(), Value::Array(parts))]);
    Ok(toml::to_string(&part)?)
}

/// Whether a package is the one that a dependency names: `name`, `name version` or `name version (source)`.
fn answers(package: &Value, wanted: &str) -> bool {
    let mut words = wanted.split(' ');
    let has = |key: &str, word: Option<&str>| {
        word.is_none_or(|word| package.get(key).is_some_and(|v| v.as_str() == Some(word)))
    };
    has("name", words.next()) && has("version", words.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_locked() {
        let lock = r#"
            version = 4
            [[package]]
            name = "a"
            version = "1.0.0"
            dependencies = ["b 2.0.0"]
            [[package]]
            name = "b"
            version = "1.0.0"
            [[package]]
            name = "b"
            version = "2.0.0"
            dependencies = ["a"]
        "#;
        let part: Table = part(lock, "a", "late").expect("a part").parse().expect("TOML");
        let packages = part["package"].as_array().expect("packages").iter();
        let named: Vec<_> = packages.map(|p| (p["name"].as_str(), p["version"].as_str())).collect();
        let expected = [("a", "1.0.0"), ("b", "2.0.0"), ("late", "0.1.0")];
        assert_eq!(named, expected.map(|(name, version)| (Some(name), Some(version))));
        assert!(super::part(lock, "c", "late").is_err());
    }
}
