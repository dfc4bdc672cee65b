//! Rows sealed for one bucket: whose they are, where their bytes lie, and how far they have come.
//!
//! ```text
//! accumulator  the rows of one bucket that wait to become a batch
//! queue        the batches of one bucket in order: sequences, window, holes
//! sequence     the numbers of batches
//! ```

pub(crate) mod accumulator;
pub(crate) mod queue;
pub(crate) mod sequence;

use std::sync::Arc;

use thalweg_wire::record::{
    BatchContent, BatchHead, KvContent, NO_WRITER, Node, RecordError, RowsContent, encode_message, kv_head,
};

use crate::backoff::Backoff;
use thalweg_contract::{BufferId, Codec, Error, Instant, Range, RowSelection, Ticket};

/// Rows of one append within a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The append.
    pub(crate) ticket: Ticket,
    /// Which of its rows; in the batch they follow each other.
    pub(crate) rows: RowSelection,
}

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its body is being encoded.
    Encoding,
    /// It waits to be sent: for its turn, and no sooner than at this time.
    Waiting(Instant),
    /// A request with it is under way.
    Sent {
        /// To this server.
        leader: i32,
        /// A batch before it was sent again since, so that "out of order" is no surprise.
        overtaken: bool,
    },
}

/// What stands before its body.
#[derive(Debug, Clone)]
pub(crate) enum Head {
    /// The head of a log batch and the metadata of an Arrow message.
    Arrow {
        /// How its body is compressed.
        codec: Codec,
        /// Lengths and null counts of the fields.
        nodes: Vec<Node>,
        /// How many buffers its body has.
        buffers: usize,
    },
    /// The head of a log batch of rows one by one.
    Rows,
    /// The head of a key batch whose rows have these columns; empty: all.
    Keys(Arc<[i32]>),
}

/// Its body and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    /// The metadata of an Arrow message; empty without.
    message: Vec<u8>,
    buffer: BufferId,
    length: u32,
    checksum: u32,
}

/// Rows sealed for one bucket.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Rises in the order of opening, within a bucket also in the order of sending.
    pub(crate) id: u64,
    /// When it is given up.
    pub(crate) deadline: Instant,
    /// How many rows it has.
    pub(crate) rows: u32,
    /// The version of their schema.
    pub(crate) schema_id: i16,
    /// What stands before its body.
    pub(crate) head: Head,
    /// Whose rows they are; empty once they have their fates.
    pub(crate) parts: Vec<Part>,
    /// What it takes to remember whose rows they are, in bytes.
    pub(crate) parts_held: u64,
    /// What it counts in the budget, in bytes.
    pub(crate) held: u64,
    /// How far it has come.
    pub(crate) stage: Stage,
    /// There once it is encoded.
    pub(crate) body: Option<Body>,
    /// Its place among the batches of this writer and bucket; given at the first send. Stored here and nowhere else:
    /// heads are made of it anew for every send.
    pub(crate) sequence: Option<i32>,
    /// The last request that it went out with; 0: none yet.
    pub(crate) request: u64,
    /// A try ended without word on whether the server has it.
    pub(crate) uncertain: bool,
    /// Its rows have their fates; it stays only for the request that still refers to its body.
    pub(crate) settled: bool,
    /// Why the server may have lost track of it; told to its rows if they fail of that.
    pub(crate) failure: Option<Error>,
    /// The waits between its tries.
    pub(crate) backoff: Backoff,
}

impl Batch {
    /// Takes the encoded body; gives what the batch holds now, in bytes, or why the output does not fit the work.
    pub(crate) fn encoded(&mut self, buffer: BufferId, lengths: &[u32], checksum: u32) -> Result<u64, String> {
        let (expected, alignment) = match &self.head {
            Head::Arrow { buffers, .. } => (*buffers, 8),
            Head::Rows | Head::Keys(_) => (1, 1),
        };
        if lengths.len() != expected {
            return Err(format!("{expected} buffers were to be encoded but {} came back", lengths.len()));
        }
        let total: u64 = lengths.iter().map(|length| u64::from(*length).next_multiple_of(alignment)).sum();
        let length = u32::try_from(total).map_err(|_| format!("the body of {total} bytes is longer than 4 GiB"))?;
        let message = match &self.head {
            Head::Arrow { codec, nodes, .. } => encode_message(self.rows, nodes, lengths, *codec),
            Head::Rows | Head::Keys(_) => Vec::new(),
        };
        let held = self.parts_held + total + message.len() as u64;
        self.body = Some(Body { message, buffer, length, checksum });
        self.stage = Stage::Waiting(0);
        Ok(held)
    }

    /// What is sent before the body, for this writer; `None`: without writer id.
    pub(crate) fn head(&self, writer: Option<i64>) -> Result<Vec<u8>, RecordError> {
        let Some(body) = &self.body else {
            return Err(RecordError::CorruptMessage("it is not encoded yet".into()));
        };
        let (schema_id, records) = (self.schema_id, self.rows);
        let (body_length, body_checksum) = (body.length, body.checksum);
        let writer = writer.zip(self.sequence).unwrap_or(NO_WRITER);
        match &self.head {
            Head::Arrow { .. } => {
                let (changes, message) = (None, body.message.as_slice());
                let content = BatchContent { schema_id, writer, records, changes, message, body_length, body_checksum };
                Ok(BatchHead::encode(&content)?.into_bytes())
            }
            Head::Rows => {
                let append_only = true;
                let content = RowsContent { schema_id, writer, records, append_only, body_length, body_checksum };
                Ok(BatchHead::of_rows(&content)?.into_bytes())
            }
            Head::Keys(_) => {
                let content = KvContent { schema_id, records, body_length, body_checksum };
                Ok(kv_head(&content, writer)?.to_vec())
            }
        }
    }

    /// Of a key batch, the columns that its rows have; empty: all.
    pub(crate) fn columns(&self) -> Option<&Arc<[i32]>> {
        match &self.head {
            Head::Keys(columns) => Some(columns),
            Head::Arrow { .. } | Head::Rows => None,
        }
    }

    /// Where the body lies.
    pub(crate) fn body_range(&self) -> Option<Range> {
        self.body.as_ref().map(|body| Range { buffer: body.buffer, offset: 0, length: body.length })
    }

    /// Whether a request with it is under way.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::Sent { .. })
    }

    /// What head, body and the request's frame around them take, in bytes; never less.
    pub(crate) fn length(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| 128 + body.message.len() as u64 + u64::from(body.length))
    }
}
