//! The WIT types as components see them, and their conversion from and into the words of the contract, by the traits
//! of `thalweg_contract::wit`, and of the rules of chains; and the zstd of components.
//!
//! A component gives `types`, `transform`, `catalog` and `settings` to its own `wit_bindgen::generate!`, with
//! `with: { "thalweg:module/types@1.0.0": thalweg_bindings::types, "thalweg:module/transform@1.0.0":
//! thalweg_bindings::transform, "thalweg:client/catalog@0.2.2": thalweg_bindings::catalog,
//! "thalweg:client/settings@0.2.2": thalweg_bindings::settings }`.
//!
//! ```text
//! generated  what wit-bindgen makes of types, transform, catalog and settings
//! convert    their conversions, from the lists of the contract
//! columns    rows, borrowed
//! rules      what modules are given and what they say, for whoever goes by the rules of a chain
//! portable   the zstd of components
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod columns;
mod convert;
mod generated;
mod portable;
mod rules;

pub use columns::batch_from_wit;
pub use generated::thalweg::{
    client::{catalog, settings},
    module::{transform, types},
};
pub use portable::Portable;
pub use rules::{batch_into_wit, columns_from_wit};
