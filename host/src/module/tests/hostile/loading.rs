//! Components that fail before a row runs: what is no module, what wants too much, what breaks while it starts.

use super::guest::{Code, HARMLESS, core, wrap};
use super::image::Image;
use super::shapes::{good, plan};
use super::{RUNTIME, limits, load_hostile, load_limited, told_of};
use crate::module::{Limits, ModuleError, ModuleSpec, describe};

/// A component of a component model's text.
fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("no component: {error}\n{text}"))
}

fn module(code: Code) -> Vec<u8> {
    let mut image = Image::default();
    let (plan, good) = (plan(&mut image, ""), good(&mut image, ""));
    wrap(&core(&code, image, plan, good, None))
}

#[test]
fn what_breaks_while_it_starts_is_told_and_stopped() {
    let memories = "(memory 1)".repeat(8);
    let memories: &'static str = memories.leak();
    let cases = [
        (
            "a start that traps",
            Code { fields: "(start $s) (func $s unreachable)", ..HARMLESS },
            "it trapped (wasm `unreach",
        ),
        (
            "a start that loops",
            Code { fields: "(start $s) (func $s (loop $l (br $l)))", ..HARMLESS },
            "its deadline of 200ms",
        ),
        ("an open that traps", Code { open: "unreachable", ..HARMLESS }, "it trapped (wasm `unreachable`"),
        (
            "an open that loops",
            Code { open: "(loop $l (br $l))", ..HARMLESS },
            "it took longer than its deadline of 200ms",
        ),
        (
            "an open that takes all memory",
            Code { open: "(drop (memory.grow (i32.const 60000))) unreachable", ..HARMLESS },
            "it needs more than its memory of 2097152 bytes",
        ),
        (
            "a table of 10 million elements",
            Code { fields: "(table 10000000 funcref)", ..HARMLESS },
            "it trapped (table minimum size of 10000000 elements exceeds table limits)",
        ),
        ("nine memories", Code { fields: memories, ..HARMLESS }, "memory count too high"),
        ("no memory for the context", Code { realloc: "(return (i32.const -16))", ..HARMLESS }, "it trapped ("),
        (
            "a loop where memory is asked for",
            Code { realloc: "(loop $l (br $l))", ..HARMLESS },
            "its deadline of 200ms",
        ),
    ];
    for (name, code, told) in cases {
        told_of(name, load_hostile(&module(code)), told);
    }
    let large =
        core(&HARMLESS, Image::default(), plan(&mut Image::default(), ""), good(&mut Image::default(), ""), None);
    let large = large.replace("(export \"memory\") 16)", "(export \"memory\") 60000)");
    told_of("memory from the start", load_hostile(&wrap(&large)), "it needs more than its memory of 2097152 bytes");
}

#[test]
fn what_a_module_says_of_itself_is_not_believed() {
    let deep = format!("{{\"properties\":{}1{}}}", "{\"a\":".repeat(500), "}".repeat(500));
    let long = format!("{{\"a\":[{}0]}}", "0,".repeat(60_000));
    let cases: [(&str, Code, &str); 8] = [
        ("a loop", Code { describe: "(loop $l (br $l))", ..HARMLESS }, "it took longer than its deadline of 200ms"),
        ("a trap", Code { describe: "unreachable", ..HARMLESS }, "it trapped (wasm `unreachable`"),
        ("texts outside of memory", Code { describe: "(return (i32.const 0xffff8))", ..HARMLESS }, "it trapped ("),
        ("no JSON", Code { parameters: "{", ..HARMLESS }, "its parameters are no JSON: EOF"),
        ("no object", Code { parameters: "[]", ..HARMLESS }, "its parameters are no JSON object"),
        (
            "JSON without end",
            Code { parameters: deep.leak(), ..HARMLESS },
            "its parameters are no JSON: recursion limit",
        ),
        ("a long list", Code { parameters: long.leak(), ..HARMLESS }, ""),
        ("words that steer a terminal", Code { parameters: "{\"a\":1}", ..HARMLESS }, ""),
    ];
    for (name, code, told) in cases {
        let (_folder, path) = super::module(&module(code));
        let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
        spec.limits = limits();
        match describe(&RUNTIME, &spec) {
            Ok(description) => {
                assert!(told.is_empty(), "{name}: {description:?}");
                assert_eq!(description.summary, "Means \u{fffd}[31mharm.", "{name}");
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.starts_with("module hostile failed: ") && text.contains(told), "{name}: {text}");
                assert!(!told.is_empty(), "{name}: {text}");
            }
        }
    }
}

#[test]
fn what_may_not_be_imported_is_named() {
    let cases = [
        "wasi:clocks/monotonic-clock@0.2.0",
        "wasi:clocks/wall-clock@0.2.6",
        "wasi:filesystem/types@0.2.0",
        "wasi:filesystem/preopens@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:random/random@0.2.0",
        "wasi:random/insecure@0.2.0",
        "wasi:cli/environment@0.3.0",
        "thalweg:client/engine@0.2.2",
        "thalweg:module/types@1.0.0",
    ];
    for import in cases {
        let component = format!(r#"(component (import "{import}" (instance (export "f" (func)))))"#);
        let expected = format!("module hostile imports {import}, which a module may not have");
        told_of(import, load_hostile(&text(&component)), &expected);
    }
    for (import, name) in [
        (r#"(import "f" (func))"#, "f"),
        (r#"(import "thalweg:module/log@1.0.0" (func))"#, "thalweg:module/log@1.0.0"),
        (r#"(import "m" (core module))"#, "m"),
        (r#"(import "wasi:cli/exit@0.2.0" (func))"#, "wasi:cli/exit@0.2.0"),
    ] {
        let expected = format!("module hostile imports {name}, which a module may not have");
        told_of(name, load_hostile(&text(&format!("(component {import})"))), &expected);
    }
}

#[test]
fn what_is_no_module_is_named() {
    let other = r#"(component (component $c) (instance $i (instantiate $c))
        (export "thalweg:module/transform@0.2.0" (instance $i)))"#;
    let same = other.replace("0.2.0", "1.0.0");
    let imports = |import: &str| same.replacen("(component ", &format!("(component (import {import}) "), 1);
    let cases = [
        ("(component)", "it exports nothing"),
        (r#"(component (component $c) (instance $i (instantiate $c)) (export "run" (instance $i)))"#, "it exports run"),
        (other, "it has thalweg:module/transform@0.2.0, so it was built for another version"),
        (&same, "its types differ"),
        ("(module)", "core WebAssembly module, not a component"),
        (
            &imports(r#""thalweg:module/log@1.0.0" (instance (export "write" (func (param "x" string))))"#),
            "imports what is not there",
        ),
        (&imports(r#""wasi:cli/exit@0.2.0" (instance (export "leave" (func)))"#), "imports what is not there"),
    ];
    for (component, told) in cases {
        told_of(component, load_hostile(&text(component)), told);
    }
    told_of("CSV", load_hostile(b"id,name\n1,x\n"), "is not WebAssembly");
    told_of("nothing", load_hostile(b""), "is not WebAssembly");
}

#[test]
fn components_of_too_many_parts_are_told() {
    let instances = format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(70));
    let with = |parts: &str| {
        let same = r#"(component (component $c) (instance $i (instantiate $c))
            (export "thalweg:module/transform@1.0.0" (instance $i)))"#;
        same.replacen("(component ", &format!("(component {parts} "), 1)
    };
    // Its exports are checked before it is started, so nothing of it runs.
    told_of("70 instances", load_hostile(&text(&with("(core module $m)"))), "its types differ");
    told_of("70 instances, and no export", load_hostile(&text(&instances)), "it exports nothing");
    // Types of types of types: 2^40 in all.
    let mut types = String::from("(type $t0 (tuple u8 u8))");
    (1..40).for_each(|level| types += &format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1));
    told_of("types without end", load_hostile(&text(&format!("(component {types})"))), "is not a valid component");
}

#[test]
fn damaged_components_are_told_and_never_stop_the_host() {
    let whole = module(HARMLESS);
    load_hostile(&whole).expect("undamaged, it loads");
    for end in (0..whole.len()).step_by(whole.len() / 60) {
        let error = load_hostile(&whole[..end]).err().unwrap_or_else(|| panic!("{end} bytes of it load"));
        assert!(matches!(error, ModuleError::Runtime { .. } | ModuleError::Export { .. }), "{end} bytes: {error}");
    }
    for at in (8..whole.len()).step_by(whole.len() / 60) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        // It may even work: a name or a text of it may be another.
        drop(load_hostile(&flipped));
    }
}

#[test]
fn the_limits_of_a_chain_bound_length_and_compilation() {
    let whole = module(Code { fields: "(func (export \"one more\"))", ..HARMLESS });
    let size = whole.len() - 1;
    told_of("too long", load_limited(&whole, Limits { size, ..limits() }), "is longer than a component may be");
    let functions: String = (0..2000).map(|number| format!("(func (result i64) (i64.const {number}))")).collect();
    let heavy = module(Code { fields: functions.leak(), ..HARMLESS });
    let compile = std::time::Duration::from_millis(1);
    told_of("slow", load_limited(&heavy, Limits { compile, ..limits() }), "was not compiled within 1ms");
    load_limited(&heavy, limits()).expect("with more time it loads");
}
