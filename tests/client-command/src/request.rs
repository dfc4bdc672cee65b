//! What the command is asked, and what it answers. Rows stand in frames of their own.

use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are what their names say; wit/client-async documents them")]
pub enum Request {
    /// A session with settings other than the defaults; the first request.
    Connect {
        server: String,
        fetch_bytes: Option<u32>,
        bucket_bytes: Option<u32>,
        batch_rows: Option<u32>,
        create_partitions: bool,
    },
    /// A frame of rows follows.
    Write {
        table: String,
        operation: Operation,
        columns: Option<Vec<u32>>,
        modules: Vec<Module>,
    },
    Scan {
        table: String,
        columns: Option<Vec<u32>>,
        start: Option<u64>,
        end: Option<u64>,
        buckets: Vec<u32>,
        partitions: Vec<String>,
        modules: Vec<Module>,
    },
    /// The current rows of all buckets of all partitions, or of these.
    Current {
        table: String,
        buckets: Vec<u32>,
        partitions: Vec<String>,
    },
    LimitScan {
        table: String,
        bucket: u32,
        limit: u32,
    },
    /// A frame of keys follows.
    Lookup {
        table: String,
        insert: bool,
    },
    /// A frame of prefixes follows.
    PrefixLookup {
        table: String,
    },
    CreatePartition {
        table: String,
        spec: Vec<(String, String)>,
    },
    DropPartition {
        table: String,
        spec: Vec<(String, String)>,
    },
    Partitions {
        table: String,
    },
    /// Appends a frame of rows, which follows, so many times, so many at once; and scans them all.
    BenchRows {
        table: String,
        batches: u32,
        at_once: u32,
    },
    /// Looks keys up for so many seconds, so many at once. The table's key is a BIGINT, from 0 on.
    BenchLookups {
        table: String,
        keys: i64,
        at_once: u32,
        seconds: f64,
    },
    /// Reads one batch, waits so many milliseconds, drops the reader, and scans anew to the end.
    DropReader {
        table: String,
        milliseconds: u64,
    },
    /// Reads a scan with a pause after each batch; gives the rows read.
    SlowReader {
        table: String,
        milliseconds: u64,
        batches: u32,
    },
    Close,
}

/// What is done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    Append,
    Upsert,
    Delete,
}

/// A module of a chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Module {
    pub name: String,
    pub config: String,
    pub on_error: Policy,
    pub on_failure: Policy,
}

/// What becomes of rows that a module does not treat.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Policy {
    Fail,
    Drop,
    Pass,
    DeadLetter(String),
}

/// What came of a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Why it failed.
    pub error: Option<String>,
    /// Whether trying again may help.
    pub retriable: bool,
    /// Of a write: rows acknowledged.
    pub acknowledged: u64,
    /// Of a write: rows that failed, and why the first of them did.
    pub failed: Option<(u64, String)>,
    /// For each module, how many rows it filtered.
    pub filtered: Vec<u64>,
    /// Rows dropped under a policy.
    pub dropped: u64,
    /// Rows given back as dead letters.
    pub dead_lettered: u64,
    /// Of a lookup: for each key how many rows it has.
    pub counts: Vec<u32>,
    /// Names of partitions.
    pub names: Vec<String>,
    /// Figures of a measurement: its name, and the figure.
    pub figures: Vec<(String, f64)>,
    /// What is said of each frame of rows that follows.
    pub rows: Vec<RowsHead>,
}

/// What is said of rows beside their columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RowsHead {
    /// The partition and the bucket.
    pub bucket: (Option<i64>, u32),
    /// The offset of each row; empty where they have none.
    pub offsets: Vec<u64>,
    /// The change of each row, as the wire has it.
    pub changes: Option<Vec<u8>>,
}
