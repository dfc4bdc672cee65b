//! The embedded single node of Thalweg: one process and one port that speak the wire protocol of Apache Fluss, as
//! coordinator and tablet server at once.
//!
//! Each part imports only those above it; `log` and `keys` do not know each other.
//!
//! ```text
//! options    what a node is started with
//! ids        numbers of tables and buckets        failure   why a request is refused
//! runtime    time, locks, panics, memory, and whether the node serves
//! users      who may log in, and the check of a login
//! error      why a node does not start
//! disk       the data folder and access to its files
//! table      what a table's descriptor says: checked, completed, worked out once
//! log        one bucket's log: segments of batches
//! keys       the rows of primary-key tables by key
//! bucket     a log with its keys, and the threads that write them
//! catalog    databases, tables, partitions
//! handlers   what each request does
//! listener   the socket and its connections
//! node       a running node: started, watched over, stopped
//! ```

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bucket;
mod catalog;
mod disk;
mod error;
mod failure;
mod handlers;
mod ids;
mod keys;
mod listener;
mod log;
mod node;
mod options;
mod runtime;
mod table;
#[cfg(test)]
mod tests;
pub mod users;

// The client of the tests knows the node by its name.
#[cfg(test)]
extern crate self as thalweg_node;

pub use error::NodeError;
pub use node::Node;
pub use options::{Durability, LEAST_MEMORY, Limits, NodeOptions, Retention};

// What a node shows of itself with TLS.
pub use thalweg_tls::{Identity, ServerTls, TlsError};
