//! What the tests share: the `thalweg` binary, a node of its own, a real cluster, and pyfluss.

pub mod binary;
pub mod cluster;
pub mod python;

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// A file of the shared data folder, if that is there.
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    path.is_file().then_some(path)
}
