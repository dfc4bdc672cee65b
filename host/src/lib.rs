//! The host.

pub mod client;
pub mod codec;
pub mod columns;
mod driver;
pub mod formats;
pub mod module;
pub mod runtime;
