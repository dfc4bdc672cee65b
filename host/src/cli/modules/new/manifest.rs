//! The manifests of the SDK outside its workspace: what they inherit is written out, what tests need is left out.

use anyhow::{Context as _, bail};
use toml::{Table, Value};

/// A manifest of the workspace whose root manifest is `workspace`, so that it stands alone in the folder `own` of a copy
/// (empty, or its parts with a `/` each). `members` are the other members that are copied: where they lie in the workspace,
/// and where in the copy.
pub(super) fn standalone(
    manifest: &str,
    workspace: &str,
    own: &str,
    members: &[(&str, &str)],
) -> anyhow::Result<String> {
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
            *dependency = written_out(dependency, inherited, own, members)?;
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
fn written_out(member: &Value, inherited: &Value, own: &str, members: &[(&str, &str)]) -> anyhow::Result<Value> {
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
        let copied = members.iter().find(|(member, _)| member == path).map(|(_, copied)| copied);
        let copied = copied.with_context(|| format!("{path} is not copied"))?;
        *path = "../".repeat(own.matches('/').count()) + copied;
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
        let alone: Table =
            standalone(manifest, workspace, "", &[("sdk/c", "c")]).expect("a manifest").parse().expect("TOML");
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
        let deeper = standalone(manifest, workspace, "x/", &[("sdk/c", "y/c")]).expect("a manifest");
        assert!(deeper.contains("path = \"../y/c\""), "{deeper}");
        assert!(standalone(manifest, workspace, "", &[]).is_err(), "c is not copied");
        assert!(standalone("[dependencies]", workspace, "", &[]).is_err(), "no package");
    }
}
