//! Rows sealed for one bucket: whose they are, where their bytes lie, and how far they have come.

use thalweg_wire::record::{BatchContent, BatchHead, Compression, NO_WRITER, Node, RecordError, encode_message};

use crate::{
    api::{BufferId, Codec, Error, Instant, Range, RowSelection, Ticket},
    backoff::Backoff,
};

/// Rows of one append within a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The append.
    pub(super) ticket: Ticket,
    /// Which of its rows; in the batch they follow each other.
    pub(super) rows: RowSelection,
}

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
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

/// The body of its Arrow message and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    message: Vec<u8>,
    buffer: BufferId,
    length: u32,
    checksum: u32,
}

/// Rows sealed for one bucket.
#[derive(Debug)]
pub(super) struct Batch {
    /// Rises in the order of opening, within a bucket also in the order of sending.
    pub(super) id: u64,
    /// When it is given up.
    pub(super) deadline: Instant,
    /// How many rows it has.
    pub(super) rows: u32,
    /// The version of their schema.
    pub(super) schema_id: i16,
    /// How its body is compressed.
    pub(super) codec: Codec,
    /// Lengths and null counts of the fields.
    pub(super) nodes: Vec<Node>,
    /// How many buffers its body has.
    pub(super) buffers: usize,
    /// Whose rows they are; empty once they have their fates.
    pub(super) parts: Vec<Part>,
    /// What it takes to remember whose rows they are, in bytes.
    pub(super) parts_held: u64,
    /// What it counts in the budget, in bytes.
    pub(super) held: u64,
    /// How far it has come.
    pub(super) stage: Stage,
    /// There once it is encoded.
    pub(super) body: Option<Body>,
    /// Its place among the batches of this writer and bucket; given at the first send. Stored here and nowhere else:
    /// heads are made of it anew for every send.
    pub(super) sequence: Option<i32>,
    /// The last request that it went out with; 0: none yet.
    pub(super) request: u64,
    /// A try ended without word on whether the server has it.
    pub(super) uncertain: bool,
    /// Its rows have their fates; it stays only for the request that still refers to its body.
    pub(super) settled: bool,
    /// Why the server may have lost track of it; told to its rows if they fail of that.
    pub(super) failure: Option<Error>,
    /// The waits between its tries.
    pub(super) backoff: Backoff,
}

impl Batch {
    /// Takes the encoded body; gives what the batch holds now, in bytes, or why the output does not fit the work.
    pub(super) fn encoded(&mut self, buffer: BufferId, lengths: &[u32], checksum: u32) -> Result<u64, String> {
        if lengths.len() != self.buffers {
            return Err(format!("{} buffers were to be encoded but {} came back", self.buffers, lengths.len()));
        }
        let total: u64 = lengths.iter().map(|length| u64::from(*length).next_multiple_of(8)).sum();
        let length = u32::try_from(total).map_err(|_| format!("the body of {total} bytes is longer than 4 GiB"))?;
        let message = encode_message(self.rows, &self.nodes, lengths, compression(self.codec));
        let held = self.parts_held + total + message.len() as u64;
        self.body = Some(Body { message, buffer, length, checksum });
        self.stage = Stage::Waiting(0);
        Ok(held)
    }

    /// Header and metadata for this writer; `None`: without writer id.
    pub(super) fn head(&self, writer: Option<i64>) -> Result<Vec<u8>, RecordError> {
        let Some(body) = &self.body else {
            return Err(RecordError::CorruptMessage("it is not encoded yet".into()));
        };
        let content = BatchContent {
            schema_id: self.schema_id,
            writer: writer.zip(self.sequence).unwrap_or(NO_WRITER),
            records: self.rows,
            changes: None,
            message: &body.message,
            body_length: body.length,
            body_checksum: body.checksum,
        };
        Ok(BatchHead::encode(&content)?.into_bytes())
    }

    /// Where the body lies.
    pub(super) fn body_range(&self) -> Option<Range> {
        self.body.as_ref().map(|body| Range { buffer: body.buffer, offset: 0, length: body.length })
    }

    /// Whether a request with it is under way.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::Sent { .. })
    }

    /// What head, body and the request's frame around them take, in bytes; never less.
    pub(super) fn length(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| 128 + body.message.len() as u64 + u64::from(body.length))
    }
}

/// The codec by the name that the record format gives it.
fn compression(codec: Codec) -> Compression {
    match codec {
        Codec::None => Compression::None,
        Codec::Lz4Frame => Compression::Lz4Frame,
        Codec::Zstd => Compression::Zstd,
    }
}
