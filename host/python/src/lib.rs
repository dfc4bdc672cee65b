//! The Python package `thalweg`: the module `thalweg._native`, on which the package's Python sources stand.
//!
//! Every call that waits gives a `Call`, which is waited for (blocking) or awaited (asyncio): both forms of the package are
//! made of the same calls. The interpreter is let go of while a call waits, and signals are looked at meanwhile.
//!
//! ```text
//! runtime   the tokio runtime of the process: started, refused after a fork, ended with the interpreter
//! call      one call: waited for or awaited, given up by a signal, a deadline or a cancellation
//! asyncio   how what ends on the runtime comes into an event loop
//! error     why a call failed, as an exception
//! capsule   Arrow's C data interface, in and out
//! values    Python's values as Arrow columns, and back
//! batch     `Batch` and `Schema`, which speak that interface
//! rows      rows and keys in whatever form they are given
//! client    sessions, tables, writes, scans, look-ups
//! node      the embedded node
//! ```

mod asyncio;
mod batch;
mod call;
mod capsule;
mod client;
mod error;
mod node;
mod rows;
mod runtime;
mod values;

use pyo3::prelude::*;

/// The module `thalweg._native`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::batch::{Batch, Schema};
    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::client::{
        Chain, Client, Found, Outcome, Pending, Scan, Table, Writer, connect, read_chain, stock_modules,
    };
    #[pymodule_export]
    use super::node::{Node, start_node};
    #[pymodule_export]
    use super::runtime::{begin_end, command_line, shut_down, version};
}
