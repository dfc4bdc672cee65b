//! The host of Thalweg: the client with its module chains, and the `thalweg` command line.
//!
//! ```text
//! client   a session with a cluster: append, scan, catalogue, with Arrow at its surface
//! module   smart modules, each in a sandbox of its own, in a chain on the write or the read path
//! driver   one task that gives the engine sockets, time and threads
//! runtime  wasmtime, for the engine and for modules
//! columns  Arrow <-> the columns that cross into components
//! formats  rows in files: JSON lines, CSV, Parquet, Arrow
//! panics   how tasks end that break down
//! text     texts that strangers wrote, fit for a terminal
//! cli      the command line
//! ```

pub mod cli;
pub mod client;
pub mod columns;
mod driver;
pub mod formats;
pub mod module;
mod panics;
pub mod runtime;
mod text;
