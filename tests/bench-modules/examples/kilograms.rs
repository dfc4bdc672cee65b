//! A map over a column of floats.

use thalweg_module::map;

/// Pounds as kilograms.
#[map(column = weight)]
fn kilograms(weight: f64) -> f64 {
    weight * 0.45359237
}
