//! A map over a column of texts that gives a part of each.

use thalweg_module::map;

/// The state of an airport.
#[map(column = destination)]
fn state(destination: &str) -> &str {
    destination.split_once(", ").map_or(destination, |(_, state)| state)
}
