//! Modules made for tests: a core module with the exports of the contract, wrapped.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Reads and changes nothing, and traps where a call has one row.
pub(crate) const TRAPS_ON_ONE: &str = "(if (i32.eq (local.get $rows) (i32.const 1)) (then unreachable))";

/// Reads and changes nothing, and takes its time where a call has one row.
pub(crate) const SLOW_ON_ONE: &str = "(if (i32.eq (local.get $rows) (i32.const 1)) (then
    (local.set $n (i32.const 50000000))
    (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))";

/// Makes a thousand rows of each: `produced` with its origins.
pub(crate) const THOUSANDFOLD: &str = "(local.set $all (i32.mul (local.get $rows) (i32.const 1000)))
    (loop $more
      (i32.store (i32.add (i32.const 0x100000) (i32.mul (local.get $n) (i32.const 4)))
        (i32.div_u (local.get $n) (i32.const 1000)))
      (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (local.get $all))))
    (i32.store (i32.const 1028) (i32.const 2))
    (i32.store (i32.const 1032) (local.get $all))
    (i32.store (i32.const 1036) (i32.const 0x100000))
    (i32.store (i32.const 1040) (local.get $all))";

/// A core module whose answers are zeros, `kept(all)`, but for what `apply` writes into them at 1024.
fn core(apply: &str) -> String {
    r#"(module
  (memory (export "memory") 64)
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
    (local $n i32) (local $all i32)
    APPLY
    (i32.const 1024)))"#
        .replace("APPLY", apply)
}

/// The component of such a module in a file, which is there as long as the folder.
pub(crate) fn module_file(apply: &str) -> (tempfile::TempDir, String) {
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/module");
    let (package, _) = resolve.push_dir(wit).expect("the contract");
    let world = resolve.select_world(&[package], Some("module")).expect("its world");
    let mut core = wat::parse_str(core(apply)).expect("a core module");
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).expect("metadata");
    let component =
        ComponentEncoder::default().module(&core).and_then(|encoder| encoder.encode()).expect("a component");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("module.wasm");
    std::fs::write(&path, component).expect("written");
    (folder, path.display().to_string())
}
