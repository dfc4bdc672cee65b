//! Log batches, the Arrow messages inside them, keys and buckets (`fluss.md` 2.5, 2.6 and 2.9 to 2.11).

mod batch;
mod batches;
mod error;
mod head;
mod message;

pub use batch::LogBatch;
pub use batches::LogBatches;
pub use error::RecordError;
pub use head::{BatchContent, BatchHead, HEAD_LENGTH, NO_WRITER, stamp};
pub use message::{ALIGNMENT, Compression, Node, encode_message};
