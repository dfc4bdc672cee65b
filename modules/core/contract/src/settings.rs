//! Every limit and default of the engine.

use std::time::Duration;

use super::Login;

/// Every limit and default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How servers are found and talked to.
    pub connection: ConnectionSettings,
    /// How rows are written.
    pub write: WriteSettings,
    /// How rows are read.
    pub scan: ScanSettings,
    /// How rows are looked up.
    pub lookup: LookupSettings,
}

impl Settings {
    /// Every default, for these `host:port`.
    pub fn new(bootstrap: Vec<String>) -> Self {
        Self {
            connection: ConnectionSettings {
                bootstrap,
                connect_timeout: Duration::from_secs(10),
                request_timeout: Duration::from_secs(30),
                backoff: Duration::from_millis(50),
                backoff_limit: Duration::from_secs(2),
                frame_limit: 128 << 20,
                metadata_age: Duration::from_secs(300),
                command_timeout: Duration::from_secs(60),
                login: None,
            },
            write: WriteSettings {
                buffer_limit: 64 << 20,
                batch_bytes: 2 << 20,
                batch_rows: 65_536,
                linger: Duration::from_millis(100),
                request_bytes: 10 << 20,
                in_flight: 5,
                idempotent: true,
                acks: Acks::All,
                delivery_timeout: Duration::from_secs(120),
                assignment: Assignment::Sticky,
                create_partitions: true,
            },
            scan: ScanSettings {
                fetch_bytes: 16 << 20,
                bucket_bytes: 4 << 20,
                min_bytes: 1,
                max_wait: Duration::from_millis(500),
                batch_limit: 256 << 20,
                partition_interval: Duration::from_secs(5),
            },
            lookup: LookupSettings { request_keys: 1024, in_flight: 8, misplaced: false },
        }
    }
}

/// How servers are found and talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// `host:port` of the servers to begin with; at least one.
    pub bootstrap: Vec<String>,
    /// How long a connection may take to be made. Default 10 s.
    pub connect_timeout: Duration,
    /// How long a server may take to answer. Default 30 s.
    pub request_timeout: Duration,
    /// The first wait before trying again; it doubles, with jitter, up to `backoff_limit`. Default 50 ms.
    pub backoff: Duration,
    /// The longest wait before trying again. Default 2 s.
    pub backoff_limit: Duration,
    /// The longest frame that is taken, in bytes. Default 128 MiB.
    pub frame_limit: u32,
    /// How long a catalogue entry is used before it is asked for again. Default 5 min.
    pub metadata_age: Duration,
    /// How long a command other than a write may take with all its tries. Default 60 s.
    pub command_timeout: Duration,
    /// Who logs in to every server, by SASL/PLAIN; `None`: nobody. Default none. The records of the WIT do not have it:
    /// there it is said by `log-in`.
    pub login: Option<Login>,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteSettings {
    /// What rows on their way may hold, in bytes. Default 64 MiB.
    pub buffer_limit: u64,
    /// A batch is sealed at this size, in bytes. Default 2 MiB.
    pub batch_bytes: u32,
    /// A batch is sealed at this number of rows; at most 131072. One of a keyed table is sealed at 65000 whatever this
    /// says: a 0.9.1 server cannot make 131072 changes at once (`fluss.md` 6.11), and a key that it has makes two. Default
    /// 65536.
    pub batch_rows: u32,
    /// How long a batch may wait for more rows while an earlier request of its leader is under way; with none under way
    /// it leaves at once. Default 100 ms.
    pub linger: Duration,
    /// The longest request, in bytes. Default 10 MiB.
    pub request_bytes: u32,
    /// Batches in flight for each bucket, 1 to 5. Default 5.
    pub in_flight: u32,
    /// Whether writes carry a writer id and sequences, so that a retry cannot double rows. Default true; needs
    /// `Acks::All`.
    pub idempotent: bool,
    /// When a write counts as done. Default all.
    pub acks: Acks,
    /// How long a batch may take with all its tries. Default 120 s.
    pub delivery_timeout: Duration,
    /// Where rows without bucket key go. Default sticky.
    pub assignment: Assignment,
    /// Whether a partition that a row needs and the table does not have is created; otherwise the row fails. Default
    /// true.
    pub create_partitions: bool,
}

/// How rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSettings {
    /// The longest answer to a fetch, in bytes. Default 16 MiB.
    pub fetch_bytes: u32,
    /// The most of one bucket in an answer, in bytes. Default 4 MiB.
    pub bucket_bytes: u32,
    /// An answer waits for this many bytes. Default 1.
    pub min_bytes: u32,
    /// How long an answer may wait for them. Default 500 ms.
    pub max_wait: Duration,
    /// The most that the buffers of one batch may take decompressed, in bytes. Default 256 MiB.
    pub batch_limit: u32,
    /// How often a scan of all partitions that has no end looks for new ones. Default 5 s.
    pub partition_interval: Duration,
}

/// How rows are looked up. A lookup leaves at once while at most one request is under way to its server; what comes
/// meanwhile waits and leaves together. Full requests leave while fewer than `in_flight` are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupSettings {
    /// The most keys in one request. Default 1024.
    pub request_keys: u32,
    /// The most requests under way to one server. Default 8.
    pub in_flight: u32,
    /// Whether a key that its bucket does not have is also looked for where fluss-rs 1.0.0 (and pyfluss, which is made of
    /// it) puts it: these take the last bytes of a key that end its length past a multiple of four as unsigned, Fluss's
    /// Java client as signed, so that keys with such a byte of 0x80 or more end up in another bucket. Only for tables
    /// that both kinds of clients write. Default false.
    pub misplaced: bool,
}

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// All replicas in sync have it (-1 on the wire).
    All,
    /// The leader has it (1).
    Leader,
    /// It was sent (0).
    None,
}

/// Which bucket a row without bucket key goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// One bucket until its batch is full, then another.
    Sticky,
    /// Each write to the next bucket.
    RoundRobin,
}
