//! Each component is compiled once, and nobody waits too long.

use std::fmt::Write as _;
use std::sync::Barrier;

use super::super::{CompileLimits, Runtime};
use super::*;

fn runtime() -> Runtime {
    Runtime::new(None).expect("an engine")
}

/// A component whose compilation takes a while: a core module of so many functions.
fn heavy(functions: usize) -> Vec<u8> {
    let mut text = String::from("(component (core module");
    for number in 0..functions {
        write!(
            text,
            "(func (param i64) (result i64) (i64.mul (i64.add (local.get 0) (i64.const {number})) (local.get 0)))"
        )
        .expect("a text grows");
    }
    text.push_str("))");
    wat::parse_str(text).expect("a component")
}

#[test]
fn many_threads_that_ask_at_once_make_one_compilation() {
    let (runtime, wasm) = (runtime(), heavy(200));
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                runtime.component("x", &wasm).expect("a component");
                runtime.stock_module("where").expect("a stock module");
            });
        }
    });
    assert_eq!(runtime.compiled(), 2);
}

#[test]
fn who_waited_long_enough_is_told_and_finds_the_code_later() {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let path = folder.path().join("heavy.wasm");
    std::fs::write(&path, heavy(3000)).expect("written");
    let time = Duration::from_millis(1);
    let error = runtime.component_file_within(&path, CompileLimits { time, ..CompileLimits::default() });
    let error = error.expect_err("it takes longer").to_string();
    assert!(error.contains("heavy.wasm was not compiled within 1ms"), "{error}");
    runtime.component_file(&path).expect("compiled meanwhile, or soon");
    // Under a load the first may have gone away before a thread began.
    assert_eq!(runtime.compiled(), 1);
}

#[test]
fn no_more_are_compiled_at_once_than_there_are_processors_and_what_nobody_waits_for_is_dropped() {
    let compiler = Compiler::new(runtime().engine, None);
    let processors = available_parallelism().map_or(1, usize::from);
    // Threads that never come, as if each were compiling something without end.
    lock(&compiler.0.queue).workers = processors;
    let time = Duration::from_millis(20);
    for seed in 0..3u8 {
        let sha256 = [seed; 32];
        let error = compiler.load("x", heavy(1).into(), sha256, time).expect_err("nobody compiles it").to_string();
        assert!(error.contains("others were compiled before it, so try again"), "{error}");
        assert!(matches!(lock(&compiler.slot(sha256).job).state, State::Idle), "its bytes are gone");
    }
    assert_eq!(lock(&compiler.0.queue).workers, processors);
    // What the binary carries does not wait behind strangers.
    compiler.load_own("own", b"\0asm\x0d\0\x01\0", [9; 32]).expect("a component");
    // A thread is free again: what waits is compiled, what nobody waits for is not.
    lock(&compiler.0.queue).workers -= 1;
    compiler.load("x", heavy(1).into(), [4; 32], Duration::from_secs(60)).expect("a component");
    assert_eq!(compiler.compiled(), 2);
}

#[test]
fn what_is_wrong_is_found_once_and_told_to_each() {
    let runtime = runtime();
    let broken = b"\0asm\x0d\0\x01\0\xff\xff";
    for name in ["one", "other"] {
        let error = runtime.component(name, broken).expect_err("it is broken").to_string();
        assert!(error.starts_with(&format!("{name} is not a valid component")), "{error}");
    }
    assert_eq!(runtime.compiled(), 1);
}

#[test]
fn the_length_is_bounded_before_anything_is_read_of_it() {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let path = folder.path().join("long.wasm");
    let wasm = heavy(100);
    std::fs::write(&path, &wasm).expect("written");
    let within = |size| runtime.component_file_within(&path, CompileLimits { size, ..CompileLimits::default() });
    let error = within(wasm.len() - 1).expect_err("one byte too long").to_string();
    assert!(error.contains(&format!("is longer than a component may be ({} bytes)", wasm.len() - 1)), "{error}");
    assert_eq!(runtime.compiled(), 0);
    within(wasm.len()).expect("as long as it may be");
}
