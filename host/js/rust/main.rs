//! Makes JavaScript of components: `thalweg-js COMPONENT NAME FOLDER` of one, `thalweg-js --package BUILT FOLDER` all that the
//! npm package has beside its sources.

use std::env;
use std::error::Error;
use std::path::Path;

use thalweg_js::{Options, package, transpile};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--package", built, folder] => package::write(Path::new(built), Path::new(folder)),
        [component, name, folder] if !component.starts_with('-') => {
            let component = package::component(Path::new(component))?;
            Ok(package::write_files(&transpile(&component, name, &Options::default())?, Path::new(folder))?)
        }
        _ => Err("usage: thalweg-js COMPONENT NAME FOLDER, or thalweg-js --package BUILT FOLDER".into()),
    }
}
