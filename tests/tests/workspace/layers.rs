//! Which module of a crate may import which: layers, each of which uses only those beneath it, and no circles anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{
    sources::{self, Sources},
    tree,
};

/// A crate whose top-level modules are layers.
struct Layers {
    /// The folder of its `lib.rs`.
    sources: &'static str,
    /// From the lowest to the highest; the modules of one layer do not know each other.
    layers: &'static [&'static [&'static str]],
}

const LAYERS: &[Layers] = &[
    Layers {
        sources: "modules/core/wire/src",
        layers: &[&["column", "tree"], &["table"], &["frame"], &["message"], &["record"]],
    },
    Layers {
        sources: "modules/core/chain/src",
        layers: &[
            &["column", "policy", "text"],
            &["call", "given", "kernels"],
            &["error"],
            &["breaker", "checks"],
            &["module", "rows"],
            &["exception"],
            &["stage"],
            &["rules"],
            &["transit"],
            &["run"],
            &["chain"],
        ],
    },
    Layers {
        sources: "modules/core/engine/src",
        layers: &[
            &["call", "chance", "timers"],
            &["backoff"],
            &["connection", "order"],
            &["cluster"],
            &["offsets", "rows"],
            &["write", "scan", "lookup", "admin"],
            &["engine"],
        ],
    },
    Layers {
        sources: "host/src",
        layers: &[
            &["table", "text", "wit"],
            &["panics"],
            &["columns", "runtime"],
            &["driver", "module", "formats"],
            &["client"],
            &["http", "profiles"],
            &["cli"],
        ],
    },
    Layers {
        sources: "host/node/src",
        layers: &[
            &["ids", "options"],
            &["failure"],
            &["runtime"],
            &["users"],
            &["error"],
            &["disk"],
            &["table"],
            &["log", "keys"],
            &["bucket"],
            &["catalog"],
            &["handlers"],
            &["listener"],
            &["node"],
        ],
    },
];

/// A crate, and the rooms of it whose modules form no circle; `""`: its top-level ones.
type Rooms = (&'static str, &'static [&'static str]);

const ROOMS: &[Rooms] = &[
    ("modules/core/types/src", &[""]),
    ("modules/core/wire/src", &[""]),
    ("modules/core/codec/src", &[""]),
    ("modules/core/condition/src", &[""]),
    ("modules/core/contract/src", &[""]),
    ("modules/core/chain/src", &[""]),
    ("modules/core/engine/src", &[""]),
    ("modules/core/bindings/src", &[""]),
    ("modules/core/engine-component/src", &[""]),
    ("modules/core/client-component/src", &["", "session"]),
    ("guest-sdk/src", &[""]),
    ("guest-sdk/macros/src", &[""]),
    ("host/tls/src", &[""]),
    ("host/node/src", &["", "log", "keys", "bucket", "table", "handlers"]),
    ("host/src", &["", "cli", "http", "client", "module", "driver", "formats"]),
    ("host/python/src", &["", "client", "capsule", "values"]),
];

#[test]
fn modules_import_only_what_is_beneath_them() {
    let mut broken = String::new();
    for Layers { sources, layers } in LAYERS {
        let read = Sources::of(&sources::read(&tree().join(sources).join("lib.rs")), "").expect("a crate");
        let heights: BTreeMap<&str, usize> =
            layers.iter().enumerate().flat_map(|(height, layer)| layer.iter().map(move |m| (*m, height))).collect();
        for module in &read.modules {
            if !heights.contains_key(module.as_str()) {
                let _ = writeln!(broken, "{sources}: {module} stands in no layer of this test");
            }
        }
        for import in &read.imports {
            let height = |module: &str| heights.get(module).copied();
            if height(&import.from).is_some_and(|from| height(&import.to).is_none_or(|to| to >= from)) {
                let _ = writeln!(broken, "{}: {} imports {}", import.file.display(), import.from, import.path);
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// Prints the circles of every crate. `THALWEG_TREE=DIR` looks at another tree of sources, as one from before a change.
#[test]
fn modules_form_no_circle() {
    let mut broken = String::new();
    for (source, rooms) in ROOMS {
        let lib = tree().join(source).join("lib.rs");
        if !lib.is_file() && crate::is_other_tree() {
            continue;
        }
        let modules = sources::read(&lib);
        for within in *rooms {
            let Some(read) = Sources::of(&modules, within) else {
                assert!(crate::is_other_tree(), "{source} has no module {within}");
                continue;
            };
            broken.extend(report(source, within, &read));
        }
    }
    assert!(broken.is_empty(), "a circle:\n{broken}");
}

/// Prints the circles of a room, and gives a line for each import that is part of one.
fn report(source: &str, within: &str, read: &Sources) -> Vec<String> {
    let circles = read.circles();
    let (modules, files) = (read.modules.len(), read.files.len());
    println!("{source} {within}: {modules} modules, {files} files, {} circles", circles.len());
    let mut lines = Vec::new();
    for circle in circles {
        println!("  {} modules: {circle:?}", circle.len());
        let inside = |module: &String| circle.contains(module);
        for import in read.imports.iter().filter(|import| inside(&import.from) && inside(&import.to)) {
            lines.push(format!("{}: {} imports {}\n", import.file.display(), import.from, import.path));
        }
    }
    lines.iter().for_each(|line| print!("    {line}"));
    lines
}
