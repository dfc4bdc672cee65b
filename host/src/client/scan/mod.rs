//! Rows out of a log, of a bucket, of the current rows of a bucket: a scan as a stream of record batches.
//!
//! ```text
//! options   what is read
//! stream    the stream of the rows
//! batch     what it gives: rows of one bucket
//! filter    the condition that rows must fit
//! plan      what is asked of the engine
//! decoder   a batch out of the message that it came in
//! workers   the threads on which messages are decoded
//! chain     the modules on the way
//! ```

mod batch;
mod chain;
mod decoder;
mod filter;
mod options;
mod plan;
mod stream;
mod workers;

pub use batch::{Offsets, ScanBatch};
pub(super) use chain::{ScanChain, SharedTally};
pub(super) use filter::Filter;
pub use options::ScanOptions;
pub use stream::ScanStream;
