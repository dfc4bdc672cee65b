//! A flat-map over a column of floats.

use thalweg_module::flat_map;

/// Three flights of each, with a third of the weight.
#[flat_map(column = weight)]
fn thrice(weight: f64) -> [f64; 3] {
    [weight / 3.0; 3]
}
