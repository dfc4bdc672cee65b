//! The smart module: keeps the flights that are late.

use thalweg_module::{config, filter};

use crate::rule::is_late;

/// What the command configures.
#[config]
struct Config {
    /// Minutes from which a flight is late.
    min: i32,
}

/// Keeps flights that left late.
#[filter]
fn late(#[config] config: &Config, delay: i32) -> bool {
    is_late(delay, config.min)
}
