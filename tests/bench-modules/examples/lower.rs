//! A map over a column of texts that makes a new one of each.

use thalweg_module::map;

/// The destination in small letters.
#[map(column = destination)]
fn lower(destination: &str) -> String {
    destination.to_ascii_lowercase()
}
