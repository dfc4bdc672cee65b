//! Who may depend on whom, over `cargo metadata`: the table of the README, kept true by machine.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// One crate: which of our own crates it may use, and what may not be anywhere beneath it.
struct Rule {
    name: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

const RUNTIMES: &[&str] = &["tokio", "mio", "socket2", "wasmtime", "wasmtime-wasi", "wit-bindgen", "rand", "clap"];
const ARROW: &[&str] = &["arrow-array", "arrow-ipc", "arrow-schema", "tokio", "wasmtime", "prost"];

const RULES: &[Rule] = &[
    Rule { name: "thalweg-types", ours: &[], never: ARROW },
    Rule { name: "thalweg-codec", ours: &["thalweg-types", "thalweg-wire"], never: RUNTIMES },
    Rule { name: "thalweg-condition", ours: &[], never: ARROW },
    Rule { name: "thalweg-wire", ours: &["thalweg-types"], never: RUNTIMES },
    Rule { name: "thalweg-contract", ours: &["thalweg-types", "thalweg-wire"], never: RUNTIMES },
    Rule { name: "thalweg-chain", ours: &["thalweg-contract", "thalweg-types", "thalweg-wire"], never: RUNTIMES },
    Rule { name: "thalweg-engine", ours: &["thalweg-contract", "thalweg-types", "thalweg-wire"], never: RUNTIMES },
    Rule {
        name: "thalweg-bindings",
        ours: &["thalweg-chain", "thalweg-codec", "thalweg-contract", "thalweg-types", "thalweg-wire"],
        never: &["tokio", "wasmtime", "clap"],
    },
    Rule {
        name: "thalweg-engine-component",
        ours: &[
            "thalweg-bindings",
            "thalweg-chain",
            "thalweg-codec",
            "thalweg-contract",
            "thalweg-engine",
            "thalweg-shell",
            "thalweg-types",
            "thalweg-wire",
        ],
        never: &["tokio", "wasmtime", "clap"],
    },
    Rule {
        name: "thalweg-shell",
        ours: &[
            "thalweg-bindings",
            "thalweg-chain",
            "thalweg-codec",
            "thalweg-contract",
            "thalweg-engine",
            "thalweg-types",
            "thalweg-wire",
        ],
        never: &["tokio", "wasmtime", "clap"],
    },
    Rule {
        name: "thalweg-client-component",
        ours: &[
            "thalweg-bindings",
            "thalweg-chain",
            "thalweg-codec",
            "thalweg-contract",
            "thalweg-engine",
            "thalweg-shell",
            "thalweg-types",
            "thalweg-wire",
        ],
        never: &["tokio", "wasmtime", "clap"],
    },
    Rule { name: "thalweg-module-adapter", ours: &[], never: ARROW },
    Rule { name: "thalweg-quiet-log", ours: &[], never: ARROW },
    Rule { name: "thalweg-js", ours: &[], never: &["tokio", "wasmtime", "clap"] },
    Rule { name: "thalweg-example-embedded", ours: &[], never: &["tokio", "wasmtime-wasi", "arrow-array"] },
    Rule { name: "thalweg-module-macros", ours: &["thalweg-types"], never: ARROW },
    Rule { name: "thalweg-module", ours: &["thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule {
        name: "thalweg-where",
        ours: &["thalweg-condition", "thalweg-module", "thalweg-module-macros", "thalweg-types"],
        never: ARROW,
    },
    Rule { name: "thalweg-scale", ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule { name: "thalweg-sample", ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule { name: "thalweg-mask", ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule { name: "thalweg-select", ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule {
        name: "thalweg-parse-json",
        ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"],
        never: ARROW,
    },
    Rule { name: "thalweg-explode", ours: &["thalweg-module", "thalweg-module-macros", "thalweg-types"], never: ARROW },
    Rule {
        name: "thalweg-tls",
        ours: &[],
        never: &["arrow-array", "prost", "wasmtime", "wit-bindgen", "clap", "aws-lc-rs", "openssl"],
    },
    Rule {
        name: "thalweg-node",
        ours: &["thalweg-codec", "thalweg-tls", "thalweg-types", "thalweg-wire"],
        never: &["wasmtime", "wit-bindgen", "clap"],
    },
    Rule {
        name: "thalweg",
        ours: &[
            "thalweg-chain",
            "thalweg-codec",
            "thalweg-condition",
            "thalweg-contract",
            "thalweg-engine",
            "thalweg-js",
            "thalweg-node",
            "thalweg-tls",
            "thalweg-types",
            "thalweg-wire",
        ],
        never: &["wit-bindgen"],
    },
];

/// Crates that nothing may depend on, so that no rule is needed for them.
const LEAVES: &[&str] = &[
    "thalweg-tests",
    "thalweg-examples",
    "thalweg-bench-modules",
    "thalweg-client-command",
    "thalweg-example-author",
    "thalweg-example-composed",
    "thalweg-example-single",
    "thalweg-python",
];

/// The platform of this machine, as rustc calls it.
fn platform() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = std::process::Command::new(rustc).arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("rustc writes text");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host line").to_owned()
}

pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(crate::tree().join("Cargo.toml"))
        // Otherwise what only other platforms need stands there too.
        .other_options(["--filter-platform".to_owned(), platform()])
        .exec()
        .expect("cargo metadata runs")
}

/// Everything beneath a package by normal dependencies, by name.
fn beneath(metadata: &Metadata, root: &PackageId) -> BTreeSet<String> {
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let nodes: BTreeMap<_, _> =
        metadata.resolve.as_ref().expect("a resolved graph").nodes.iter().map(|n| (&n.id, n)).collect();
    let mut seen = BTreeSet::new();
    let mut queue = vec![root];
    while let Some(id) = queue.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                queue.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| names[id].clone()).collect()
}

#[test]
fn every_crate_keeps_to_its_rule() {
    let metadata = metadata();
    let mut broken = Vec::new();
    for rule in RULES {
        let package = metadata.packages.iter().find(|p| *p.name == rule.name).expect(rule.name);
        for name in beneath(&metadata, &package.id) {
            let foreign_own = name.starts_with("thalweg") && !rule.ours.contains(&name.as_str());
            if foreign_own || rule.never.contains(&name.as_str()) {
                broken.push(format!("{} must not see {name}", rule.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crate_has_a_rule() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let known = RULES.iter().any(|r| r.name == package.name.as_str()) || LEAVES.contains(&package.name.as_str());
        assert!(known, "{} has no rule in this test", package.name);
    }
}

/// Files of a crate that alone may name another crate, which its manifest allows to all of it.
const ONLY_IN: &[(&str, &str, &[&str])] =
    &[("host/src/", "thalweg_engine", &["host/src/driver/engine/native.rs"]), ("examples/", "thalweg_engine", &[])];

#[test]
fn some_crates_are_named_in_few_files() {
    let mut broken = Vec::new();
    for (path, text) in crate::files::all_sources() {
        for (folder, name, files) in ONLY_IN {
            if path.starts_with(folder) && !files.contains(&path.as_str()) && text.contains(name) {
                broken.push(format!("{path} names {name}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
