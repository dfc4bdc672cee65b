//! The catalogue: databases, tables and their partitions, and the offsets of buckets.
//!
//! ```text
//! database     create, drop, list and show databases
//! table        create, list, show, drop and alter tables
//! show         a table, shown
//! schema       the columns of a file as those of a table
//! offsets      the offsets and rows of each bucket
//! partition    list, create and drop partitions
//! change       changes that may have been made already
//! ```

mod alter;
mod change;
mod database;
mod offsets;
mod partition;
mod schema;
mod show;
mod table;

pub(super) use database::Database;
pub(super) use offsets::Offsets;
pub(super) use partition::Partition;
pub(super) use schema::schema_of;
pub(super) use table::Table;
