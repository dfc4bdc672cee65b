//! A map over a column of floats.

use thalweg_module::map;

/// Miles as kilometres.
#[map(column = distance)]
fn kilometres(distance: f64) -> f64 {
    distance * 1.609344
}
