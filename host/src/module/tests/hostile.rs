//! Modules that mean harm, or are broken.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;

/// A core module whose `open` answers with zeros (a plan that reads and changes nothing) and whose `apply` depends on
/// the number of rows. Zeros are `kept(all)`.
pub(super) const CORE: &str = r#"(module
  (import "thalweg:module/log@1.0.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") 4)
  (data (i32.const 2048) "the last words")
  (global $top (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "thalweg:module/transform@1.0.0#describe") (result i32) (i32.const 1024))
  (func (export "thalweg:module/transform@1.0.0#open")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "thalweg:module/transform@1.0.0#apply") (param $rows i32) (param i32 i32) (result i32)
    (if (i32.eq (local.get $rows) (i32.const 1)) (then
      (call $log (i32.const 3) (i32.const 2048) (i32.const 14))
      unreachable))
    (if (i32.eq (local.get $rows) (i32.const 2)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $rows) (i32.const 3)) (then
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      unreachable))
    ;; A selection of rows with a bitmap of no bytes.
    (if (i32.eq (local.get $rows) (i32.const 4)) (then (i32.store8 (i32.const 1032) (i32.const 2))))
    ;; A bitmap that claims to be 2 GiB long.
    (if (i32.eq (local.get $rows) (i32.const 5)) (then
      (i32.store8 (i32.const 1032) (i32.const 2))
      (i32.store (i32.const 1040) (i32.const 0x7fffffff))))
    ;; A bitmap that is longer than an answer may be.
    (if (i32.eq (local.get $rows) (i32.const 7)) (then
      (i32.store8 (i32.const 1032) (i32.const 2))
      (i32.store (i32.const 1040) (i32.const 200000))))
    ;; A row refused that was not given: `refused` stands after the outcome's 24 bytes.
    (if (i32.eq (local.get $rows) (i32.const 6)) (then
      (i32.store8 (i32.const 1052) (i32.const 1))
      (i32.store (i32.const 1056) (i32.const 2048))
      (i32.store (i32.const 1060) (i32.const 1))))
    (i32.const 1024)))"#;

/// A component in a file, kept until the folder is dropped.
pub(super) fn module(component: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.wasm");
    std::fs::write(&path, component).expect("written");
    (folder, path)
}

/// The component of a core module that has the exports of the contract.
pub(super) fn wrap(core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/module");
    let (package, _) = resolve.push_dir(wit).expect("the contract");
    let world = resolve.select_world(&[package], Some("module")).expect("its world");
    let mut core = wat::parse_str(core).expect("a core module");
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).expect("metadata");
    ComponentEncoder::default().module(&core).and_then(|encoder| encoder.encode()).expect("a component")
}

fn chain(component: &[u8]) -> Result<Chain, ModuleError> {
    let (_folder, path) = module(component);
    let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    spec.limits =
        Limits { memory: 1 << 20, deadline: Duration::from_millis(200), output: 128 << 10, ..Limits::default() };
    load(vec![spec], "i INT", "i INT")
}

fn rows(count: i32) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count));
    RecordBatch::try_from_iter([("i", column)]).expect("a batch")
}

#[test]
fn a_module_that_fails_is_named_with_the_cause_and_the_next_batch_passes() {
    let chain = chain(&wrap(CORE)).expect("a chain");
    let cases = [
        (1, "module hostile failed: it trapped (wasm `unreachable` instruction executed), saying: the last words"),
        (2, "module hostile failed: it took longer than its deadline of 200ms"),
        (3, "module hostile failed: it needs more than its memory of 1048576 bytes"),
        (4, "module hostile failed: its answer breaks the contract: its selection: a bitmap has 0 bytes where 1 are"),
        (5, "module hostile failed: it trapped ("),
        (6, "module hostile failed: its answer breaks the contract: the rows that it refuses"),
    ];
    for (count, expected) in cases {
        let started = Instant::now();
        let text = error(chain.apply(&rows(count)));
        assert!(text.starts_with(expected), "{count} rows: {text}");
        assert!(started.elapsed() < Duration::from_secs(5));
        let passed = chain.apply(&rows(100)).expect("a fresh instance");
        assert_eq!(passed.batch.columns(), rows(100).columns());
    }
}

#[test]
fn answers_that_are_too_large_fail_with_one_row() {
    let rows_of = |count: i32| format!("(i32.eq (local.get $rows) (i32.const {count}))");
    let always = [1, 2, 3]
        .iter()
        .fold(CORE.replace(&rows_of(7), "(i32.const 1)"), |core, rows| core.replace(&rows_of(*rows), "(i32.const 0)"));
    let chain = chain(&wrap(&always)).expect("a chain");
    for _ in 0..2 {
        let text = error(chain.apply(&rows(100)));
        assert_eq!(text, "module hostile failed: its answer holds more than 131072 bytes");
    }
    // 100, 50, 25, 12, 6, 3 and 1 rows; then one at once.
    assert_eq!((chain.report()[0].calls, chain.report()[0].failed), (8, 2));
}

#[test]
fn what_may_not_be_imported_is_named() {
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance (export "f" (func)))))"#;
    let text = error(chain(&wat::parse_str(wasi).expect("a component")));
    assert!(
        text.starts_with("module hostile imports wasi:cli/environment@0.2.0, which a module may not have"),
        "{text}"
    );
    let types = r#"(component (import "thalweg:module/types@1.0.0" (instance (export "f" (func)))))"#;
    assert!(error(chain(&wat::parse_str(types).expect("a component"))).contains("imports thalweg:module/types@1.0.0"));
}

#[test]
fn what_is_no_module_is_named() {
    let other = r#"(component (component $c) (instance $i (instantiate $c))
        (export "thalweg:module/transform@0.2.0" (instance $i)))"#;
    let same = other.replace("0.2.0", "1.0.0");
    let cases = [
        ("(component)", "it exports nothing"),
        (other, "it has thalweg:module/transform@0.2.0, so it was built for another version"),
        (&same, "its types differ"),
        ("(module)", "core WebAssembly module, not a component"),
    ];
    for (text, expected) in cases {
        let text = error(chain(&wat::parse_str(text).expect("wasm")));
        assert!(text.contains(expected), "{text}");
    }
    assert!(error(chain(b"id,name\n1,x\n")).contains("is not WebAssembly"));
}

#[test]
fn a_loop_while_starting_is_stopped() {
    let looping = CORE.replace(
        "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))",
        "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 1024))",
    );
    assert_ne!(looping, CORE);
    assert!(error(chain(&wrap(&looping))).contains("it took longer than its deadline"));
}
