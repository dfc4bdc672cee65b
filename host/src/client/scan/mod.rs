//! Rows out of a log, of a bucket, of the current rows of a bucket: a scan as a stream of record batches.
//!
//! ```text
//! stream    the stream, and what it reads
//! batch     what it gives
//! plan      what is asked of the engine
//! decoder   a batch out of the message that it came in
//! workers   the threads on which messages are decoded
//! chain     the modules on the way
//! ```

mod batch;
mod chain;
mod decoder;
mod plan;
mod stream;
mod workers;

pub use batch::{Offsets, ScanBatch};
pub(super) use chain::{ScanChain, SharedTally};
pub(super) use decoder::read_message;
pub(super) use plan::positions;
pub use stream::{ScanOptions, ScanStream};
