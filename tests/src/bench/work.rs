//! The kinds of work that are measured, and how much of each.

use serde_json::{Value, json};

/// How much is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How often each client does each kind of work.
    pub runs: usize,
    /// Rows that are appended in batches of 10,000, and that are scanned.
    pub rows: u64,
    /// Rows that are appended in batches of 1,000.
    pub small_batches: u64,
    /// Rows that are appended one at a time.
    pub single: u64,
    /// Rows of which each is awaited; of clients that wait for fuller batches, a fiftieth.
    pub awaited: u64,
    /// Rows that are upserted, and keys that are looked up.
    pub keyed: u64,
    /// Lookups of one caller; of clients that wait for fuller batches, a fiftieth.
    pub lookups: u64,
    /// Lookups of each of 128 callers.
    pub together: u64,
    /// Rows of keyed tables whose memory is measured; a third goes into a table with `partitions` partitions.
    pub held: u64,
    /// See `held`.
    pub partitions: u32,
    /// What the names of the kinds of work must have in them, one of these; empty: all are measured.
    pub only: Vec<String>,
}

impl Plan {
    /// What takes some minutes.
    pub fn full() -> Self {
        Self {
            runs: 3,
            rows: 10_000_000,
            small_batches: 4_000_000,
            single: 1_000_000,
            awaited: 2_500,
            keyed: 500_000,
            lookups: 5_000,
            together: 1_000,
            held: 3_000_000,
            partitions: 61,
            only: Vec::new(),
        }
    }

    /// What takes seconds and shows only that everything is measured.
    pub fn small() -> Self {
        Self {
            runs: 1,
            rows: 50_000,
            small_batches: 10_000,
            single: 5_000,
            awaited: 100,
            keyed: 10_000,
            lookups: 100,
            together: 10,
            held: 9_000,
            partitions: 3,
            only: Vec::new(),
        }
    }

    /// Whether work of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// What a table of the benchmark is like: `id BIGINT, name STRING, amount DOUBLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One bucket, with this codec of Fluss's option `table.log.arrow.compression.type`.
    Log(&'static str),
    /// The primary key `id`, three buckets.
    Keyed,
}

/// Where the rows are that work reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The work writes them, into a table of its own.
    Own,
    /// All clients read those of one table, which is written before.
    Shared,
}

/// One kind of work.
#[derive(Debug, Clone)]
pub struct Work {
    /// As the table names it.
    pub name: String,
    /// What is counted.
    pub unit: &'static str,
    /// Of the server, `fsync` or `os`.
    pub durability: &'static str,
    /// The table.
    pub shape: Shape,
    /// Whose rows.
    pub rows: Rows,
    /// Whether each waits for the one before: then waiting for fuller batches costs, and fluss-rs is also measured with a
    /// wait of 1 ms (with 0 its lookups never end).
    pub waits: bool,
    /// What a client is told, without table and server.
    pub command: Value,
}

impl Work {
    /// Work with this command, for a client that has this share of it to do.
    pub fn command(&self, share: u64) -> Value {
        let mut command = self.command.clone();
        let amount = if command["do"] == "bench-lookup" { "lookups" } else { "rows" };
        if let Some(all) = command[amount].as_u64() {
            command[amount] = json!((all / share).max(1));
        }
        command
    }
}

/// All kinds of work that are wanted, in the order of the table.
pub fn works(plan: &Plan) -> Vec<Work> {
    let append = |name: &str, shape, rows, batch| {
        let command = json!({"do": "bench-append", "rows": rows, "batch": batch});
        Work { name: name.into(), unit: "row", durability: "fsync", shape, rows: Rows::Own, waits: false, command }
    };
    let awaited = |name: &str, durability| {
        let command = json!({"do": "bench-await", "rows": plan.awaited});
        Work {
            name: name.into(),
            unit: "row",
            durability,
            shape: Shape::Log("ZSTD"),
            rows: Rows::Own,
            waits: true,
            command,
        }
    };
    let scan = |name: &str, codec| {
        let command = json!({"do": "bench-scan", "rows": plan.rows});
        let shape = Shape::Log(codec);
        Work { name: name.into(), unit: "row", durability: "fsync", shape, rows: Rows::Shared, waits: false, command }
    };
    let lookups = |name: &str, callers, lookups| {
        let command = json!({"do": "bench-lookup", "keys": plan.keyed, "callers": callers, "lookups": lookups});
        let (shape, rows) = (Shape::Keyed, Rows::Shared);
        Work { name: name.into(), unit: "lookup", durability: "fsync", shape, rows, waits: true, command }
    };
    let upsert = Work {
        name: "upsert".into(),
        unit: "row",
        durability: "fsync",
        shape: Shape::Keyed,
        rows: Rows::Own,
        waits: false,
        command: json!({"do": "bench-upsert", "rows": plan.keyed}),
    };
    let all = vec![
        append("append, batches of 10,000, zstd", Shape::Log("ZSTD"), plan.rows, 10_000),
        append("append, batches of 10,000, no compression", Shape::Log("NONE"), plan.rows, 10_000),
        append("append, batches of 1,000, zstd", Shape::Log("ZSTD"), plan.small_batches, 1_000),
        append("append, a row at a time, zstd", Shape::Log("ZSTD"), plan.single, 0),
        awaited("one awaited row after another, fsync", "fsync"),
        awaited("one awaited row after another, os", "os"),
        scan("scan, zstd", "ZSTD"),
        scan("scan, no compression", "NONE"),
        upsert,
        lookups("one lookup after another", 1, plan.lookups),
        lookups("lookups, 128 callers", 128, plan.together),
    ];
    all.into_iter().filter(|work| plan.wants(&work.name)).collect()
}
