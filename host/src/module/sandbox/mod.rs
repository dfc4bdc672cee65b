//! One module in its sandbox: loaded, called within its limits, and what it can reach.
//!
//! ```text
//! instance  one module in its store: calls with a deadline, and the cause when it fails
//! caller    the instances of a module in its place: one call, and the breaker that leaves it alone
//! wit       what is said across the boundary, in the words of the bindings
//! log       its messages, and no more of them than anybody can read
//! wasi      the inert part of WASI that it may link
//! reach     what a component may import
//! ```

pub(super) mod caller;
pub(super) mod instance;
pub(super) mod log;
pub(super) mod reach;
mod wasi;
mod wit;
