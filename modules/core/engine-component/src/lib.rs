//! The engine behind the WIT interface of `wit/client`: types converted, nothing decided.
//!
//! ```text
//! bindings  what wit-bindgen makes of the WIT beyond what components share, and its conversions
//! shell     the exported engines
//! codec     the exported heavy work on bytes
//! chain     the exported rules of chains
//! tables    the exported words for tables
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bindings;
mod chain;
mod codec;
mod shell;
mod tables;

/// The component: what the exports are implemented for.
struct Component;
