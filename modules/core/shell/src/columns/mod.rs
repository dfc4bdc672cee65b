//! Rows as columns: where each lies in a body.
//!
//! ```text
//! parts   where columns lie, from the metadata of a message
//! align   a body in which every part begins where it can be read in place
//! lend    some rows of columns as a batch, checked
//! bits    some of a row of bits
//! ```

mod align;
mod bits;
mod lend;
mod parts;

pub(crate) use align::{aligned, is_aligned};
pub use lend::{Lent, LentError, lend};
pub use parts::parts;
