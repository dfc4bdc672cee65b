//! What of the keys is in memory.
//!
//! ```text
//! rows     rows by key; order: in the order of their keys
//! part     what of a bucket is in memory, and how far it is from being in files
//! budget   how much that may be in all
//! ```

mod budget;
mod order;
mod part;
mod rows;

pub(super) use budget::{Held, Memory};
pub(super) use part::{Buffer, Part, Run};
pub(crate) use part::{Mark, Settle};
pub(crate) use rows::Rows;
pub(super) use rows::{Full, Hash, Row};
