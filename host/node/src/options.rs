//! What a node is started with: where it keeps its data, where it listens, and its limits.

use std::path::PathBuf;
use std::time::Duration;

use thalweg_tls::ServerTls;

/// When an appended batch counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On the disk: acknowledged after a flush, one flush for everything that arrived meanwhile. The default.
    #[default]
    Fsync,
    /// Handed to the operating system: survives the end of the process, not the loss of power. Files are flushed
    /// when they are full and when the node stops.
    Os,
    /// Like `Os`, and nothing is flushed until the node stops. After a loss of power a bucket is checked from its
    /// beginning and cut at the first batch that is not whole.
    Memory,
}

/// The least memory for rows of primary-key tables, in bytes.
pub const LEAST_MEMORY: usize = 8 << 20;

/// Bounds on what clients can make the node hold or do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest request in bytes, without its length prefix. Default 100 MiB, as Fluss.
    pub frame_bytes: usize,
    /// Bytes of requests of all connections together that may be held at once. Default 512 MiB.
    pub request_memory: usize,
    /// Bytes of log data in answers of all connections together that may be held at once. Default 512 MiB.
    pub answer_memory: usize,
    /// The most bytes of log data in one answer, whatever the client asks for. Default 64 MiB.
    pub answer_bytes: usize,
    /// Connections at once. Default 512: with the files of the logs that is below the usual limit of open files.
    pub connections: usize,
    /// Connections at once that have not logged in, of a node with users. Default 128.
    pub guests: usize,
    /// How long a connection may take to log in, to a node with users. Default 10 seconds.
    pub login: Duration,
    /// Logins that a connection may try. Default 3.
    pub login_attempts: u32,
    /// Requests of one connection that may wait for their answer. Default 256.
    pub requests_per_connection: usize,
    /// A connection without traffic for this long is closed. Default 10 minutes, as Fluss.
    pub idle: Duration,
    /// How long a request may trickle in beyond one second a MiB, and an answer out. Default 30 seconds.
    pub transfer: Duration,
    /// How long a TLS handshake may take, with the wait for its turn. Default 10 seconds.
    pub handshake: Duration,
    /// TLS handshakes under way at once; others wait for their turn. Default 128.
    pub handshakes: usize,
    /// The longest that a fetch may wait for data. Default 60 seconds.
    pub fetch_wait: Duration,
    /// Buckets of one table, those of all its partitions together. Default 128,000, as Fluss.
    pub buckets: u32,
    /// Partitions of one table. Default 1,000, as Fluss.
    pub partitions: usize,
    /// Buckets of all tables of the node. Default 262,144.
    pub all_buckets: u64,
    /// Tables of the node. Default 10,000.
    pub tables: usize,
    /// The size in bytes at which a segment of a bucket's log is closed. Default 256 MiB.
    pub segment_bytes: u64,
    /// Writers whose last sequences a bucket remembers; the longest silent is forgotten first. Default 10,000.
    pub writers_per_bucket: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 100 << 20,
            request_memory: 512 << 20,
            answer_memory: 512 << 20,
            answer_bytes: 64 << 20,
            connections: 512,
            guests: 128,
            login: Duration::from_secs(10),
            login_attempts: 3,
            requests_per_connection: 256,
            idle: Duration::from_secs(600),
            transfer: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            handshakes: 128,
            fetch_wait: Duration::from_secs(60),
            buckets: 128_000,
            partitions: 1000,
            all_buckets: 262_144,
            tables: 10_000,
            segment_bytes: 256 << 20,
            writers_per_bucket: 10_000,
        }
    }
}

/// What is kept, and how often that is checked. How long rows are kept is a table's own property, `table.log.ttl`.
#[derive(Debug, Clone)]
pub struct Retention {
    /// A bucket's oldest segments go as long as at least so many bytes stay; `None`: they stay. A table's custom
    /// property `thalweg.log.retention-bytes` goes before it. Default `None`.
    pub bytes: Option<u64>,
    /// The time between two checks, also of the partitions that follow the time. Default 5 minutes, as Fluss.
    pub interval: Duration,
    /// How long a silent writer's sequences are remembered. Default 7 days, as Fluss.
    pub writers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { bytes: None, interval: Duration::from_secs(300), writers: Duration::from_secs(7 * 86_400) }
    }
}

/// What a node is started with.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The folder for everything that it keeps; made when missing.
    pub data: PathBuf,
    /// Where it listens, `HOST:PORT`; port 0 picks a free one. Default `127.0.0.1:9123`.
    pub listen: String,
    /// What clients are told to connect to, `HOST:PORT`; port 0 means the port it listens on. Default: where it
    /// listens.
    pub advertise: Option<String>,
    /// A file with the users who may log in, and hashes of their passwords ([`users`](crate::users)); it is read again when it
    /// changes. `None`: nobody has to log in, or can. Default `None`.
    pub users: Option<PathBuf>,
    /// The certificate that it shows, so that clients connect with TLS, 1.3 or 1.2, and only so; files that change are
    /// read anew. Default: none, and clients connect without TLS.
    pub tls: Option<ServerTls>,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// Bytes for rows of primary-key tables that are not in files yet or were read from them, of all tables and partitions
    /// together. At least [`LEAST_MEMORY`]. Default 128 MiB.
    pub memory: usize,
    /// Bounds on what clients can do.
    pub limits: Limits,
    /// What is kept.
    pub retention: Retention,
}

impl NodeOptions {
    /// The defaults, with its data in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: "127.0.0.1:9123".to_owned(),
            advertise: None,
            users: None,
            tls: None,
            durability: Durability::default(),
            memory: 128 << 20,
            limits: Limits::default(),
            retention: Retention::default(),
        }
    }
}
