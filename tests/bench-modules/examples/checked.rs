//! A map over a column of floats that refuses rows.

use thalweg_module::map;

/// Miles as kilometres, where they can be.
#[map(column = distance)]
fn checked(distance: f64) -> Result<f64, &'static str> {
    if distance < 0.0 {
        return Err("the distance is negative");
    }
    Ok(distance * 1.609344)
}
