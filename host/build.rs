//! Builds the components that the binary carries: the engine, the clients for components and the stock modules, compiled
//! by cargo for wasm32-unknown-unknown and wrapped by wit-component, so that nothing but their WIT can be imported.

#[path = "build/sources.rs"]
mod sources;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "component";
const ENGINE: &str = "thalweg-engine-component";
const CLIENT: &str = "thalweg-client-component";

/// What compositions of modules need: name in the folder of an export, and package.
const FITTINGS: [(&str, &str); 2] = [("module-adapter", "thalweg-module-adapter"), ("quiet-log", "thalweg-quiet-log")];

/// Name in the folder of an export, and feature, of the clients for components.
const CLIENTS: [(&str, &str); 2] = [("client", "component"), ("client-with-modules", "modules")];

/// Name on the command line, and package.
const MODULES: [(&str, &str); 7] = [
    ("where", "thalweg-where"),
    ("select", "thalweg-select"),
    ("scale", "thalweg-scale"),
    ("mask", "thalweg-mask"),
    ("parse-json", "thalweg-parse-json"),
    ("explode", "thalweg-explode"),
    ("sample", "thalweg-sample"),
];

/// What goes into the components, from the root of the workspace.
const SOURCES: [&str; 29] = [
    "Cargo.toml",
    "Cargo.lock",
    "wit",
    "guest-sdk/Cargo.toml",
    "guest-sdk/src",
    "guest-sdk/macros/Cargo.toml",
    "guest-sdk/macros/src",
    "modules/core/wire",
    "modules/core/types",
    "modules/core/codec",
    "modules/core/condition",
    "modules/core/contract",
    "modules/core/chain",
    "modules/core/bindings",
    "modules/core/engine/Cargo.toml",
    "modules/core/engine/src",
    "modules/core/shell",
    "modules/core/engine-component/Cargo.toml",
    "modules/core/engine-component/src",
    "modules/core/client-component",
    "modules/core/module-adapter",
    "modules/core/quiet-log",
    "modules/stock/where",
    "modules/stock/scale",
    "modules/stock/sample",
    "modules/stock/mask",
    "modules/stock/select",
    "modules/stock/parse-json",
    "modules/stock/explode",
];

/// What a build under cargo hands down and a build of its own must not see: flags and wrappers for the other target,
/// and the job server of a cargo that waits for this script.
const FOREIGN: [&str; 11] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
    "MAKEFLAGS",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target = shared_target(&out);
    require_target()?;
    let packages = MODULES.iter().chain(&FITTINGS).flat_map(|(_, package)| ["-p", *package]);
    compile(&root, &target, ["-p", ENGINE].into_iter().chain(packages))?;

    let built = target.join(TARGET).join(PROFILE);
    let mut code = String::from("pub(super) static ENGINE: Embedded = ");
    embed(&mut code, "engine", ENGINE, &built, &out)?;
    code.push_str(";\npub(super) static MODULES: &[Embedded] = &[\n");
    for (name, package) in MODULES {
        embed(&mut code, name, package, &built, &out)?;
        code.push_str(",\n");
    }
    code.push_str("];\npub(super) static CLIENTS: &[(&str, &[u8])] = &[\n");
    for (name, package) in FITTINGS {
        pack(&mut code, name, &wrap(package, &built)?, &out)?;
    }
    // By themselves: what they want of wit-bindgen the modules need not carry.
    for (name, feature) in CLIENTS {
        compile(&root, &target, ["-p", CLIENT, "--features", feature])?;
        pack(&mut code, name, &wrap(CLIENT, &built)?, &out)?;
    }
    code.push_str("];\n");
    fs::write(out.join("embedded.rs"), code)?;
    sources::embed(&root, &out)
}

/// A folder that every profile of the host shares, so that the components are built once for all of them; not the
/// host's own, whose lock the waiting cargo holds.
fn shared_target(out: &Path) -> PathBuf {
    let root = out.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").exists());
    root.unwrap_or(out).join("components")
}

/// Adds the target where the toolchain in force lacks it: rust-toolchain.toml names it, but rustup may be told not to
/// install by itself.
fn require_target() -> Result<(), Box<dyn Error>> {
    let rustc = env::var("RUSTC")?;
    let output = Command::new(rustc).args(["--print", "sysroot"]).output()?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if sysroot.join("lib/rustlib").join(TARGET).exists() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("the Rust target {TARGET} is missing; add it with: rustup target add {TARGET}").into()),
    }
}

/// Compiles packages, said by the arguments of cargo.
fn compile<'a>(root: &Path, target: &Path, packages: impl IntoIterator<Item = &'a str>) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.current_dir(root).args(["build", "--lib", "--locked", "--target", TARGET, "--profile", PROFILE]);
    cargo.arg("--target-dir").arg(target).args(packages);
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    if !cargo.status()?.success() {
        return Err("the components could not be built; the errors stand above".into());
    }
    Ok(())
}

/// Makes a component of what was built for a package.
fn wrap(package: &str, built: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let core = fs::read(built.join(package.replace('-', "_")).with_extension("wasm"))?;
    Ok(ComponentEncoder::default().module(&core)?.validate(true).encode()?)
}

/// Writes the expression that carries a component which is only given out: compressed, as it is not run here.
fn pack(code: &mut String, name: &str, component: &[u8], out: &Path) -> Result<(), Box<dyn Error>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(component)?;
    fs::write(out.join(name).with_extension("wasm.gz"), packed.finish()?)?;
    writeln!(code, "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm.gz\"))),")?;
    Ok(())
}

/// Wraps what was built for a package, and writes the expression that carries it.
fn embed(code: &mut String, name: &str, package: &str, built: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let component = wrap(package, built)?;
    let path = out.join(name).with_extension("wasm");
    fs::write(&path, &component)?;
    let sha256: [u8; 32] = Sha256::digest(&component).into();
    // By the variable and not by the path: a target folder may be moved.
    let bytes = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\"))");
    write!(code, "Embedded {{ name: {name:?}, wasm: {bytes}, sha256: {sha256:?} }}")?;
    Ok(())
}
