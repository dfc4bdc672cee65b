//! Batches of logs, keys and values, the rows and Arrow messages inside them, keys, buckets and partitions (`fluss.md`
//! 2.5 to 2.12).

mod adapt;
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
mod key_lake;
mod kv_build;
mod kv_read;
mod layout;
mod log_rows;
mod message;
mod partition;
mod partition_text;
mod plain;
mod project;
mod read;
mod row;
mod value;

pub use adapt::{Adaptation, AdaptedMessage};
pub use batch::LogBatch;
pub use batches::{CutBatch, LogBatches};
pub use bucket::{BucketRule, assign};
pub use checked::{BufferSpan, CheckedMessage, PLAIN_ALIGNMENT};
pub use columns::ColumnsBuilder;
pub use error::RecordError;
pub use head::{BatchContent, BatchHead, HEAD_LENGTH, NO_WRITER, RowsContent, stamp};
pub use key::{KeyEncoder, KeyFormat, MAX_KEY_LENGTH, check_key_length};
pub use kv_build::{KV_HEAD_LENGTH, KvBatchBuilder, KvContent, kv_head};
pub use kv_read::{KvBatch, KvBatches, KvRecord};
pub use layout::{Layout, LayoutField, Shape};
pub use log_rows::{LogRow, LogRowsBuilder};
pub use message::{ALIGNMENT, Compression, Node, encode_message};
pub use partition::PartitionEncoder;
pub use plain::{PlainMessage, message_of};
pub use project::project;
pub use read::Records;
pub use row::{RowDecoder, RowEncoder, RowFields, RowFormat, Scalar};
pub use value::{Value, ValueBatch, ValueBatchBuilder};
