//! What the npm package has beside its sources: the engine and the stock modules, made into JavaScript.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wit_component::ComponentEncoder;

use crate::{File, Options, transpile};

/// How a core module begins, and not a component.
const CORE: &[u8] = b"\0asm\x01\0\0\0";

/// The stock modules.
pub const MODULES: [&str; 7] = ["where", "select", "scale", "mask", "parse-json", "explode", "sample"];

/// A component; a core module that carries its interface, as cargo builds it for wasm32-unknown-unknown, is made one.
///
/// # Errors
///
/// The file cannot be read, or carries no interface.
pub fn component(file: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if bytes.starts_with(CORE) {
        return Ok(ComponentEncoder::default().module(&bytes)?.validate(true).encode()?);
    }
    Ok(bytes)
}

/// Writes everything that the package has beside its sources into a folder, from what cargo built into `built`
/// (`thalweg_engine_component.wasm`, `thalweg_where.wasm`, ..).
///
/// # Errors
///
/// A file is missing, cannot be written, or is not what it should be.
pub fn write(built: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let engine = component(&built.join("thalweg_engine_component.wasm"))?;
    let trusted = Options { checked: false, ..Options::default() };
    let files = transpile(&engine, "engine", &trusted)?;
    write_files(&files, folder)?;
    fs::write(folder.join("worker.js"), imports(&files))?;
    for name in MODULES {
        let module = component(&built.join(format!("thalweg_{}.wasm", name.replace('-', "_"))))?;
        write_files(&transpile(&module, name, &Options::default())?, &folder.join("modules").join(name))?;
    }
    Ok(())
}

/// Writes files into a folder, which is created where it is missing.
///
/// # Errors
///
/// One cannot be written.
pub fn write_files(files: &[File], folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|file| fs::write(folder.join(&file.name), &file.bytes))
}

/// A script that imports core modules, for hosts where code is imported and not compiled.
fn imports(files: &[File]) -> String {
    let mut script = String::from("// The core modules of the engine, imported.\n");
    let mut table = String::from("export const cores = {\n");
    let cores = files.iter().filter(|file| file.name.ends_with(".wasm"));
    for (number, File { name, .. }) in cores.enumerate() {
        // Writing into a text does not fail.
        let _ = writeln!(script, "import core{number} from './{name}';");
        let _ = writeln!(table, "  '{name}': core{number},");
    }
    script + &table + "};\n"
}
