//! Components made into JavaScript, for the package `thalweg` and for the page that a node serves.
//!
//! [`transpile`] gives an ES module and the core modules that it instantiates. The ES module exports
//! `instantiate(getCoreModule, imports)`: the caller brings each `WebAssembly.Module` (or a promise of one) by its file
//! name and the functions that the component imports, so that the same file runs where code may be compiled (Node, Deno,
//! Bun, browsers) and where it must be imported (workerd).
//!
//! Components may be hostile: what is not a component, is too large, has types without end when written out, or works
//! asynchronously is an [`Error`].
//!
//! ```text
//! component  what is asked of a component before anything is made of it
//! lexer      JavaScript cut into tokens
//! foreign    the transpiler as a core module for JavaScript, where it is compiled to one
//! statements tokens as statements
//! glue       generated JavaScript, with what only asynchronous components need taken out
//! package    what the npm package has beside its sources
//! ```

mod component;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "functions that JavaScript calls have names of their own")]
mod foreign;
mod glue;
mod lexer;
#[cfg(not(target_arch = "wasm32"))]
pub mod package;
mod statements;

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use js_component_bindgen::{InstantiationMode, TranspileOpts, Transpiled};

/// What is made of a component.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether answers of the component are checked as they are read. Default true; a component of one's own needs it not.
    pub checked: bool,
    /// Whether core modules stand in the ES module, as base64 text, so that it is one file, whose export `core` is the
    /// `getCoreModule` of `instantiate`. Default false.
    pub inline: bool,
    /// The longest component that is taken, in bytes. Default 16 MiB.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { checked: true, inline: false, limit: 16 << 20 }
    }
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name: `NAME.js`, or `NAME.core.wasm`, `NAME.core2.wasm`, ..
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why no JavaScript is made of these bytes. None of it may succeed when tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name would not do as a file name.
    #[error("a name is 1 to 64 letters, digits, - and _, not {0:?}")]
    Name(String),
    /// It is longer than `Options::limit`.
    #[error("it has {size} bytes; at most {limit} are taken")]
    Size {
        /// Its length in bytes.
        size: usize,
        /// What is taken.
        limit: usize,
    },
    /// It is not a component, or a broken one.
    #[error("it is not a component: {0}")]
    Component(String),
    /// Its types are larger than what is written out.
    #[error("its types, written out, have more than {0} parts")]
    Types(usize),
    /// It uses what JavaScript made by this crate does not have.
    #[error(
        "it needs {0}, which components made into JavaScript here cannot have: build it from synchronous functions"
    )]
    Unsupported(String),
}

/// Makes JavaScript of a component: first the ES module `NAME.js`, then the core modules.
///
/// The ES module exports `instantiate(getCoreModule, imports)`, a promise of the component's exports by interface, with and
/// without version (`'thalweg:module/transform@1.0.0'`, `transform`). `getCoreModule` takes the name of a core module;
/// `imports` has an object of functions for each imported interface, by its
/// name without version (`'thalweg:module/log'`). Texts and lists are checked to lie in the component's memory. A trap
/// ends the instance: each later call throws the same error.
///
/// # Errors
///
/// Every case of [`Error`]; bytes that make the generator panic are `Error::Component`.
pub fn transpile(component: &[u8], name: &str, options: &Options) -> Result<Vec<File>, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(Error::Name(name.to_owned()));
    }
    if component.len() > options.limit {
        return Err(Error::Size { size: component.len(), limit: options.limit });
    }
    component::check(component)?;
    let made = generate(component, name, options)?;
    let script = format!("{name}.js");
    let mut files = Vec::with_capacity(made.files.len());
    for (file, bytes) in made.files {
        if file == script {
            let text = String::from_utf8(bytes).map_err(|_| Error::Component("its names are not text".into()))?;
            files.insert(0, File { name: file, bytes: glue::trim(&text)?.into_bytes() });
        } else if file.ends_with(".wasm") {
            files.push(File { name: file, bytes });
        }
    }
    if options.inline {
        let cores = files.split_off(1);
        if let Some(script) = files.first_mut() {
            script.bytes.extend_from_slice(inlined(&cores).as_bytes());
        }
    }
    Ok(files)
}

/// What gives core modules out of the script that they stand in.
fn inlined(cores: &[File]) -> String {
    let mut text = String::from("const CORE={");
    for core in cores {
        let bytes = base64::engine::general_purpose::STANDARD.encode(&core.bytes);
        text.push_str(&format!("\"{}\":\"{bytes}\",", core.name));
    }
    text.push_str("};\nexport function core(name){");
    text.push_str("return WebAssembly.compile(Uint8Array.from(atob(CORE[name]),c=>c.charCodeAt(0)));}\n");
    text
}

fn generate(component: &[u8], name: &str, options: &Options) -> Result<Transpiled, Error> {
    let settings = TranspileOpts::builder()
        .name(name.to_owned())
        .no_typescript(true)
        .instantiation_mode(InstantiationMode::Async)
        .nodejs_compat_disabled(true)
        .base64_cutoff(0)
        .valid_lifting_optimization(!options.checked)
        .build();
    // What is behind this call says "unreachable" and "unimplemented" of components that it does not know.
    let made = catch_unwind(AssertUnwindSafe(|| js_component_bindgen::transpile(component, settings)));
    match made {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(error)) => Err(Error::Component(format!("{error:#}"))),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it has what is not known");
            Err(Error::Component(said.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
