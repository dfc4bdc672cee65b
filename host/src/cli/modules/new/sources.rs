//! The texts that the binary carries, as the build script listed them.

/// A text, and where it lies in its folder (parts joined by `/`).
pub(super) struct Source {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

/// The manifest of the workspace, from which the SDK's manifests inherit.
pub(super) static WORKSPACE: &str = include_str!("../../../../../Cargo.toml");

/// The versions that this binary was built with.
pub(super) static LOCK: &str = include_str!("../../../../../Cargo.lock");

include!(concat!(env!("OUT_DIR"), "/sources.rs"));
