//! What is no component, and the clock.

use super::*;

#[test]
fn what_is_no_component_is_named() {
    let runtime = Runtime::new(None).expect("an engine");
    let cases: [(&[u8], &str); 4] = [
        (b"", "x is not WebAssembly"),
        (b"PAR1", "x is not WebAssembly"),
        (b"\0asm\x01\0\0\0", "x is a core WebAssembly module"),
        (b"\0asm\x0d\0\x01\0\xff\xff", "x is not a valid component"),
    ];
    for (wasm, expected) in cases {
        let error = runtime.component("x", wasm).expect_err("it is none").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = runtime.component_file("/nowhere.wasm".as_ref()).expect_err("no file").to_string();
    assert!(error.starts_with("/nowhere.wasm cannot be read"), "{error}");
    let error = runtime.stock_module("wher").expect_err("no such module").to_string();
    assert!(error.contains("there are: where, select, scale, mask, parse-json, explode, sample"), "{error}");
}

#[test]
fn ticks_are_rounded_up() {
    assert_eq!(Runtime::ticks(Duration::ZERO), 1);
    assert_eq!(Runtime::ticks(Duration::from_millis(1)), 2);
    assert_eq!(Runtime::ticks(Duration::from_secs(1)), 101);
    assert_eq!(Runtime::ticks(Duration::MAX), u64::MAX);
}
