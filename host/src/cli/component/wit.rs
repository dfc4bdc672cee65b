//! The WIT that the binary carries, as the build script listed it.

/// A file of WIT, and where it lies in the folder of its package.
pub(super) struct Source {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/wit.rs"));
