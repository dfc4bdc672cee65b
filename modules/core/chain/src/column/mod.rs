//! Arrow arrays as the columns that cross a sandbox's boundary, and back. The layout is that of `wit/module/types.wit`.
//!
//! ```text
//! flatten   Arrow arrays -> columns, depth first, lent without copying where the layouts agree
//! owned     columns that somebody wrote
//! to_arrow  owned columns -> Arrow arrays, every rule of the layout checked
//! ```

mod error;
mod flatten;
mod owned;
mod to_arrow;

pub use self::error::LayoutError;
pub use self::flatten::{Flattened, flatten, flatten_arrays};
pub use self::owned::{OwnedColumn, OwnedValues};
pub use self::to_arrow::{bitmap, rows_to_arrow, to_arrow};

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
