//! The wire formats of Apache Fluss, as pure functions over bytes: what client and node share.
//!
//! ```text
//! frame    length-prefixed requests and answers, their headers
//! message  protobuf bodies, API keys, error codes
//! table    data types, schemas, table descriptors and their JSON and SQL forms
//! column   rows as columns in Arrow's layout, borrowed from whoever holds them
//! record   log batches, the Arrow messages inside them, keys and buckets
//! tree     maps and sets in order, made with little code
//! ```
//!
//! Arrows point one way: `frame` <- `message` <- `record`; `table` and `column` stand beneath all. Every decoder is
//! total: any bytes give a value or an error, and no length is believed before it is checked.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod column;
pub mod frame;
pub mod message;
pub mod record;
pub mod table;
pub mod tree;
