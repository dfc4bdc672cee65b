//! Why a component cannot be run.

use std::path::PathBuf;

/// Why a component cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// wasmtime cannot run here.
    #[error("WebAssembly cannot run on this machine: {0}")]
    Engine(String),
    /// A file cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A component is longer than it may be.
    #[error(
        "{name} is longer than a component may be ({limit} bytes); a chain file can allow more: limits = {{ size = .. }}"
    )]
    TooLarge {
        /// What it is called.
        name: String,
        /// The length allowed, in bytes.
        limit: usize,
    },
    /// Compiling takes longer than it may.
    #[error("{name} was not compiled within {time:?}: {}; a chain file can allow more: limits = {{ compile = .. }}", went_on(*queued))]
    Slow {
        /// What it is called.
        name: String,
        /// How long was waited.
        time: std::time::Duration,
        /// Whether its compilation had not begun.
        queued: bool,
    },
    /// A file has nothing to do with WebAssembly.
    #[error("{name} is not WebAssembly")]
    NotWasm {
        /// What it is called.
        name: String,
    },
    /// A core module that was not wrapped.
    #[error("{name} is a core WebAssembly module, not a component; wrap it with: wasm-tools component new")]
    CoreModule {
        /// What it is called.
        name: String,
    },
    /// A damaged component, or one that needs what is switched off here.
    #[error("{name} is not a valid component: {reason}")]
    Invalid {
        /// What it is called.
        name: String,
        /// Why.
        reason: String,
    },
    /// The binary carries no module of this name.
    #[error("there is no stock module {name:?}; there are: {known}. A file needs its path, as in ./{name}.wasm")]
    NoStockModule {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
}

fn went_on(queued: bool) -> &'static str {
    match queued {
        true => "others were compiled before it, so try again",
        false => "the compilation goes on, so try again later",
    }
}
