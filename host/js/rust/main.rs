//! Makes JavaScript of components: `thalweg-js COMPONENT NAME FOLDER [--trusted]`. A core module that carries its interface, as
//! cargo builds it for wasm32-unknown-unknown, is made a component first.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use thalweg_js::{Options, transpile};
use wit_component::ComponentEncoder;

/// How a core module begins, and not a component.
const CORE: &[u8] = b"\0asm\x01\0\0\0";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (component, name, folder, checked) = match arguments.as_slice() {
        [component, name, folder] => (component, name, folder, true),
        [component, name, folder, trusted] if trusted == "--trusted" => (component, name, folder, false),
        _ => return Err("usage: thalweg-js COMPONENT NAME FOLDER [--trusted]".into()),
    };
    let mut component = fs::read(component).map_err(|error| format!("{component}: {error}"))?;
    if component.starts_with(CORE) {
        component = ComponentEncoder::default().module(&component)?.validate(true).encode()?;
    }
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    for file in transpile(&component, name, &Options { checked, ..Options::default() })? {
        fs::write(folder.join(file.name), file.bytes)?;
    }
    Ok(())
}
