//! The host.

pub mod formats;
