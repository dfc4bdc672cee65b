//! What the tests share: the `thalweg` binary, a node of its own, files for it, a real cluster, foreign clients, how to
//! wait for what they do, and what work costs.

pub mod bench;
pub mod binary;
pub mod client;
pub mod cluster;
pub mod components;
pub mod files;
pub mod fluss_rs;
pub mod guests;
pub mod java;
mod ours;
pub mod runtimes;
pub mod wait;

pub use runtimes::{javascript, python};

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// The folder that cargo builds in: a test's executable lies in `target/PROFILE/deps`, an example's in `target/PROFILE/examples`.
pub fn target() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows its path");
    own.ancestors().nth(3).expect("a test lies in target/PROFILE/deps").to_path_buf()
}

/// The shared folder of files that others wrote, or the one that `THALWEG_CORPUS` names, if that is there.
pub fn shared_corpus() -> Option<PathBuf> {
    let path = std::env::var_os("THALWEG_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    path.is_dir().then_some(path)
}

/// A file of the shared data folder, if that is there.
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    path.is_file().then_some(path)
}
