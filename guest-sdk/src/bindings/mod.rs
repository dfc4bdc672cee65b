//! What wit-bindgen makes of `wit/module`: made once and kept in `generated.rs`, so that a module's build need not make it
//! anew. `tests/tests/bindings.rs` of the workspace compares the two, and writes the file when it is told to.

#[rustfmt::skip]
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    clippy::undocumented_unsafe_blocks,
    reason = "generated from the WIT files, which hold the documentation"
)]
mod generated;

pub use generated::*;
