//! Log batches, the Arrow messages inside them, keys and buckets (`fluss.md` 2.5, 2.6 and 2.9 to 2.11).

mod batch;
mod batches;
mod checked;
mod error;
mod head;
mod layout;
mod message;

pub use batch::LogBatch;
pub use batches::LogBatches;
pub use checked::{BufferSpan, CheckedMessage, PLAIN_ALIGNMENT};
pub use error::RecordError;
pub use head::{BatchContent, BatchHead, HEAD_LENGTH, NO_WRITER, stamp};
pub use layout::{Layout, LayoutField, Shape};
pub use message::{ALIGNMENT, Compression, Node, encode_message};
