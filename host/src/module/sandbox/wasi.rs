//! The inert part of WASI 0.2, for modules that were not built with the SDK's target: a standard library wants it, and a
//! module gets nothing by it. There are no arguments and no environment, the seed of hashes is a constant, stdin is at
//! its end, stdout and stderr go to the module's log, and to exit is to trap.
//!
//! Every other import is refused when the module is loaded: clocks, files, sockets, true randomness.

use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};

use super::instance::State;
use super::log::Output;

/// What is here, of any version 0.2, and what it gives.
const INTERFACES: [(&str, &str); 14] = [
    ("wasi:cli/environment", "inert: no arguments, no variables, no folder"),
    ("wasi:cli/exit", "inert: to exit is to trap"),
    ("wasi:cli/stderr", "inert: into the module's log"),
    ("wasi:cli/stdin", "inert: at its end"),
    ("wasi:cli/stdout", "inert: into the module's log"),
    ("wasi:cli/terminal-input", "inert: there is no terminal"),
    ("wasi:cli/terminal-output", "inert: there is no terminal"),
    ("wasi:cli/terminal-stderr", "inert: there is no terminal"),
    ("wasi:cli/terminal-stdin", "inert: there is no terminal"),
    ("wasi:cli/terminal-stdout", "inert: there is no terminal"),
    ("wasi:io/error", "inert: of the streams of stdin, stdout and stderr"),
    ("wasi:io/poll", "inert: of the streams of stdin, stdout and stderr"),
    ("wasi:io/streams", "inert: of stdin, stdout and stderr"),
    // For the hash maps of the standard library.
    (SEED, "inert: a constant"),
];

const SEED: &str = "wasi:random/insecure-seed";

/// The version under which they are linked; wasmtime takes it for every other 0.2.
const VERSION: &str = "0.2.0";

/// What a stream takes at once, in bytes.
const WRITE: u64 = 4096;

struct InputStream;
struct OutputStream;
struct Pollable;
struct Failure;
struct TerminalInput;
struct TerminalOutput;

/// `stream-error` of wasi:io/streams.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "part of the interface; here no stream fails")]
    Failed(Resource<Failure>),
    #[component(name = "closed")]
    Closed,
}

type Streamed<T> = Result<(Result<T, StreamError>,)>;

/// What an import of this part gives; `None` for every other import.
pub(in crate::module) fn inert(import: &str) -> Option<&'static str> {
    let (name, _) = import.split_once('@').filter(|(_, version)| version.starts_with("0.2."))?;
    INTERFACES.iter().find(|(known, _)| *known == name).map(|(_, gives)| *gives)
}

/// Gives a module all of it.
pub(in crate::module) fn link(linker: &mut Linker<State>) -> Result<()> {
    cli(linker)?;
    terminals(linker)?;
    poll(linker)?;
    let mut streams = interface(linker, "wasi:io/streams")?;
    input_stream(&mut streams)?;
    output_stream(&mut streams)?;
    let mut seed = interface(linker, SEED)?;
    seed.func_wrap("insecure-seed", |_, (): ()| Ok(((0u64, 0u64),)))
}

fn interface<'a>(linker: &'a mut Linker<State>, name: &str) -> Result<LinkerInstance<'a, State>> {
    linker.instance(&format!("{name}@{VERSION}"))
}

fn cli(linker: &mut Linker<State>) -> Result<()> {
    let mut environment = interface(linker, "wasi:cli/environment")?;
    environment.func_wrap("get-environment", |_, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
    environment.func_wrap("get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    environment.func_wrap("initial-cwd", |_, (): ()| Ok((None::<String>,)))?;

    let mut exit = interface(linker, "wasi:cli/exit")?;
    exit.func_wrap("exit", |_, (status,): (Result<(), ()>,)| -> Result<()> {
        let status = if status.is_ok() { "success" } else { "failure" };
        Err(wasmtime::Error::msg(format!("it exited, with {status}")))
    })?;
    exit.func_wrap("exit-with-code", |_, (code,): (u8,)| -> Result<()> {
        Err(wasmtime::Error::msg(format!("it exited, with code {code}")))
    })?;

    let mut stdin = interface(linker, "wasi:cli/stdin")?;
    stdin.func_wrap("get-stdin", |_, (): ()| Ok((Resource::<InputStream>::new_own(0),)))?;
    for (name, get, output) in
        [("wasi:cli/stdout", "get-stdout", Output::Stdout), ("wasi:cli/stderr", "get-stderr", Output::Stderr)]
    {
        let mut out = interface(linker, name)?;
        out.func_wrap(get, move |_, (): ()| Ok((Resource::<OutputStream>::new_own(output as u32),)))?;
    }
    Ok(())
}

/// None of the three is a terminal.
fn terminals(linker: &mut Linker<State>) -> Result<()> {
    let input = ResourceType::host::<TerminalInput>();
    let output = ResourceType::host::<TerminalOutput>();
    interface(linker, "wasi:cli/terminal-input")?.resource("terminal-input", input, |_, _| Ok(()))?;
    interface(linker, "wasi:cli/terminal-output")?.resource("terminal-output", output, |_, _| Ok(()))?;
    let mut stdin = interface(linker, "wasi:cli/terminal-stdin")?;
    stdin.func_wrap("get-terminal-stdin", |_, (): ()| Ok((None::<Resource<TerminalInput>>,)))?;
    for (name, get) in
        [("wasi:cli/terminal-stdout", "get-terminal-stdout"), ("wasi:cli/terminal-stderr", "get-terminal-stderr")]
    {
        let mut terminal = interface(linker, name)?;
        terminal.func_wrap(get, |_, (): ()| Ok((None::<Resource<TerminalOutput>>,)))?;
    }
    Ok(())
}

/// Everything is always ready.
fn poll(linker: &mut Linker<State>) -> Result<()> {
    let mut error = interface(linker, "wasi:io/error")?;
    error.resource("error", ResourceType::host::<Failure>(), |_, _| Ok(()))?;
    error.func_wrap("[method]error.to-debug-string", |_, (_,): (Resource<Failure>,)| Ok((String::new(),)))?;

    let mut poll = interface(linker, "wasi:io/poll")?;
    poll.resource("pollable", ResourceType::host::<Pollable>(), |_, _| Ok(()))?;
    poll.func_wrap("[method]pollable.ready", |_, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    poll.func_wrap("[method]pollable.block", |_, (_,): (Resource<Pollable>,)| Ok(()))?;
    poll.func_wrap("poll", |_, (pollables,): (Vec<Resource<Pollable>>,)| {
        let count = u32::try_from(pollables.len()).unwrap_or(u32::MAX);
        Ok(((0..count).collect::<Vec<u32>>(),))
    })
}

/// At its end from the first.
fn input_stream(streams: &mut LinkerInstance<'_, State>) -> Result<()> {
    streams.resource("input-stream", ResourceType::host::<InputStream>(), |_, _| Ok(()))?;
    for read in ["read", "blocking-read"] {
        let read = format!("[method]input-stream.{read}");
        streams.func_wrap(&read, |_, _: (Resource<InputStream>, u64)| -> Streamed<Vec<u8>> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    for skip in ["skip", "blocking-skip"] {
        let skip = format!("[method]input-stream.{skip}");
        streams.func_wrap(&skip, |_, _: (Resource<InputStream>, u64)| -> Streamed<u64> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    streams.func_wrap("[method]input-stream.subscribe", |_, (_,): (Resource<InputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })
}

/// Takes everything; what is too much for the log is dropped there.
fn output_stream(streams: &mut LinkerInstance<'_, State>) -> Result<()> {
    streams.resource("output-stream", ResourceType::host::<OutputStream>(), |_, _| Ok(()))?;
    let ready = |_: StoreContextMut<'_, State>, (_,): (Resource<OutputStream>,)| -> Streamed<u64> { Ok((Ok(WRITE),)) };
    streams.func_wrap("[method]output-stream.check-write", ready)?;
    for write in ["write", "blocking-write-and-flush"] {
        let write = format!("[method]output-stream.{write}");
        streams.func_wrap(&write, print)?;
    }
    for flush in ["flush", "blocking-flush"] {
        let flush = format!("[method]output-stream.{flush}");
        streams.func_wrap(&flush, |_, (_,): (Resource<OutputStream>,)| -> Streamed<()> { Ok((Ok(()),)) })?;
    }
    for zeroes in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        let zeroes = format!("[method]output-stream.{zeroes}");
        streams.func_wrap(&zeroes, |_, _: (Resource<OutputStream>, u64)| -> Streamed<()> { Ok((Ok(()),)) })?;
    }
    for splice in ["splice", "blocking-splice"] {
        let splice = format!("[method]output-stream.{splice}");
        streams.func_wrap(&splice, |_, _: (Resource<OutputStream>, Resource<InputStream>, u64)| -> Streamed<u64> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    streams.func_wrap("[method]output-stream.subscribe", |_, (_,): (Resource<OutputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })
}

fn print(mut store: StoreContextMut<'_, State>, (stream, bytes): (Resource<OutputStream>, Vec<u8>)) -> Streamed<()> {
    let output = if stream.rep() == Output::Stderr as u32 { Output::Stderr } else { Output::Stdout };
    store.data_mut().print(output, &bytes);
    Ok((Ok(()),))
}
