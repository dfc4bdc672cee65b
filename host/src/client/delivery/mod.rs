//! Rows given to the engine, and what becomes of them.
//!
//! ```text
//! send         gives them, in parts; split (cuts a large batch into these)
//! pending      the future of their outcome
//! outcome      what became of them
//! provenance   what modules did before
//! ```

mod outcome;
mod pending;
mod provenance;
mod send;
mod split;

pub use outcome::{Outcome, Undelivered};
pub use pending::Pending;
pub(super) use pending::SentDeadLetters;
pub(super) use provenance::Provenance;
pub(super) use send::send;
