//! The client core of Thalweg: state machines over the wire formats, without I/O, clock, threads or randomness.
//!
//! [`Engine`] is the whole interface, in the words of `thalweg_contract`; `wit/client/engine.wit` says it for components. The rest is inside:
//!
//! ```text
//! connection  one server: handshake, request ids, deadlines
//! cluster     what is known of servers, tables and leaders
//! write       accumulator -> batch -> sender (sequences, retries)
//! scan        positions -> fetch -> check -> rows
//! lookup      keys -> requests, one queue a server -> rows
//! admin       catalogue requests
//! offsets     where buckets begin and end, for scan and admin
//! rows        rows that come one by one, as columns
//! call, order what stages hand to the engine
//! timers      what is to be looked at when
//! backoff, chance how long to wait before trying again
//! engine      the owner of all these, and the router between them
//! ```
//!
//! The stages do not import each other: they hand requests to `engine`, which routes them.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod admin;
mod backoff;
mod call;
mod chance;
mod cluster;
mod connection;
mod engine;
mod lookup;
mod offsets;
mod order;
mod rows;
mod scan;
mod timers;
mod write;

pub use engine::Engine;
