//! The interfaces of `wit/` as wasmtime makes them, and their conversion from and into the words of the contract.
//!
//! ```text
//! module   what wasmtime makes of `wit/module`
//! client   what wasmtime makes of `wit/client`
//! types    the types of both: schemas and rows, lent for a call
//! convert  settings, catalogue and engine, from the lists of the contract
//! lend     requests, scans, rows and what happened, lent for a call
//! ```

pub(crate) mod client;
mod convert;
pub(crate) mod lend;
pub(crate) mod module;
#[allow(unreachable_pub, reason = "what wasmtime makes of the engine re-exports it")]
pub mod types;

pub(crate) use client::{
    exports::thalweg::client::{codec, engine},
    thalweg::client::{buffers, catalog, settings},
};
