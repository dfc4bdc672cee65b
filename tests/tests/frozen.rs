//! What is published stays as it is: `thalweg:module@1.0.0`, on which modules are built that nobody here knows of.
//!
//! `wit/published/module-1.0.0.wit` is the text as it was published, in one file; it is never changed. A change to
//! `wit/module` fails here. What is wanted anew becomes a version of its own, beside this one: `wit/module/README.md`.

use anyhow::{Context as _, Result, ensure};

#[test]
fn the_interface_of_modules_is_the_published_one() -> Result<()> {
    let root = thalweg_tests::root();
    let published = std::fs::read_to_string(root.join("wit/published/module-1.0.0.wit"))?;
    let mut files: Vec<_> = std::fs::read_dir(root.join("wit/module"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "wit"));
    files.sort();
    let head = "package thalweg:module@1.0.0;\n";
    let mut text = head.to_owned();
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
        let own = std::fs::read_to_string(&path)?;
        let own = own.strip_prefix(head).with_context(|| format!("{name} is of another package or version"))?;
        text += &format!("\n// {name}\n{}\n", own.trim_matches('\n'));
    }
    let differing = text.lines().zip(published.lines()).position(|(now, then)| now != then);
    let line = differing.unwrap_or_else(|| text.lines().count().min(published.lines().count()));
    ensure!(
        text == published,
        "wit/module is not what was published; line {} of wit/published/module-1.0.0.wit is\n  {}\nand now\n  {}",
        line + 1,
        published.lines().nth(line).unwrap_or("(its end)"),
        text.lines().nth(line).unwrap_or("(its end)"),
    );
    Ok(())
}
