//! The embedded single node of Thalweg: one process and one port that speak the wire protocol of Apache Fluss, as
//! coordinator and tablet server at once.

mod catalog;
mod clock;
mod commit;
mod connection;
mod dispatch;
mod error;
mod failure;
mod folder;
mod handlers;
mod kv;
mod listener;
mod log;
mod memory;
mod node;
mod options;
mod service;
mod sync;

pub use error::NodeError;
pub use node::Node;
pub use options::{Durability, Limits, NodeOptions, Retention};
