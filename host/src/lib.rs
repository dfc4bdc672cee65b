//! The host.

pub mod codec;
pub mod columns;
pub mod formats;
pub mod runtime;
