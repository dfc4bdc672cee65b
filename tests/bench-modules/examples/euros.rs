//! A map over a column of floats.

use thalweg_module::map;

/// Dollars as euros.
#[map(column = fare)]
fn euros(fare: f64) -> f64 {
    fare * 0.92
}
