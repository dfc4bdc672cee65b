//! Components that are hard on a parser or a compiler: nested without end, or with what is switched off.

use super::*;

/// A component around core code.
fn around(core: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {core}))")).expect("a component")
}

/// Components within components, so many levels.
fn nested(levels: usize) -> Vec<u8> {
    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut component = HEADER.to_vec();
    for _ in 0..levels {
        let mut length = component.len();
        let mut outer = [HEADER, &[4]].concat();
        while length >= 0x80 {
            outer.push(length as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.append(&mut component);
        component = outer;
    }
    component
}

#[test]
fn what_is_nested_without_end_never_stops_the_host() {
    let blocks = format!("(func {} {})", "block ".repeat(3_000), "end ".repeat(3_000));
    let sum = format!("(func (param i32) (result i32) local.get 0 {})", "local.get 0 i32.add ".repeat(4_000));
    let deep = format!("(func (param i32) (result i32) {} {})", "local.get 0 ".repeat(2_000), "i32.add ".repeat(1_999));
    let many = "(func)".repeat(2_000);
    let locals = format!("(func (local {}))", "i64 ".repeat(10_000));
    for (name, core) in
        [("blocks", blocks), ("a sum", sum), ("operands", deep), ("functions", many), ("locals", locals)]
    {
        told_of(name, load_hostile(&around(&core)), "it exports nothing");
    }
    for levels in [10, 500, 5_000] {
        let error = load_hostile(&nested(levels)).err().unwrap_or_else(|| panic!("{levels} components load"));
        assert!(matches!(error, ModuleError::Runtime { .. } | ModuleError::Export { .. }), "{levels}: {error}");
    }
    let mut types = String::from("(type $t0 (list u8))");
    (1..2000).for_each(|level| types += &format!("(type $t{level} (list $t{}))", level - 1));
    types += "(import \"f\" (func (param \"x\" $t1999)))";
    let component = wat::parse_str(format!("(component {types})")).expect("a component");
    told_of("lists of lists", load_hostile(&component), "");
    let too_many = around(&format!("(func (local {}))", "i64 ".repeat(60_000)));
    told_of("60,000 locals", load_hostile(&too_many), "too many locals");
}

#[test]
fn what_is_switched_off_is_not_valid() {
    let cores = [
        "(memory i64 1)",
        "(type (struct (field i32)))",
        "(type (cont 0))",
        "(func (param externref) (result (ref any)) unreachable)",
    ];
    for core in cores {
        let Ok(component) = wat::parse_str(format!("(component (core module (type (func)) {core}))")) else {
            panic!("{core} is no text of WebAssembly")
        };
        told_of(core, load_hostile(&component), "is not a valid component");
    }
    let lifted = r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f") async)))"#;
    told_of("async", load_hostile(&wat::parse_str(lifted).expect("a component")), "is not a valid component");
}
