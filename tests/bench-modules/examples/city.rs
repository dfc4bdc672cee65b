//! A map over a column of texts that gives a part of each.

use thalweg_module::map;

/// The city of an airport.
#[map(column = destination)]
fn city(destination: &str) -> &str {
    destination.split_once(',').map_or(destination, |(city, _)| city)
}
