//! What a scan of current rows reads.

use thalweg_contract::Bucket;

use crate::module::ChainSpec;

/// What a scan of current rows reads.
#[derive(Debug, Clone)]
pub struct CurrentOptions {
    /// Columns by name, in the order wanted, behind any modules; `None`: all. Default `None`.
    pub columns: Option<Vec<String>>,
    /// The buckets; empty: all, or those of `partitions`. Default empty.
    pub buckets: Vec<Bucket>,
    /// The partitions by name; empty: all. Default empty.
    pub partitions: Vec<String>,
    /// At most so many rows, behind any modules; `None`: all. Default `None`.
    pub limit: Option<u64>,
    /// Only rows that fit this condition, in the words of the stock module `where`: `delay > 30 and origin in ('SEA')`. It
    /// comes before any modules, and is a module itself: rows are counted as filtered by `where`. Default `None`.
    pub filter: Option<String>,
    /// Modules that the rows go through; `None`: none. Default `None`.
    pub chain: Option<ChainSpec>,
    /// Whether the changes that follow are read too, without end. Default false.
    pub follow: bool,
    /// How many bytes of batches may be read ahead of the reader. Default 16 MiB.
    pub buffer: u64,
    /// What the rows of a bucket may take while its changelog is replayed, in bytes. Default 1 GiB.
    pub replay_limit: u64,
}

impl Default for CurrentOptions {
    fn default() -> Self {
        Self {
            columns: None,
            buckets: Vec::new(),
            partitions: Vec::new(),
            limit: None,
            filter: None,
            chain: None,
            follow: false,
            buffer: 16 << 20,
            replay_limit: 1 << 30,
        }
    }
}
