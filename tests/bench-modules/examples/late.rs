//! A filter over a column of integers.

use thalweg_module::filter;

/// Keeps flights that were late.
#[filter]
fn late(delay: i32) -> bool {
    delay > 30
}
