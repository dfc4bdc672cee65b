//! What the components of the client share around `thalweg_engine::Engine`: work done inside, bytes cut into frames, and
//! rows as columns, in the words of `thalweg_contract`.
//!
//! ```text
//! shell    the engine with its options: commands, and the step
//! take     what happened, as the engine is to have it
//! act      actions carried out inside
//! held     the buffers that stay inside, and the work on them
//! frames   bytes of connections cut into frames
//! tables   the columns of tables, scans and lookups
//! columns  where columns lie, put where they can be read in place, and lent
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod act;
pub mod columns;
mod frames;
mod held;
mod shell;
mod tables;
mod take;

pub use shell::{Footprint, Shell};
