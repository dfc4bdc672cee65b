//! Writes the lists of texts that the binary carries: for `thalweg module new` the SDK with the crate of types, the WIT of
//! modules and the templates; for `thalweg component export` the WIT of all packages; and the driver in JavaScript that the
//! page of a node uses.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the list, the folder from the root of the workspace, and what of it: files and folders.
type List = (&'static str, &'static str, &'static [&'static str]);

const NEW: [List; 4] = [
    ("SDK", "guest-sdk", &["Cargo.toml", "README.md", "src", "macros/Cargo.toml", "macros/src"]),
    ("TYPES", "modules/core/types", &["Cargo.toml", "src"]),
    ("WIT", "wit/module", &["."]),
    ("TEMPLATES", "guest-sdk/templates", &["rust", "js", "python", "go"]),
];
const PAGE: [List; 1] = [("DRIVER", "host/js/src", &["."])];

const EXPORT: [List; 3] =
    [("MODULE", "wit/module", &["."]), ("CLIENT", "wit/client", &["."]), ("CLIENT_ASYNC", "wit/client-async", &["."])];

/// Writes `sources.rs`, `wit.rs` and `driver.rs` into the folder of the build script's output.
pub(crate) fn embed(root: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    write_lists(&NEW, root, &out.join("sources.rs"))?;
    write_lists(&EXPORT, root, &out.join("wit.rs"))?;
    write_lists(&PAGE, root, &out.join("driver.rs"))
}

fn write_lists(lists: &[List], root: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut code = String::new();
    for (name, folder, parts) in lists {
        let mut files = Vec::new();
        for part in *parts {
            collect(&root.join(folder).join(part), &mut files)?;
        }
        files.sort();
        writeln!(code, "pub(super) static {name}: &[Source] = &[")?;
        for file in files {
            let relative = file.strip_prefix(root.join(folder))?.components().collect::<PathBuf>();
            let path = relative.to_str().ok_or("a path is no text")?.replace('\\', "/");
            // By the variable and not by the path: a target folder may be moved.
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../{folder}/{path}\"))");
            writeln!(code, "    Source {{ path: {path:?}, text: {text} }},")?;
        }
        code.push_str("];\n");
    }
    Ok(fs::write(file, code)?)
}

/// The files at a path, whether it is one or a folder of them; none if there is nothing.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}
