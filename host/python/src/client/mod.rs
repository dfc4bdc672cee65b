//! Sessions, tables, writes, scans, look-ups: what `thalweg` and `thalweg.aio` are made of.
//!
//! ```text
//! settings   how a session connects, from dicts
//! session    `Client`: the catalogue, and tables
//! catalog    what the catalogue tells, as objects
//! modules    modules and chains, from Python's descriptions
//! table      `Table`: everything that can be done with one
//! write      `Writer` and `Pending`: rows on their way
//! outcome    `Outcome`: what became of them
//! scan       `Scan`: rows out
//! found      `Found`: rows by their keys
//! ```

mod catalog;
mod found;
mod modules;
mod outcome;
mod scan;
mod session;
mod settings;
mod table;
mod write;

pub(crate) use found::Found;
pub(crate) use modules::{Chain, read_chain, stock_modules};
pub(crate) use outcome::Outcome;
pub(crate) use scan::Scan;
pub(crate) use session::{Client, connect};
pub(crate) use table::Table;
pub(crate) use write::{Pending, Writer};
