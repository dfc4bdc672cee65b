//! The client for other components: the engine behind async functions, over WASI 0.3 sockets and clocks.
//!
//! As a component it exports `thalweg:client-async/client`; a component in Rust may link this crate instead, and has one
//! component less to compose: [`Session`] is the beginning.
//!
//! ```text
//! client    a session with one cluster
//! table     a table: rows written through its modules, rows read
//! reader    rows of a scan as they come
//! chain     the modules of a table or of a scan
//! modules   who runs modules
//! rows      rows as columns that somebody owns
//! session   the engine, and the task that gives it sockets and time
//! export    the exported interface, and its words
//! bindings  what wit-bindgen makes of it
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

#[cfg(any(feature = "component", not(target_arch = "wasm32")))]
mod bindings;
mod chain;
mod client;
#[cfg(any(feature = "component", not(target_arch = "wasm32")))]
mod export;
mod modules;
mod reader;
mod rows;
mod session;
mod table;

pub use chain::{ExceptionOf, ModuleSpec};
pub use client::Session;
pub use modules::{CallError, Instance, Modules, NoModules, OpenError};
pub use reader::{Reader, ScanRows};
pub use rows::Rows;
pub use table::{FoundRows, Outcome, Table};

/// The component: what the exports are implemented for.
#[cfg(any(feature = "component", not(target_arch = "wasm32")))]
struct Component;
