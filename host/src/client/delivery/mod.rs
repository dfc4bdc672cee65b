//! Rows given to the engine, and what becomes of them.
//!
//! ```text
//! pending   rows on their way: the parts that the engine took, and the future of their outcome
//! outcome   what became of the rows of one write
//! split     cuts a large batch into parts
//! ```

mod outcome;
mod pending;
mod split;

pub use outcome::{Outcome, Undelivered};
pub use pending::Pending;
pub(super) use pending::{Provenance, cause, send};
