//! What can be told of components, and the plans of modules.

use super::*;

/// A component in a file; the folder goes with the guard.
fn file(text: &str) -> (tempfile::TempDir, ModuleSpec) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("strange.wasm");
    std::fs::write(&path, wat::parse_str(text).expect("a component")).expect("written");
    let spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    (folder, spec)
}

fn planned(spec: &ModuleSpec, input: &str) -> Result<PlanReport, ModuleError> {
    let input = Schema::parse_sql(input).expect("a schema");
    let table = TablePath::new("fluss", "t").expect("a path");
    let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: None };
    plan(&RUNTIME, spec, &context)
}

#[test]
fn stock_modules_reach_the_log_and_nothing_else() {
    for name in Runtime::stock_modules() {
        let found = inspect(&RUNTIME, &stock(name, &[])).expect(name);
        assert!(found.refused.is_none() && found.description.is_some(), "{name}: {found:?}");
        for import in &found.imports {
            assert!(matches!(import.reach, Reach::Log | Reach::Types), "{name}: {import:?}");
        }
        assert!(found.exports.iter().any(|export| export == "thalweg:module/transform@1.0.0"), "{name}: {found:?}");
        assert!(found.memory > 0 && found.size > 1000, "{name}: {found:?}");
    }
}

#[test]
fn an_import_that_no_module_gets_is_shown_and_refuses_the_module() {
    let (_folder, spec) = file(
        r#"(component
            (import "wasi:filesystem/preopens@0.2.0" (instance (export "get-directories" (func))))
            (import "thalweg:module/types@1.0.0" (instance (export "f" (func))))
            (core module (memory 2 5)) (core module (memory 1 1)))"#,
    );
    let found = inspect(&RUNTIME, &spec).expect("a component");
    let reached: Vec<_> = found.imports.iter().map(|import| (import.name.as_str(), import.reach)).collect();
    assert_eq!(
        reached,
        [("wasi:filesystem/preopens@0.2.0", Reach::Refused), ("thalweg:module/types@1.0.0", Reach::Refused)]
    );
    let refused = found.refused.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(refused.contains("imports wasi:filesystem/preopens@0.2.0"), "{refused}");
    assert_eq!((found.memory, found.memory_bound), (3 << 16, Some(6 << 16)));
    assert!(found.description.is_none());
}

#[test]
fn what_is_no_component_cannot_be_looked_into() {
    let (_folder, spec) = file("(module)");
    assert!(error(inspect(&RUNTIME, &spec)).contains("core WebAssembly module"));
    let missing = ModuleSpec::new("nowhere.wasm", "".as_ref());
    assert!(error(inspect(&RUNTIME, &missing)).contains("nowhere.wasm cannot be read"));
}

#[test]
fn plans_name_what_is_read_written_and_passed_on() {
    let columns = "id BIGINT NOT NULL, delay INT, origin STRING";
    let filter = planned(&stock("where", &["if=delay > 30"]), columns).expect("a plan");
    assert_eq!((filter.reads.as_slice(), filter.changes), (["delay".to_owned()].as_slice(), false));
    assert!(filter.output.iter().all(|column| column.from.as_ref() == Some(&column.name)));
    let map = planned(&stock("scale", &["column=delay", "factor=2"]), columns).expect("a plan");
    let output: Vec<_> = map.output.iter().map(|column| (column.name.as_str(), column.from.as_deref())).collect();
    assert_eq!(output, [("id", Some("id")), ("delay", None), ("origin", Some("origin"))]);
    assert!(map.changes && map.dropped.is_empty() && map.reads == ["delay"]);
    assert!(error(planned(&stock("where", &["if=nope > 1"]), columns)).contains("module where"));
}
