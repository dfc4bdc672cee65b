//! The whole node, with panics where tests of its own can put them.

mod panics;
#[path = "../../tests/support/mod.rs"]
mod support;
