//! Modules made of an image of their memory and a few instructions.

use std::fmt::Write as _;
use std::sync::LazyLock;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::image::{Answer, BASE, Image, Plan};

/// Instructions in the places of a module where there may be some. None: it does no harm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Code {
    /// Fields of the core module: functions, tables, a start.
    pub(super) fields: &'static str,
    /// Before the others in `cabi_realloc`, whose parameters are the old pointer, the old size, the alignment and `$size`.
    pub(super) realloc: &'static str,
    pub(super) describe: &'static str,
    pub(super) open: &'static str,
    /// What `describe` gives as parameters; nothing: `{}`.
    pub(super) parameters: &'static str,
    /// At each call, with `$values` and `$end`: where the first column begins and ends.
    pub(super) apply: &'static str,
    /// At calls whose first row is a bad one.
    pub(super) harm: &'static str,
}

/// Nothing anywhere, for cases to say only what is special.
pub(super) const HARMLESS: Code =
    Code { fields: "", realloc: "", describe: "", open: "", parameters: "", apply: "", harm: "" };

/// The first bad row: in calls that begin with it or a later one, a module does harm.
pub(super) const BAD: i32 = 5000;

/// A module that gives this plan, this answer to good rows, and, if there is one, that answer to bad ones.
pub(super) fn core(code: &Code, mut image: Image, plan: Plan, good: Answer, bad: Option<Answer>) -> String {
    let plan = image.words(&plan, 13).0;
    let good = image.words(&good, 14).0;
    let bad = bad.map(|bad| format!("(return (i32.const {}))", image.words(&bad, 14).0)).unwrap_or_default();
    let texts = match code.parameters {
        "" => image.texts(&["Means harm.", "{}"]).0,
        parameters => image.texts(&["Means \u{1b}[31mharm.", parameters]).0,
    };
    let data: String = image.bytes.iter().fold(String::new(), |mut data, byte| {
        let _ = write!(data, "\\{byte:02x}");
        data
    });
    let lengths: String = image.rows.iter().fold(String::new(), |mut lengths, (at, times, plus)| {
        let length = format!("(i32.add (i32.mul (local.get $rows) (i32.const {times})) (i32.const {plus}))");
        let _ = write!(lengths, "(i32.store (i32.const {at}) {length})");
        lengths
    });
    let Code { fields, realloc, describe, open, apply, harm, .. } = code;
    format!(
        r#"(module
  (import "thalweg:module/log@1.0.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (data (i32.const {BASE}) "{data}")
  (data (i32.const 16) "the last words")
  (global $top (mut i32) (i32.const 0x40000))
  {fields}
  (func $realloc (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32) (local $at i32)
    {realloc}
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "thalweg:module/transform@1.0.0#describe") (result i32) {describe} (i32.const {texts}))
  (func (export "thalweg:module/transform@1.0.0#open")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {open} (i32.const {plan}))
  (func (export "thalweg:module/transform@1.0.0#apply") (param $rows i32) (param $columns i32) (param i32) (result i32)
    (local $values i32) (local $end i32)
    (global.set $top (i32.const 0x40000))
    (local.set $values (i32.load offset=16 (local.get $columns)))
    (local.set $end (i32.add (local.get $values) (i32.mul (local.get $rows) (i32.const 4))))
    {lengths}
    {apply}
    (if (i32.ge_s (i32.load (local.get $values)) (i32.const {BAD})) (then {harm} {bad}))
    (i32.const {good})))"#
    )
}

/// The component of a core module that has the exports of the contract.
pub(in super::super) fn wrap(core: &str) -> Vec<u8> {
    static CONTRACT: LazyLock<(Resolve, WorldId)> = LazyLock::new(|| {
        let mut resolve = Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/module");
        let (package, _) = resolve.push_dir(wit).expect("the contract");
        let world = resolve.select_world(&[package], Some("module")).expect("its world");
        (resolve, world)
    });
    let (resolve, world) = &*CONTRACT;
    let mut core = wat::parse_str(core).unwrap_or_else(|error| panic!("no core module: {error}\n{core}"));
    embed_component_metadata(&mut core, resolve, *world, StringEncoding::UTF8, false).expect("metadata");
    ComponentEncoder::default().module(&core).and_then(|encoder| encoder.encode()).expect("a component")
}
