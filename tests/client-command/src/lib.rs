//! A command component of the tests that uses the client component, and how it is told what to do: requests on standard
//! input, answers on standard output, each a frame of JSON, with frames of rows behind it.
//!
//! ```text
//! request  what it is asked and what it answers
//! frames   rows as bytes
//! guest    the command itself
//! ```

pub mod frames;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod request;
