//! Batches of logs, keys and values, the rows and Arrow messages inside them, keys, buckets and partitions (`fluss.md`
//! 2.5 to 2.12).
//!
//! ```text
//! batch      log batches, their heads, and batches of single rows
//! columns    rows as columns: layouts, and the Arrow messages inside batches
//! row        single rows as bytes
//! kv         batches of keys, and values
//! key        the keys of rows
//! bucket     the bucket of a key
//! partition  the partition of a row
//! change     what happened to a row
//! statistics what batches say of their columns; predicate: filters that go by it
//! checksum   that of bytes that lie apart
//! read       bytes taken one by one; place: written over; bits: bitmaps; error: what can be wrong
//! ```

mod batch;
mod bits;
mod bucket;
mod change;
mod checksum;
mod columns;
mod error;
mod key;
mod kv;
mod partition;
mod place;
mod predicate;
mod read;
mod row;
mod statistics;

pub use batch::{
    BatchContent, BatchHead, CutBatch, HEAD_LENGTH, LogBatch, LogBatches, LogRow, LogRowsBuilder, NO_WRITER,
    RowsContent, project, stamp,
};
pub use bucket::{BucketRule, assign};
pub use change::{ChangeType, UnknownChange};
pub use columns::{
    ALIGNMENT, Adaptation, AdaptedMessage, BufferSpan, CheckedMessage, ColumnsBuilder, Compression, Layout,
    LayoutField, Node, PLAIN_ALIGNMENT, Places, PlainMessage, Shape, encode_message, message_of,
};
pub use error::RecordError;
pub use key::{KeyEncoder, KeyFormat, MAX_KEY_LENGTH, check_key_length};
pub use kv::{
    KV_HEAD_LENGTH, KvBatch, KvBatchBuilder, KvBatches, KvContent, KvRecord, Value, ValueBatch, ValueBatchBuilder,
    kv_head,
};
pub use partition::PartitionEncoder;
pub use predicate::{Literal, Predicate, Test};
pub use read::Records;
pub use row::{RowDecoder, RowEncoder, RowFields, RowFormat, Scalar};
pub use statistics::{ColumnStatistics, Statistics, encode_statistics};
