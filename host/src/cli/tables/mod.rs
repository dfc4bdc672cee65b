//! The catalogue: databases, tables and their partitions, and the offsets of buckets.
//!
//! ```text
//! database     create, drop, list and show databases; offsets
//! table        create, list, show, drop and alter tables
//! partition    list, create and drop partitions
//! aggregation  the properties of the aggregation merge engine
//! change       changes that may have been made already
//! ```

mod aggregation;
mod change;
mod database;
mod partition;
mod table;

pub(super) use database::{Database, Offsets};
pub(super) use partition::Partition;
pub(super) use table::{Table, schema_of};
