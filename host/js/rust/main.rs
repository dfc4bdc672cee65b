//! Makes JavaScript of components: `thalweg-js COMPONENT NAME FOLDER [--trusted]`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use thalweg_js::{Options, transpile};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (component, name, folder, checked) = match arguments.as_slice() {
        [component, name, folder] => (component, name, folder, true),
        [component, name, folder, trusted] if trusted == "--trusted" => (component, name, folder, false),
        _ => return Err("usage: thalweg-js COMPONENT NAME FOLDER [--trusted]".into()),
    };
    let component = fs::read(component).map_err(|error| format!("{component}: {error}"))?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    for file in transpile(&component, name, &Options { checked, ..Options::default() })? {
        fs::write(folder.join(file.name), file.bytes)?;
    }
    Ok(())
}
