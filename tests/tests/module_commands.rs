//! `thalweg module new`, `build`, `test` and `list` at the command line: what each prints, says and returns.

use std::path::Path;
use std::process::Output;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use thalweg_tests::binary;

/// The folders below share what their modules stand on.
fn run(folder: &Path, arguments: &str) -> Result<Output> {
    let words: Vec<String> = words(arguments);
    let output = binary::command(words)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", thalweg_tests::target().join("modules"))
        .output()?;
    Ok(output)
}

/// Words are parted by blanks; `'a b'` is one.
fn words(text: &str) -> Vec<String> {
    let quoted = text.split('\'').enumerate().flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    quoted.collect()
}

fn ends(output: &Output, status: i32, prints: &str, says: &[&str]) -> Result<()> {
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {printed}{said}", output.status);
    ensure!(printed == prints || prints == "*", "it prints {printed:?} instead of {prints:?}; {said}");
    for text in says {
        ensure!(said.contains(text), "{text:?} is not in: {said}");
    }
    Ok(())
}

/// A kind of module in Rust builds with plain cargo and passes its test as it was made.
fn a_new_module_passes_its_test(kind: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let name = format!("new-{kind}");
    let started = Instant::now();
    ends(&run(folder.path(), &format!("module new {name} --kind {kind}"))?, 0, "", &["thalweg module test"])?;
    let tested = run(folder.path(), &format!("module test {name}"))?;
    ends(&tested, 0, "*", &["as expected by"]).with_context(|| name.clone())?;
    println!("{name}: made, built and tested in {:.1} s", started.elapsed().as_secs_f64());
    let unit = std::process::Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["test", "--quiet"])
        .current_dir(folder.path().join(&name))
        .env("CARGO_TARGET_DIR", thalweg_tests::target().join("modules"))
        .output()?;
    ends(&unit, 0, "*", &[])?;
    println!("{name}: with its unit tests in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

#[test]
fn a_new_filter_passes_its_test() -> Result<()> {
    a_new_module_passes_its_test("filter")
}

#[test]
fn a_new_map_passes_its_test() -> Result<()> {
    a_new_module_passes_its_test("map")
}

#[test]
fn a_new_filter_map_passes_its_test() -> Result<()> {
    a_new_module_passes_its_test("filter-map")
}

#[test]
fn a_new_flat_map_passes_its_test() -> Result<()> {
    a_new_module_passes_its_test("flat-map")
}

/// A command, its status, what it prints (`*`: anything) and says.
type Step = (&'static str, i32, &'static str, &'static [&'static str]);

const STEPS: &[Step] = &[
    ("module new ''", 2, "", &["a value is required"]),
    ("module new Late", 1, "", &["\"Late\" is no name for a module"]),
    ("module new a/..", 1, "", &["is no name"]),
    ("module new std", 1, "", &["has a meaning of its own"]),
    ("module new full", 1, "", &["full is there already, and not empty"]),
    ("module new late --lang cobol", 2, "", &["cobol"]),
    ("module build empty", 1, "", &["empty is no module's folder", "thalweg module new"]),
    ("module build nowhere", 1, "", &["nowhere is no folder"]),
    ("module test where --input rows.jsonl", 1, "", &["--schema"]),
    ("module test where --schema 'delay INT'", 1, "", &["--input"]),
    ("module test where --schema 'delay INT' --input rows.jsonl", 1, "", &["module where: configuration \"if\""]),
    (
        "module test where --schema 'delay INT' --input rows.jsonl --set 'if=delay > 20'",
        0,
        "{\"fate\":\"kept\",\"row\":1,\"in\":{\"delay\":45},\"out\":[{\"delay\":45}]}\n\
         {\"fate\":\"dropped\",\"row\":2,\"in\":{\"delay\":10},\"out\":[]}\n",
        &["where: 2 rows in (1 kept, 1 dropped), 1 rows out"],
    ),
    (
        "module test scale --schema 'delay TINYINT' --input rows.jsonl --set column=delay --set factor=3 --format table",
        0,
        "    1  refused   {\"delay\":45}\n               ! the result does not fit TINYINT\n    \
         2  changed   {\"delay\":10}\n               > {\"delay\":30}\n",
        &["1 changed, 1 refused"],
    ),
    (
        "module test scale --schema 'delay TINYINT' --input rows.jsonl --set column=delay --set factor=3 \
         --format rows --expect expect.jsonl",
        1,
        "{\"$error\":\"the result does not fit TINYINT\"}\n{\"delay\":30}\n",
        &[
            "row 2 that came out",
            "delay: 30 instead of 31",
            "module scale: the rows that came out differ from expect.jsonl",
        ],
    ),
    (
        "module test scale --schema 'delay TINYINT' --input rows.jsonl --set column=delay --set factor=3.1 \
         --format rows --expect expect.jsonl",
        0,
        "{\"$error\":\"the result does not fit TINYINT\"}\n{\"delay\":31}\n",
        &["scale: as expected by expect.jsonl"],
    ),
    ("module inspect late.wasm", 1, "", &["late.wasm is not WebAssembly"]),
    ("module inspect where --schema 'delay INT' --set 'if=nope > 1'", 1, "*", &["module where", "nope"]),
    ("module test late.wasm --schema 'delay INT' --input rows.jsonl", 1, "", &["late.wasm is not WebAssembly"]),
    (
        "module test where --schema 'delay INT' --input none.jsonl --set 'if=delay > 20'",
        1,
        "",
        &["none.jsonl has no rows"],
    ),
];

#[test]
fn commands_say_what_is_wrong_and_show_every_fate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    for name in ["full", "empty"] {
        std::fs::create_dir(folder.path().join(name))?;
    }
    write("full/file", "")?;
    write("rows.jsonl", "{\"delay\": 45}\n{\"delay\": 10}\n")?;
    write("none.jsonl", "")?;
    write("expect.jsonl", "{\"$error\": \"the result does not fit TINYINT\"}\n{\"delay\": 31}\n")?;
    write("late.wasm", "text")?;
    for (command, status, prints, says) in STEPS {
        ends(&run(folder.path(), command)?, *status, prints, says).with_context(|| (*command).to_owned())?;
    }
    Ok(())
}

#[test]
fn a_test_leaves_the_built_component_as_it_is() -> Result<()> {
    let folder = tempfile::tempdir()?;
    ends(&run(folder.path(), "module new late")?, 0, "", &[])?;
    let component = folder.path().join("late/late.wasm");
    ends(&run(folder.path(), "module inspect late")?, 1, "", &["late.wasm is not there", "thalweg module build late"])?;
    ends(&run(folder.path(), "module build late --release")?, 0, "*", &[])?;
    let released = std::fs::read(&component)?;
    for command in ["module test late", "module test late --release"] {
        ends(&run(folder.path(), command)?, 0, "*", &["as expected by"])?;
        ensure!(std::fs::read(&component)? == released, "{command} changed the component");
    }
    std::fs::remove_file(&component)?;
    ends(&run(folder.path(), "module test late")?, 0, "*", &["as expected by"])?;
    ensure!(!component.exists(), "a test made a component");
    Ok(())
}

#[test]
fn a_core_module_is_refused_in_one_sentence() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("core.wasm"), b"\0asm\x01\0\0\0")?;
    let output = run(folder.path(), "module inspect core.wasm")?;
    ends(&output, 1, "", &["core.wasm is a core WebAssembly module, not a component"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(said.matches("core WebAssembly module").count() == 1, "{said}");
    Ok(())
}

#[test]
fn an_inspection_tells_imports_and_plan() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let command = "module inspect scale --schema 'delay INT, origin STRING' --set column=delay --set factor=2";
    let text = binary::printed(run(folder.path(), command)?)?;
    for line in [
        "  thalweg:module/log@1.0.0    messages to the host's log, of bounded length and number",
        "proven from the binary",
        "  reads      delay",
        "  writes     delay",
        "  passes on  origin",
        "  delay INT      written",
        "  origin STRING  as it is",
    ] {
        ensure!(text.lines().any(|found| found == line), "{line:?} is not in: {text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&binary::printed(run(folder.path(), &format!("{command} --format json"))?)?)?;
    ensure!(json["plan"]["reads"] == serde_json::json!(["delay"]) && json["refused"].is_null(), "{json}");
    let imports = json["imports"].as_array().context("imports")?;
    ensure!(!imports.is_empty() && imports.iter().all(|import| import["allowed"] == true), "{json}");
    Ok(())
}

#[test]
fn stock_modules_are_listed_with_their_parameters() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let listed = binary::printed(run(folder.path(), "module list")?)?;
    ensure!(listed.contains("where: ") && listed.contains("  if  ") && listed.contains("delay > 30"), "{listed}");
    let lines = binary::printed(run(folder.path(), "module list --format json")?)?;
    for line in lines.lines() {
        let module: serde_json::Value = serde_json::from_str(line)?;
        let parameters = module["parameters"].as_array().context("parameters")?;
        ensure!(parameters.iter().all(|parameter| parameter["text"] != ""), "{line}");
        ensure!(!parameters.is_empty(), "{line}");
    }
    Ok(())
}
