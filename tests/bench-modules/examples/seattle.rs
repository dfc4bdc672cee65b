//! A filter over a column of texts.

use thalweg_module::filter;

/// Keeps flights from Seattle.
#[filter]
fn seattle(origin: &str) -> bool {
    origin == "SEA"
}
