//! Batches of keys: build and read them, and the values that look-ups give (`fluss.md` 2.7, 2.8).

pub(crate) mod build;
mod read;
mod value;

pub use build::{KV_HEAD_LENGTH, KvBatchBuilder, KvContent, kv_head};
pub use read::{KvBatch, KvBatches, KvRecord};
pub use value::{Value, ValueBatch, ValueBatchBuilder};
