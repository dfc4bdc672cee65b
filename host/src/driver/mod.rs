//! The driver: a task that owns an engine and does for it what an engine cannot, which is everything outside of it.
//!
//! ```text
//! task        the loop: commands, sockets, finished work and time -> engine -> actions
//! engine      the engines that it can drive: native, component, both in lockstep
//! command     what the client asks of the loop
//! tickets     who waits for which ticket
//! found       what lookups found together, cut into what each found
//! connection  a socket: connecting, with TLS or without, reading frames, writing pieces
//! work        compression and checksums, on threads of their own
//! held        bytes in one piece or several
//! outside     what actions are carried out on: sockets, buffers, alarm
//! reach       which servers answered, and why others did not
//! ```
//!
//! No protocol stands here: the loop carries out what the engine says and knows the meaning of none of it.

mod command;
mod connection;
mod engine;
mod found;
mod held;
mod outside;
mod reach;
mod task;
mod tickets;
mod work;

#[cfg(test)]
mod tests;

pub use command::RowCounts;
pub(crate) use command::{Change, Command, Delivered, Lookup, LookupBy, Scan, Settled, Write};
pub(crate) use connection::SocketSettings;
pub(crate) use engine::{ComponentEngine, EngineInstance, Lockstep, Native, OpenError};
pub(crate) use found::FoundShare;
pub(crate) use reach::Reach;
pub(crate) use task::{Clock, Driver, DriverAccess, Ended};
pub(crate) use work::Pool;
