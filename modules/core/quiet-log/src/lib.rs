//! A log for smart modules in a composition: takes what they write, and keeps nothing.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bindings;

use bindings::log::{Guest, Level};

/// The component: what the export is implemented for.
struct Component;

impl Guest for Component {
    fn write(_: Level, _: String) {}
}
