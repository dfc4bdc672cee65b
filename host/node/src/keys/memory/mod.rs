//! What of the keys is in memory.
//!
//! ```text
//! rows     rows by key; hash: of their keys; order: in the order of their keys
//! part     what of a bucket is in memory, and how far it is from being in files
//! filter   which keys the files may have
//! budget   how much that may be in all
//! ```

mod budget;
mod filter;
mod hash;
mod order;
mod part;
mod rows;

pub(super) use budget::{Held, Memory};
pub(super) use filter::{Filter, Layers};
pub(super) use hash::Hash;
pub(super) use part::{Buffer, Part, Run};
pub(crate) use part::{Mark, Settle};
pub(crate) use rows::Rows;
pub(super) use rows::{Full, Row};
