//! Why a chain cannot be loaded, or rows do not pass it.
//!
//! As everywhere here: an error tells its cause in its own text, and then has no source, or the cause would be told twice.

use thalweg_chain::{Cause, ChainError};

use crate::runtime::RuntimeError;

/// Why a chain cannot be loaded, or rows do not pass it.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The component cannot be run at all.
    #[error("module {module}: {cause}")]
    Runtime {
        /// The module.
        module: String,
        /// Why.
        cause: RuntimeError,
    },
    /// The component wants what no module gets.
    #[error(
        "module {module} imports {import}, which a module may not have; the only import allowed is thalweg:module/log \
         (modules built for wasm32-unknown-unknown with the SDK import nothing else)"
    )]
    Import {
        /// The module.
        module: String,
        /// The import.
        import: String,
    },
    /// The component is no module.
    #[error("module {module} does not export thalweg:module/transform@1.0.0: {found}")]
    Export {
        /// The module.
        module: String,
        /// What it has instead.
        found: String,
    },
    /// What the rules of chains say: the module refuses its place, breaks the contract, fails, or refuses rows.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

impl ModuleError {
    pub(super) fn failed(module: &str, cause: Cause) -> ModuleError {
        ModuleError::Chain(ChainError::Failed { module: module.to_owned(), cause })
    }

    /// Why a call failed for which an instance could not be started.
    pub(super) fn into_restart(self) -> Cause {
        match self {
            ModuleError::Chain(ChainError::Failed { cause, .. }) => cause,
            other => Cause::Restart(other.to_string()),
        }
    }

    /// The row of the given batch that a module refuses, or the first of those; the first is 0.
    pub fn row(&self) -> Option<usize> {
        match self {
            ModuleError::Chain(error) => error.row(),
            _ => None,
        }
    }
}
