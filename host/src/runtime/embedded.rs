//! The components that the binary carries, as the build script left them.

/// A component inside the binary.
pub(super) struct Embedded {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// Its bytes.
    pub(super) wasm: &'static [u8],
    /// Their SHA-256, so that a start need not take it.
    pub(super) sha256: [u8; 32],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
