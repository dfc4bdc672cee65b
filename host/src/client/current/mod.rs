//! The current rows of a keyed table, and the changes that follow.
//!
//! ```text
//! stream   the stream, and what it reads
//! replay   the current rows of a bucket out of its changelog
//! ```

mod replay;
mod stream;

pub use stream::{CurrentOptions, CurrentStream};
