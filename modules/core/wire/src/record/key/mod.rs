//! The keys of rows as bytes: Fluss's own way, and in lake those of Paimon and Iceberg (`fluss.md` 2.10).

mod encoder;
mod lake;

pub use encoder::{KeyEncoder, KeyFormat, MAX_KEY_LENGTH, check_key_length};
