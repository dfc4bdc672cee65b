//! What the host is to do.

use super::{BufferId, ConnectionId, Event, Instant, Piece, Range, WorkId};

/// What the host is to do, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Open a TCP connection to `host:port`, with TCP_NODELAY, and report `connected` or `disconnected`.
    Connect {
        /// The number that it gets.
        connection: ConnectionId,
        /// `host:port`.
        address: String,
    },
    /// Send these pieces as one write.
    Send {
        /// Where to.
        connection: ConnectionId,
        /// The bytes, in order.
        pieces: Vec<Piece>,
    },
    /// Close a connection; it is not reported.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// Call `step` at this time; replaces the last one. It is said once: a call that comes before that time leaves it
    /// standing.
    WakeAt(Instant),
    /// Do this work.
    Work {
        /// Its number, for `Input::Done`.
        id: WorkId,
        /// What to do.
        work: Work,
    },
    /// Drop a buffer, once the actions before this one are carried out.
    Release(BufferId),
    /// Tell the user.
    Event(Event),
}

/// How the buffers of an Arrow message are compressed: by name what the record format has.
pub use thalweg_wire::record::Compression as Codec;

/// Heavy work, to be done on any thread and answered with `Input::Done`. The exact form of the bytes is said in
/// `wit/client/codec.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Compress buffers into the body of an Arrow message.
    Encode {
        /// How.
        codec: Codec,
        /// The level, for zstd.
        level: i32,
        /// The buffers in order.
        buffers: Vec<Vec<u8>>,
    },
    /// Take a checksum, and decompress buffers.
    Decode {
        /// What the checksum is taken of.
        checked: Option<Range>,
        /// How the buffers are compressed; with `Codec::None` they have no length prefix and are taken as they are.
        codec: Codec,
        /// Each buffer, with its length prefix (-1: the rest is not compressed), and its uncompressed length. A range
        /// without bytes stands for zeros.
        buffers: Vec<(Range, u32)>,
    },
    /// Hold these bytes as a buffer, as they are, and take their checksum. Answered with `WorkOutput::Encoded`, whose
    /// `lengths` is the one length of them all; nothing is padded.
    Keep(Vec<u8>),
}

/// What work gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkOutput {
    /// Of `Work::Encode` and `Work::Keep`.
    Encoded {
        /// The body of the message, or the bytes that were to be kept.
        buffer: BufferId,
        /// The length of each buffer in it, without the zeros that follow.
        lengths: Vec<u32>,
        /// CRC-32C of the buffer.
        checksum: u32,
    },
    /// Of `Work::Decode`.
    Decoded {
        /// The decompressed bytes, each buffer padded to 64; `None` if there was nothing to decompress.
        buffer: Option<BufferId>,
        /// CRC-32C of what was to be checked; 0 if nothing was.
        checksum: u32,
    },
    /// It could not be done: why.
    Failed(String),
}
