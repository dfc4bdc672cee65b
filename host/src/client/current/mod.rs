//! The current rows of a keyed table, and, if asked for, the changes that follow: none missing between, none double.
//!
//! Bucket by bucket: what the server tells of its current rows (SCAN_KV) together with the offset that they stand for, or,
//! where it does not offer that, what a replay of its whole changelog gives. The changes are then read from these offsets.
//!
//! ```text
//! options   what is read
//! stream    the stream of the rows
//! reader    the task behind it: bucket by bucket, then the changes
//! replay    the current rows of a bucket out of its changelog
//! latest    the rows that the changes so far leave
//! ```

mod latest;
mod options;
mod reader;
mod replay;
mod stream;

pub use options::CurrentOptions;
pub use stream::CurrentStream;
