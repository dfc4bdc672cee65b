//! Requests about what there is: databases, tables, partitions, the node itself.

pub(crate) mod alter;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod handshake;
pub(crate) mod metadata;
pub(crate) mod partition;
pub(crate) mod snapshots;
pub(crate) mod stats;
pub(crate) mod table;
