//! Tests of what is made of small components, and of what is refused.

use super::*;

/// A component that exports a function on numbers.
const SMALL: &str = r#"(component
  (core module $m (func (export "f") (param i32) (result i32) local.get 0))
  (core instance $i (instantiate $m))
  (func (export "double-it") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"#;

fn made(text: &str) -> Result<Vec<File>, Error> {
    transpile(&wat::parse_str(text).expect("the text is right"), "small", &Options::default())
}

#[test]
fn a_component_becomes_a_script_and_its_core_modules() {
    let files = made(SMALL).expect("it is a plain component");
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["small.js", "small.core.wasm"]);
    let script = String::from_utf8(files[0].bytes.clone()).expect("a script is text");
    assert!(script.starts_with("export function instantiate("), "{script}");
    assert!(script.contains("doubleIt"), "{script}");
    for word in ["_debugLog", "JCO_DEBUG", "AsyncTask", "promising", "fetch"] {
        assert!(!script.contains(word), "{word} in {script}");
    }
    assert!(script.len() < 8_000, "{} bytes", script.len());
}

#[test]
fn core_modules_may_stand_in_the_script() {
    let options = Options { inline: true, ..Options::default() };
    let files = transpile(&wat::parse_str(SMALL).expect("the text is right"), "small", &options).expect("it is plain");
    assert_eq!(files.len(), 1);
    assert!(String::from_utf8_lossy(&files[0].bytes).contains("AGFzbQEAAAA"));
}

#[test]
fn what_is_no_component_is_refused() {
    for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0", b"PK\x03\x04 not at all"] {
        let _ = transpile(bytes, "x", &Options::default()).map(|_| bytes).map_err(|error| error.to_string());
    }
    assert!(matches!(transpile(b"text", "x", &Options::default()), Err(Error::Component(_))));
    assert!(matches!(transpile(b"text", "../x", &Options::default()), Err(Error::Name(_))));
    let small = Options { limit: 3, ..Options::default() };
    assert!(matches!(transpile(b"text", "x", &small), Err(Error::Size { size: 4, limit: 3 })));
}

#[test]
fn no_byte_of_a_component_makes_it_panic() {
    let component = wat::parse_str(SMALL).expect("the text is right");
    for at in 0..component.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = component.clone();
            bytes[at] = value;
            drop(transpile(&bytes, "x", &Options::default()));
        }
        drop(transpile(&component[..at], "x", &Options::default()));
    }
}

#[test]
fn types_without_end_are_refused() {
    let mut text = String::from("(component (type $t0 (tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8))\n");
    for level in 1..6 {
        let below = format!(" $t{}", level - 1).repeat(10);
        text += &format!("(type $t{level} (tuple{below}))\n");
    }
    text += r#"(core module $m (memory (export "m") 1) (func (export "f") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func (export "f") (result $t5) (canon lift (core func $i "f") (memory (core memory $i "m")))))"#;
    let bytes = wat::parse_str(&text).expect("the text is right");
    let error = transpile(&bytes, "x", &Options::default()).expect_err("a million parts");
    assert!(matches!(error, Error::Types(_) | Error::Component(_)), "{error}");
}

#[test]
fn asynchronous_components_are_refused() {
    let text = r#"(component
      (core module $m (func (export "f") (result i32) i32.const 0) (func (export "c") (param i32 i32 i32) (result i32) i32.const 0))
      (core instance $i (instantiate $m))
      (func (export "f") async (canon lift (core func $i "f") async (callback (core func $i "c")))))"#;
    let error = made(text).expect_err("it works asynchronously");
    assert!(matches!(error, Error::Unsupported(_) | Error::Component(_)), "{error}");
}
