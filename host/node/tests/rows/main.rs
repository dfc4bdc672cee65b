//! Rows of logs over the wire.

mod append;
mod fetch;
mod offsets;
#[path = "../support/mod.rs"]
mod support;
