//! The shell against a model of a cluster: whatever is done inside or outside, rows and requests are the same.
//!
//! ```text
//! host      who drives a shell, with every option
//! scenario  what a user does, and what comes of it
//! same      the same scenario under every option
//! hostile   frames and bytes that should not be
//! unkind    batches as an unkind server has them
//! lasting   nothing is left behind, however long it goes on
//! ```

mod host;
mod hostile;
mod lasting;
mod same;
mod scenario;

#[path = "../../../wire/tests/common/mod.rs"]
mod common;
#[expect(dead_code, reason = "some of it is for the tests of thalweg-engine")]
#[path = "../../../engine/tests/simulation/server/mod.rs"]
mod server;
mod unkind;
