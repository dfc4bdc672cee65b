//! What a scan reads.

use thalweg_contract::{Bucket, End, Start};

use crate::module::ChainSpec;

/// What a scan reads.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Columns by name, in the order wanted, behind any modules; `None`: all. Default `None`.
    pub columns: Option<Vec<String>>,
    /// The buckets; empty: all, or those of `partitions`. Default empty.
    pub buckets: Vec<Bucket>,
    /// The partitions by name; empty: all, and a scan without end takes in those that appear. Default empty.
    pub partitions: Vec<String>,
    /// Where each bucket begins. Default: the first row that it still has.
    pub start: Start,
    /// Where each bucket ends. Default: behind the last row that is there when the scan begins.
    pub end: End,
    /// At most so many rows, behind any modules; `None`: all. Default `None`.
    pub limit: Option<u64>,
    /// Only rows that fit this condition, in the words of the stock module `where`: `delay > 30 and origin in ('SEA')`. It
    /// comes before any modules, and is a module itself: rows are counted as filtered by `where`. Default `None`.
    pub filter: Option<String>,
    /// Modules that the rows go through; `None`: none. Default `None`.
    pub chain: Option<ChainSpec>,
    /// How many bytes of batches may be read ahead of the reader. Default 16 MiB.
    pub buffer: u64,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            columns: None,
            buckets: Vec::new(),
            partitions: Vec::new(),
            start: Start::Earliest,
            end: End::Latest,
            limit: None,
            filter: None,
            chain: None,
            buffer: 16 << 20,
        }
    }
}
