//! The embedded single node of Thalweg: one process and one port that speak the wire protocol of Apache Fluss, as
//! coordinator and tablet server at once.

mod catalog;
mod caught;
mod clock;
mod commit;
mod connection;
mod dispatch;
mod error;
mod failure;
mod folder;
mod handlers;
mod kv;
mod lifecycle;
mod listener;
mod log;
mod memory;
mod node;
mod options;
mod service;
mod sync;
#[cfg(test)]
mod tests;

// The client of the tests knows the node by its name.
#[cfg(test)]
extern crate self as thalweg_node;

pub use error::NodeError;
pub use node::Node;
pub use options::{Durability, Limits, NodeOptions, Retention};
