//! The core in other hosts against the Rust library, on one node in one run:
//!
//! ```sh
//! host/python/build && cargo run --release -p thalweg-tests --example hosts        # [BATCHES [HOST ..]], by default 200 and all
//! ```
//!
//! Each appends the same rows of eight columns in batches of 8,192, 16 of them on their way at once, scans them, and looks
//! keys up: as 256 callers of one key each, and 8,192 keys a call. The hosts take turns, three times; of each figure the
//! best counts. A host that is not to be had is named with the reason.
//!
//! ```text
//! library    the Rust library, with the engine in wasmtime and linked natively
//! programs   the npm package, the wheel and the client component, each by a program of its own
//! ```

mod library;
mod programs;
#[path = "../../tests/hosts/session.rs"]
#[expect(dead_code, reason = "what reads rows, which no measurement does")]
mod session;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use thalweg::client::EngineKind;
use thalweg_tests::binary::Node;
use thalweg_tests::javascript::Runner;

const ROWS: i32 = 8192;
const IN_FLIGHT: usize = 16;
const CALLERS: i64 = 256;
const TURNS: usize = 3;

/// By name: `call` in nanoseconds, `append` and `scan` in nanoseconds a row, `lookups` and `keys` a second.
type Figures = BTreeMap<String, f64>;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Host {
    Library(EngineKind),
    JavaScript(Runner),
    Python,
    Component,
}

const HOSTS: [(&str, Host); 8] = [
    ("rust", Host::Library(EngineKind::Component)),
    ("rust-native", Host::Library(EngineKind::Native)),
    ("python", Host::Python),
    ("node", Host::JavaScript(Runner::Node)),
    ("node-24", Host::JavaScript(Runner::Node24)),
    ("deno", Host::JavaScript(Runner::Deno)),
    ("bun", Host::JavaScript(Runner::Bun)),
    ("wasmtime-cli", Host::Component),
];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let batches = arguments.next().map_or(Ok(200), |text| text.parse()).context("BATCHES is a number")?;
    let asked: Vec<String> = arguments.collect();
    let known = |name: &String| HOSTS.iter().any(|(host, _)| host == name);
    ensure!(asked.iter().all(known), "hosts are {}", HOSTS.map(|(name, _)| name).join(", "));
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    library::prepare(&node.address)?;
    let mut best: BTreeMap<&str, Figures> = BTreeMap::new();
    let mut missing: BTreeMap<&str, String> = BTreeMap::new();
    for _ in 0..TURNS {
        for (name, host) in HOSTS {
            if missing.contains_key(name) || !(asked.is_empty() || asked.iter().any(|one| one == name)) {
                continue;
            }
            library::fresh(&node.address)?;
            match measure(host, &node.address, batches) {
                Ok(found) => keep(best.entry(name).or_default(), found),
                Err(error) => drop(missing.insert(name, format!("{error:#}"))),
            }
        }
    }
    print(&best, &missing);
    Ok(())
}

fn measure(host: Host, server: &str, batches: usize) -> Result<Figures> {
    match host {
        Host::Library(engine) => library::measure(server, engine, batches),
        Host::JavaScript(runner) => programs::javascript(runner, server, batches),
        Host::Python => programs::python(server, batches),
        Host::Component => programs::component(server, batches),
    }
}

/// The better of each: of times the least, of look-ups a second the most.
fn keep(best: &mut Figures, found: Figures) {
    for (name, figure) in found {
        let rate = name == "lookups" || name == "keys";
        let better = |known: &f64| if rate { figure > *known } else { figure < *known };
        if best.get(&name).is_none_or(better) {
            best.insert(name, figure);
        }
    }
}

fn print(best: &BTreeMap<&str, Figures>, missing: &BTreeMap<&str, String>) {
    println!(
        "{:<14}{:>10}{:>16}{:>16}{:>16}{:>16}",
        "", "call ns", "append ns/row", "scan ns/row", "lookups/s", "keys/s"
    );
    for (name, _) in HOSTS {
        let Some(figures) = best.get(name) else { continue };
        let figure = |what: &str, digits| figures.get(what).map_or(String::new(), |value| format!("{value:.digits$}"));
        println!(
            "{name:<14}{:>10}{:>16}{:>16}{:>16}{:>16}",
            figure("call", 0),
            figure("append", 1),
            figure("scan", 1),
            figure("lookups", 0),
            figure("keys", 0)
        );
    }
    for (name, reason) in missing {
        println!("{name:<14}left out: {reason}");
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load at the end: {}", load.trim());
}
