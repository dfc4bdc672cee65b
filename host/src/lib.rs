//! The host.

pub mod codec;
pub mod formats;
