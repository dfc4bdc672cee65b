//! Modules in JavaScript, Python and Go: the examples and what `module new` makes, each built by `module build`, tried by
//! their own unit tests and by `module test`, and run on the write path. Tests that lack their tools are listed as ignored,
//! with the reason.

mod bindings;
mod language;
mod rows;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg_tests::binary::{self, Node};
use wit_component::DecodedWasm;

use language::Language;

/// The example is built, imports nothing but the log, and does in all ways what it says.
fn example(language: Language) -> Result<()> {
    let folder = language.example()?;
    let path = text(&folder)?;
    binary::printed(binary::command(["module", "build", "--release", path]).output()?).context("module build")?;
    let component = folder.join("late.wasm");
    imports_only_the_log(&component)?;
    language.unit_tests(&folder)?;
    let said = tested(&["module", "test", text(&component)?])?;
    ensure!(said.contains("as expected by"), "module test found nothing to compare: {said}");
    in_javascript(language, &component)?;
    on_the_write_path(&component)
}

/// Whether the npm package runs it is what its README says.
fn in_javascript(language: Language, component: &Path) -> Result<()> {
    let made = thalweg_js::transpile(&std::fs::read(component)?, "late", &thalweg_js::Options::default());
    let as_said = match language {
        Language::Go => made.is_ok(),
        Language::Js => matches!(made, Err(thalweg_js::Error::Unsupported(_))),
        Language::Python => matches!(made, Err(thalweg_js::Error::Size { .. })),
    };
    ensure!(as_said, "host/js/README.md says another thing of modules in {language:?}: {:?}", made.err());
    Ok(())
}

/// What `module new` makes of a kind passes its unit tests and `module test`, and is built into a component.
fn new(language: Language, kind: &str) -> Result<()> {
    let parent = tempfile::tempdir()?;
    let folder = parent.path().join(format!("my-{kind}"));
    let lang = language.name();
    binary::printed(binary::command(["module", "new", text(&folder)?, "--lang", lang, "--kind", kind]).output()?)?;
    language.lend_tools(&folder)?;
    let said = tested(&["module", "test", text(&folder)?])?;
    ensure!(said.contains("as expected by"), "module test found nothing to compare: {said}");
    binary::printed(binary::command(["module", "build", text(&folder)?]).output()?).context("module build")?;
    imports_only_the_log(&folder.join(format!("my-{kind}.wasm")))?;
    language.unit_tests(&folder)
}

/// Runs `module test` and gives what it said.
fn tested(arguments: &[&str]) -> Result<String> {
    let output = binary::command(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    binary::printed(output)?;
    Ok(said)
}

/// Reads the imports out of the component itself; the host is not asked.
fn imports_only_the_log(component: &Path) -> Result<()> {
    let bytes = std::fs::read(component)?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes)? else {
        anyhow::bail!("{} is no component", component.display());
    };
    let world = resolve.worlds.get(world).context("a world")?;
    let imports: Vec<_> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
    // The first has types only, and nothing to call.
    let known = ["thalweg:module/types@1.0.0", "thalweg:module/log@1.0.0"];
    ensure!(imports.iter().all(|import| known.contains(&import.as_str())), "it imports {imports:?}");
    Ok(())
}

/// Appends through the module, and through the stock modules that do the same; both tables then hold the same rows.
fn on_the_write_path(component: &Path) -> Result<()> {
    let component = text(component)?;
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let rows = data.path().join("rows.jsonl");
    std::fs::write(&rows, rows::json_lines())?;
    let rows = text(&rows)?;
    let stock = ["--module", "where", "--set", "if=delay > 45", "--module", "scale", "--set", "column=distance"];
    let stock = [&stock[..], &["--set", "factor=1.609344"]].concat();
    let mut scans = Vec::new();
    for (table, modules) in [("ours", ["--module", component, "--set", "min=45"].to_vec()), ("stock", stock)] {
        let schema = "id INT NOT NULL, delay INT, distance DOUBLE, origin STRING";
        binary::run(&node.address, ["table", "create", table, "--schema", schema])?;
        binary::run(&node.address, [&["append", table, rows][..], &modules].concat())?;
        scans.push(binary::run(&node.address, ["scan", table])?);
    }
    ensure!(scans[0].lines().count() > 1000, "{} rows were kept", scans[0].lines().count());
    ensure!(scans[0] == scans[1], "the rows differ from those that stock modules give");
    for (setting, problem) in [("min=x", "\"min\": must be a value of type integer"), ("mn=1", "\"mn\"")] {
        let append = ["append", "ours", rows, "--module", component, "--set", setting];
        let output = binary::command(append).env("THALWEG_SERVER", &node.address).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && said.contains(problem), "--set {setting}: {said}");
    }
    let append = ["append", "ours", "-", "--module", component];
    let refused = "{\"id\": 1, \"delay\": 90, \"distance\": -1, \"origin\": \"SEA\"}\n";
    let output = binary::run_with(&node.address, append, refused)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && said.contains("the distance is negative"), "a refused row: {said}");
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("folders of the tests have plain names")
}

fn trial(name: String, missing: Option<String>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let kind = missing.as_deref().unwrap_or_default().to_owned();
    let trial = Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(kind)
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for language in [Language::Js, Language::Python, Language::Go] {
        let missing = language.missing();
        trials.push(trial(format!("example_in_{}", language.name()), missing.clone(), move || example(language)));
        for kind in language.kinds() {
            let name = format!("new_{kind}_in_{}", language.name());
            trials.push(trial(name, missing.clone(), move || new(language, kind)));
        }
    }
    let no_go = Language::Go.missing();
    trials.push(trial("bindings_in_go_are_those_of_the_contract".into(), no_go.clone(), bindings::are_current));
    trials.push(trial("what_modules_in_go_build_on".into(), no_go, bindings::pass_their_tests));
    // Compilers share two cores: one test at a time.
    libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials).exit();
}
