//! Arrow record batches as the columns that cross a sandbox's boundary, and back.
//!
//! ```text
//! fit      a record batch in the table's own types, by name; exact, or rounded
//! flatten  Arrow arrays -> columns, depth first, lent without copying where the layouts agree
//! raise    columns that somebody wrote -> Arrow arrays, every rule of the layout checked
//! ```
//!
//! The layout is that of `wit/module/types.wit`.

mod error;
mod fit;
mod flatten;
mod raise;

pub use error::{FitError, LayoutError};
pub use fit::{Rounding, fit, round};
pub use flatten::{Flattened, flatten, flatten_arrays};
pub use raise::{OwnedColumn, OwnedValues, bitmap, raise};

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
