//! The manifests of the SDK outside its workspace: what they inherit is written out, what tests need is left out.

use anyhow::{Context as _, bail};
use toml::{Table, Value};

/// A manifest of the workspace whose root manifest is `workspace`, so that it stands alone. Paths of other members are
/// taken to be from `folder`, the folder of the workspace that is copied.
pub(super) fn standalone(manifest: &str, workspace: &str, folder: &str) -> anyhow::Result<String> {
    let mut manifest: Table = manifest.parse()?;
    let root: Table = workspace.parse()?;
    let root = root.get("workspace").and_then(Value::as_table).context("no workspace")?;
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    let package = manifest.get_mut("package").and_then(Value::as_table_mut).context("no package")?;
    let shared = root.get("package").and_then(Value::as_table).context("no workspace.package")?;
    for (key, value) in package.iter_mut() {
        if inherits(value) {
            *value = shared.get(key).with_context(|| format!("no workspace.package.{key}"))?.clone();
        }
    }
    let shared = root.get("dependencies").and_then(Value::as_table).context("no workspace.dependencies")?;
    let dependencies = manifest.get_mut("dependencies").and_then(Value::as_table_mut);
    for (name, dependency) in dependencies.into_iter().flat_map(Table::iter_mut) {
        if inherits(dependency) {
            let inherited = shared.get(name).with_context(|| format!("no workspace.dependencies.{name}"))?;
            *dependency = written_out(dependency, inherited, folder)?;
        }
    }
    let package = manifest.remove("package").context("no package")?;
    let head = Table::from_iter([("package".to_owned(), package)]);
    Ok(toml::to_string(&head)? + "\n" + &toml::to_string(&manifest)?)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// A dependency as the workspace has it, with what the member adds.
fn written_out(member: &Value, inherited: &Value, folder: &str) -> anyhow::Result<Value> {
    let mut whole = match inherited {
        Value::String(version) => Table::from_iter([("version".to_owned(), Value::String(version.clone()))]),
        Value::Table(table) => table.clone(),
        _ => bail!("a dependency is neither a version nor a table"),
    };
    for (key, value) in member.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace") {
        match (key.as_str(), whole.get_mut(key), value) {
            ("features", Some(Value::Array(features)), Value::Array(more)) => features.extend(more.iter().cloned()),
            _ => drop(whole.insert(key.clone(), value.clone())),
        }
    }
    if let Some(Value::String(path)) = whole.get_mut("path") {
        let inside = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
        *path = inside.with_context(|| format!("{path} lies outside of {folder}"))?.to_owned();
    }
    Ok(Value::Table(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_is_written_out() {
        let workspace = r#"
            [workspace.package]
            version = "0.1.0"
            [workspace.dependencies]
            a = "1"
            b = { version = "2", features = ["x"] }
            c = { path = "sdk/c" }
        "#;
        let manifest = r#"
            lints.workspace = true
            [package]
            name = "m"
            version.workspace = true
            [dependencies]
            a = { workspace = true }
            b = { workspace = true, features = ["y"], optional = true }
            c = { workspace = true }
            d = "4"
            [dev-dependencies]
            e = { workspace = true }
        "#;
        let alone: Table = standalone(manifest, workspace, "sdk").expect("a manifest").parse().expect("TOML");
        let expected: Table = r#"
            package = { name = "m", version = "0.1.0" }
            [dependencies]
            a = { version = "1" }
            b = { version = "2", features = ["x", "y"], optional = true }
            c = { path = "c" }
            d = "4"
        "#
        .parse()
        .expect("TOML");
        assert_eq!(alone, expected);
        assert!(standalone(manifest, workspace, "other").is_err(), "c is not in that folder");
        assert!(standalone("[dependencies]", workspace, "sdk").is_err(), "no package");
    }
}
