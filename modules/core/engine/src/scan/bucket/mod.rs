//! Scans of one bucket, each of one request at a time to its leader.
//!
//! ```text
//! limited  some rows of the bucket, in one request
//! current  the current rows of a bucket of a keyed table, from a snapshot of the server's
//! asker    whom these two ask, and when again
//! values   rows of a keyed table as servers send them, decoded
//! ```

pub(crate) mod current;
pub(crate) mod limited;

mod asker;
mod values;
