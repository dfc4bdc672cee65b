//! What is said between a host and a module, in plain Rust: `wit/module/transform.wit`. Nothing that a module says is
//! checked here; `checks` does that.
//!
//! ```text
//! wit  the same from the types that a host or a component has of `transform.wit`
//! ```

mod wit;

pub use thalweg_contract::flat::{Field, FieldType, FlatField, FlatSchema, Schema};
use thalweg_wire::table::TablePath;

use crate::column::OwnedColumn;

/// What the rows are on their way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// New rows of a log table.
    Append,
    /// New or changed rows of a keyed table.
    Upsert,
    /// Keys to be deleted from a keyed table.
    Delete,
    /// A reader of current or appended rows.
    Scan,
    /// A reader of the changes of a keyed table.
    Changelog,
}

/// Where a module stands in a chain: what it is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The table that the rows go to or come from.
    pub table: &'a TablePath,
    /// What the rows are on their way to.
    pub operation: Operation,
    /// The columns of the rows before this module.
    pub input: &'a thalweg_wire::table::Schema,
    /// Its configuration: a JSON object.
    pub config: &'a str,
}

/// What a module does with the columns of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Positions of the top-level columns that it reads, in its order.
    pub reads: Vec<u32>,
    /// The columns after it, and where each comes from; `None`: it only chooses rows.
    pub output: Option<(Schema, Vec<Source>)>,
    /// Whether one instance must see every batch, in order.
    pub one_instance: bool,
}

/// Where a column of the output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A top-level column of the input, by its position.
    Input(u32),
    /// The next column that each outcome carries.
    Written,
}

/// What a module replies to a call: an answer, or why it refuses all rows of it.
pub type Reply = Result<Answer, Refusal>;

/// The answer to one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What became of the rows.
    pub outcome: Outcome,
    /// The rows refused.
    pub refused: Option<Refusals>,
}

/// What became of the rows of a call. Written columns are each followed by their children.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The selected rows, unchanged.
    Kept(Selection),
    /// The selected rows with the written columns, which are as long as the input.
    Replaced(Selection, Vec<OwnedColumn>),
    /// New rows.
    Produced(Production),
}

/// Which rows of the input go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// A bitmap, least significant bit of the first byte first: a set bit keeps its row.
    Rows(Vec<u8>),
}

/// Any number of rows for each of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Production {
    /// How many rows there are.
    pub rows: u32,
    /// For each row the row of the input that it came from, never decreasing.
    pub origins: Vec<u32>,
    /// The written columns, `rows` long.
    pub written: Vec<OwnedColumn>,
}

/// Rows that the module could not treat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// Rows of the input, rising.
    pub rows: Vec<u32>,
    /// For each of them a position in `messages`.
    pub causes: Vec<u32>,
    /// One sentence each.
    pub messages: Vec<String>,
}

/// Why a module refuses its configuration, its place or a whole batch: `error-code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A setting is not what it must be.
    InvalidConfig {
        /// The key of the configuration.
        key: String,
        /// What is expected.
        expected: String,
    },
    /// The input lacks a column, or has it with another type: what is missing.
    UnsuitableInput(String),
    /// Anything else; the text is for people.
    Other(String),
}
