//! Modules that were built for WASI: what they are given of it, and that it is nothing.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;

/// Of WASI 0.2.6 what the module below imports.
const WASI: [&str; 3] = [
    "package wasi:io@0.2.6;
    interface error { resource error { to-debug-string: func() -> string; } }
    interface poll { resource pollable { block: func(); ready: func() -> bool; } }
    interface streams {
      use error.{error};
      use poll.{pollable};
      variant stream-error { last-operation-failed(error), closed }
      resource input-stream {
        blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
        subscribe: func() -> pollable;
      }
      resource output-stream {
        check-write: func() -> result<u64, stream-error>;
        write: func(contents: list<u8>) -> result<_, stream-error>;
        blocking-flush: func() -> result<_, stream-error>;
        blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
      }
    }",
    "package wasi:random@0.2.6;
    interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }",
    "package wasi:cli@0.2.6;
    interface environment {
      get-environment: func() -> list<tuple<string, string>>;
      get-arguments: func() -> list<string>;
      initial-cwd: func() -> option<string>;
    }
    interface exit { exit: func(status: result); }
    interface stdin { use wasi:io/streams@0.2.6.{input-stream}; get-stdin: func() -> input-stream; }
    interface stdout { use wasi:io/streams@0.2.6.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
    interface terminal-output { resource terminal-output; }
    interface terminal-stderr {
      use terminal-output.{terminal-output};
      get-terminal-stderr: func() -> option<terminal-output>;
    }
    world inert {
      include thalweg:module/module@1.0.0;
      import environment;
      import exit;
      import stdin;
      import stdout;
      import stderr;
      import terminal-stderr;
      import wasi:io/streams@0.2.6;
      import wasi:random/insecure-seed@0.2.6;
    }",
];

/// The imports; results of more than one number are written to memory.
const IMPORTS: &str = r#"
  (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.6" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/environment@0.2.6" "initial-cwd" (func $cwd (param i32)))
  (import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
  (import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:cli/terminal-stderr@0.2.6" "get-terminal-stderr" (func $terminal (param i32)))
  (import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $seed (param i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.check-write" (func $check (param i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-flush" (func $flush (param i32 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $print (param i32 i32 i32 i32)))
"#;

/// Traps unless everything is empty. 128 is a free place in memory that is filled before each call.
const EMPTY: &str = r#"
  (func $fill (i64.store (i32.const 128) (i64.const -1)) (i64.store (i32.const 136) (i64.const -1)))
  (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
  (func $inert (local $stream i32)
    (call $fill) (call $environment (i32.const 128)) (call $must (i32.eqz (i32.load offset=4 (i32.const 128))))
    (call $fill) (call $arguments (i32.const 128)) (call $must (i32.eqz (i32.load offset=4 (i32.const 128))))
    (call $fill) (call $cwd (i32.const 128)) (call $must (i32.eqz (i32.load8_u (i32.const 128))))
    (call $fill) (call $terminal (i32.const 128)) (call $must (i32.eqz (i32.load8_u (i32.const 128))))
    (call $fill) (call $seed (i32.const 128))
    (call $must (i64.eqz (i64.or (i64.load (i32.const 128)) (i64.load (i32.const 136)))))
    ;; An error, of the case `closed`.
    (local.set $stream (call $stdin))
    (call $fill) (call $read (local.get $stream) (i64.const 100) (i32.const 128))
    (call $must (i32.eq (i32.load8_u (i32.const 128)) (i32.const 1)))
    (call $must (i32.eq (i32.load8_u (i32.const 132)) (i32.const 1)))
    (drop (call $subscribe (local.get $stream)))
    (local.set $stream (call $stdout))
    (call $fill) (call $check (local.get $stream) (i32.const 128))
    (call $must (i32.eqz (i32.load8_u (i32.const 128))))
    (call $must (i64.eq (i64.load (i32.const 136)) (i64.const 4096)))
    (call $write (local.get $stream) (i32.const 16) (i32.const 3) (i32.const 128))
    (call $flush (local.get $stream) (i32.const 128))
    (call $must (i32.eqz (i32.load8_u (i32.const 128)))))
"#;

/// A module with the imports, and instructions at each call and where it does harm.
fn inert(apply: &'static str, harm: &'static str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/module");
    resolve.push_dir(wit).expect("the contract");
    let packages = WASI.map(|package| resolve.push_str("wasi.wit", package).expect("a package"));
    let world = resolve.select_world(&[packages[2]], Some("inert")).expect("its world");
    let mut image = Image::default();
    let (plan, good) = (plan(&mut image, ""), good(&mut image, ""));
    let core = core(&Code { fields: EMPTY, apply, harm, ..HARMLESS }, image, plan, good, None);
    let core = core.replacen("(memory ", &format!("{IMPORTS}\n(memory "), 1);
    let mut core = wat::parse_str(core).expect("a core module");
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).expect("metadata");
    ComponentEncoder::default().module(&core).and_then(|encoder| encoder.encode()).expect("a component")
}

/// Prints "the last words" of `guest::core`.
const PRINT: &str = "(call $print (call $stderr) (i32.const 16) (i32.const 14) (i32.const 128))";

#[test]
fn a_module_gets_nothing_by_it() {
    let chain = load_hostile(&inert("(call $inert)", "")).expect("a chain");
    for _ in 0..3 {
        assert_eq!(ints(&chain.apply(&rows(100)).expect("applied").batch).len(), 100);
    }
}

#[test]
fn what_stands_on_stderr_tells_of_a_trap_and_to_exit_is_to_trap() {
    let cases = [
        ("unreachable", "it trapped (wasm `unreachable` instruction executed), saying: the last wordsthe last words"),
        ("(call $exit (i32.const 1))", "it trapped (it exited, with failure), saying: the last wordsthe last words"),
        ("(call $exit (i32.const 0))", "it trapped (it exited, with success), saying: the last wordsthe last words"),
    ];
    for (harm, told) in cases {
        let harm: &'static str = format!("{PRINT} {PRINT} {harm}").leak();
        check(harm, &inert("", harm), told);
    }
}

#[test]
fn a_flood_of_prints_and_of_streams_is_bounded() {
    let flood = "(loop $more (call $print (call $stderr) (i32.const 16) (i32.const 4) (i32.const 128)) (br $more))";
    // A call of `$stderr` makes a handle, and nobody drops it.
    check("streams without end", &inert("", flood), "it trapped (");
    let flood = "(local.set $end (call $stderr))
        (loop $more (call $print (local.get $end) (i32.const 0x80000) (i32.const 0x20000) (i32.const 128)) (br $more))";
    check("prints without end", &inert("", flood), "it took longer than its deadline of 200ms");
}
