//! Arrow record batches in a table's own types. As the columns that cross a sandbox's boundary they are
//! `thalweg_chain::column`'s.
//!
//! ```text
//! fit      a record batch in the table's own types, by name; exact, or rounded
//! narrow   a record batch with only the columns that are written or looked up by
//! size     how many bytes rows come to as flat columns
//! ```

mod error;
mod fit;
mod narrow;
mod size;

pub use error::FitError;
pub use fit::{Rounding, fit, round};
pub use narrow::{input_schema, narrow};
pub use size::flattened_bytes;
pub use thalweg_chain::column::{
    Flattened, LayoutError, OwnedColumn, OwnedValues, bitmap, flatten, flatten_arrays, to_arrow,
};

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
