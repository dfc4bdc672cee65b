//! Guards over the workspace itself: what may depend on what, and how the sources are laid out.
//!
//! ```text
//! crates     which crate may use which, over `cargo metadata`
//! layers     which module of a crate may import which
//! files      how files open, how long they are, how many a folder holds
//! unused     dependencies that are declared and not used
//! documents  paths that documents name
//! sources    the sources of a crate, parsed
//! ```

mod crates;
mod documents;
mod files;
mod layers;
mod sources;
mod unused;

use std::path::PathBuf;

/// The root of the tree that is looked at: the workspace, or what `THALWEG_TREE` names.
fn tree() -> PathBuf {
    match std::env::var_os("THALWEG_TREE") {
        Some(tree) => tree.into(),
        None => concat!(env!("CARGO_MANIFEST_DIR"), "/..").into(),
    }
}

/// Whether another tree than this workspace is looked at.
fn is_other_tree() -> bool {
    std::env::var_os("THALWEG_TREE").is_some()
}
