//! Log batches, the Arrow messages inside them, keys and buckets (`fluss.md` 2.5, 2.6 and 2.9 to 2.11).

mod batch;
mod batches;
mod bits;
mod bucket;
mod checked;
mod columns;
mod error;
mod fit;
mod gathered;
mod head;
mod key;
mod layout;
mod message;
mod project;

pub use batch::LogBatch;
pub use batches::LogBatches;
pub use bucket::{BucketRule, assign};
pub use checked::{BufferSpan, CheckedMessage, PLAIN_ALIGNMENT};
pub use columns::ColumnsBuilder;
pub use error::RecordError;
pub use head::{BatchContent, BatchHead, HEAD_LENGTH, NO_WRITER, stamp};
pub use key::KeyEncoder;
pub use layout::{Layout, LayoutField, Shape};
pub use message::{ALIGNMENT, Compression, Node, encode_message};
pub use project::project;
