//! The WIT types as components see them, and their conversion from and into the words of the contract.
//!
//! ```text
//! portable  the zstd of components
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod portable;

pub use portable::Portable;
