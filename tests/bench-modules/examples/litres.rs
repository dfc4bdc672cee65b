//! A map over a column of floats.

use thalweg_module::map;

/// Gallons as litres.
#[map(column = fuel)]
fn litres(fuel: f64) -> f64 {
    fuel * 3.785411784
}
