//! What is published stays as it is: `thalweg:module@1.0.0`, on which modules are built that nobody here knows of,
//! `thalweg:client@0.2.2`, on which hosts are, and `thalweg:client-async@0.2.2`, on which components are.
//!
//! `wit/published` has each text as it was published, in one file; it is never changed. A change to `wit/module`, `wit/client`
//! or `wit/client-async` fails here. What is wanted anew becomes a version of its own, beside this one:
//! `wit/module/README.md`. A version that only adds to another keeps all of its lines.

use anyhow::{Context as _, Result, ensure};

/// The package, which is also its folder in `wit`, and the version.
const PUBLISHED: [(&str, &str); 3] = [("module", "1.0.0"), ("client", "0.2.2"), ("client-async", "0.2.2")];

/// The package, a version, and the one before, to which that only adds.
const ADDED: [(&str, &str, &str); 4] = [
    ("client", "0.2.1", "0.2.0"),
    ("client", "0.2.2", "0.2.1"),
    ("client-async", "0.2.1", "0.2.0"),
    ("client-async", "0.2.2", "0.2.1"),
];

#[test]
fn what_is_added_leaves_what_was_there() -> Result<()> {
    let text = |package, version| {
        let path = thalweg_tests::root().join(format!("wit/published/{package}-{version}.wit"));
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    for (package, version, before) in ADDED {
        let (now, then) = (text(package, version)?, text(package, before)?.replace(before, version));
        let mut lines = now.lines();
        for line in then.lines() {
            ensure!(
                lines.any(|now| now == line),
                "{package} {version} lacks a line of {before}, or has it elsewhere: {line}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_interfaces_are_the_published_ones() -> Result<()> {
    for (package, version) in PUBLISHED {
        let published = format!("wit/published/{package}-{version}.wit");
        let then = std::fs::read_to_string(thalweg_tests::root().join(&published))?;
        let now = text(package, &format!("package thalweg:{package}@{version};\n"))?;
        let differing = now.lines().zip(then.lines()).position(|(now, then)| now != then);
        let line = differing.unwrap_or_else(|| now.lines().count().min(then.lines().count()));
        ensure!(
            now == then,
            "wit/{package} is not what was published; line {} of {published} is\n  {}\nand now\n  {}",
            line + 1,
            then.lines().nth(line).unwrap_or("(its end)"),
            now.lines().nth(line).unwrap_or("(its end)"),
        );
    }
    Ok(())
}

/// All files of a folder in one, in the order of their names, without what each begins with.
fn text(folder: &str, head: &str) -> Result<String> {
    let mut files: Vec<_> = std::fs::read_dir(thalweg_tests::root().join("wit").join(folder))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "wit"));
    files.sort();
    let mut text = head.to_owned();
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
        let own = std::fs::read_to_string(&path)?;
        let own = own.strip_prefix(head).with_context(|| format!("{name} is of another package or version"))?;
        text += &format!("\n// {name}\n{}\n", own.trim_matches('\n'));
    }
    Ok(text)
}
