//! Requests to the catalogue and their answers, and what a scan reads.

use thalweg_wire::table::{Schema, TableDescriptor, TablePath};

use super::{Bucket, ClusterRequest, Config, Health, Server};

/// The partition columns and their values, in key order.
pub type PartitionSpec = Vec<(String, String)>;

/// A table as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Its name.
    pub path: TablePath,
    /// The server's number for it; a table created anew has another.
    pub table_id: i64,
    /// The version of its schema; the first is 1.
    pub schema_id: i32,
    /// What it was created with, and what the server added.
    pub descriptor: TableDescriptor,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub modified: i64,
}

/// A question to the catalogue, or a change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what their names say; catalog.wit documents each case")]
pub enum Request {
    CreateDatabase {
        name: String,
        comment: Option<String>,
        properties: Vec<(String, String)>,
        if_not_exists: bool,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
    ListDatabases,
    ShowDatabase {
        name: String,
    },
    CreateTable {
        path: TablePath,
        descriptor: Box<TableDescriptor>,
        if_not_exists: bool,
    },
    DropTable {
        path: TablePath,
        if_exists: bool,
    },
    ListTables {
        database: String,
    },
    ShowTable {
        path: TablePath,
    },
    AlterTable {
        path: TablePath,
        set: Vec<(String, String)>,
        remove: Vec<String>,
    },
    /// Columns at the end of a table; the primary key of the schema does not count.
    AddColumns {
        path: TablePath,
        columns: Box<Schema>,
    },
    ListOffsets {
        path: TablePath,
    },
    ListPartitions {
        path: TablePath,
    },
    CreatePartition {
        path: TablePath,
        spec: PartitionSpec,
        if_not_exists: bool,
    },
    DropPartition {
        path: TablePath,
        spec: PartitionSpec,
        if_exists: bool,
    },
    /// About the cluster. The WIT has no words for it: it is asked of an engine that is linked natively.
    Cluster(ClusterRequest),
}

/// The answer to a `Request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// Names, sorted.
    Names(Vec<String>),
    /// To `ShowDatabase`.
    Database(DatabaseInfo),
    /// To `ShowTable`.
    Table(Box<TableInfo>),
    /// To `ListOffsets`, by partition and bucket.
    Offsets(Vec<BucketOffsets>),
    /// To `ListPartitions`, by name.
    Partitions(Vec<PartitionInfo>),
    /// To `ClusterRequest::Servers`.
    Servers(Vec<Server>),
    /// To `ClusterRequest::Configs`, by key.
    Configs(Vec<Config>),
    /// To `ClusterRequest::Health`.
    Health(Health),
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseInfo {
    /// Its name.
    pub name: String,
    /// A text for people.
    pub comment: Option<String>,
    /// The user's properties.
    pub custom_properties: Vec<(String, String)>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub modified: i64,
}

/// One partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// The server's number for it.
    pub partition_id: i64,
    /// The values of the partition columns in key order, joined with `$`.
    pub name: String,
    /// The partition columns and their values.
    pub spec: PartitionSpec,
}

/// A bucket's offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketOffsets {
    /// Which.
    pub bucket: Bucket,
    /// The first offset that it still has.
    pub earliest: u64,
    /// One past its last offset.
    pub latest: u64,
    /// How many rows it has: on a keyed table those that a lookup finds, where the server counts them (none does where the
    /// changelog has the WAL image); on a log table those between the two offsets.
    pub rows: Option<u64>,
}

/// What a scan reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSpec {
    /// Top-level columns by position, in the order wanted; `None`: all.
    pub columns: Option<Vec<u32>>,
    /// The buckets; empty: all. With buckets named, `partitions` is empty.
    pub buckets: Vec<Bucket>,
    /// The partitions by name (the values of the partition columns joined with `$`); empty: all, and a scan without end
    /// takes in those that appear while it runs. Only for partitioned tables.
    pub partitions: Vec<String>,
    /// Where each bucket begins.
    pub start: Start,
    /// Where each bucket ends.
    pub end: End,
}

/// Where a scan of a bucket begins. Buckets of a partition that appears while the scan runs begin at their first row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The first row that the bucket still has.
    Earliest,
    /// Behind the last row that is there now.
    Latest,
    /// An offset.
    Offset(u64),
    /// The first batch that the server took at this time or later, in milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// An offset for each of these buckets; all others begin at the first row that they still have.
    Offsets(Vec<(Bucket, u64)>),
}

/// Where a scan of a bucket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Never: the scan follows the table.
    Never,
    /// Behind the last row that is there when the scan begins.
    Latest,
    /// Before this offset.
    Offset(u64),
    /// Before the first batch that the server took at this time or later, in milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
}
