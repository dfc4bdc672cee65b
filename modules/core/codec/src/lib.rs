//! Changes the compression of the buffers of Arrow messages; the zstd at work is chosen by the user of the crate.
//!
//! In a message whose buffers are compressed, each that is not empty begins with its uncompressed length as a
//! little-endian `i64`, or with -1 where its bytes are as they were. `wit/client/codec.wit` says the rest.
//!
//! Every function here blocks for as long as the bytes take.
//!
//! ```text
//! encode   buffers into the body of a message
//! decode   buffers of a message into one body, or one into a place that is there
//! native   zstd in C (feature `native`)
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod decode;
mod encode;
#[cfg(any(test, feature = "native"))]
mod native;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

pub use decode::{decode, decode_into};
pub use encode::{Encoded, Plain, encode, padding, plain};
#[cfg(any(test, feature = "native"))]
pub use native::Native;
pub use thalweg_wire::record::Compression;

/// A zstd: a compressor and a decompressor of whole buffers. The error of each says what is wrong with the bytes.
pub trait Zstd {
    /// The levels that it has.
    fn levels() -> RangeInclusive<i32>;

    /// Appends `buffer`, compressed with one of the levels, to `body`.
    fn compress(level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), String>;

    /// Appends what `bytes` decompress to, which should be `length` bytes, to `body`. Memory for more is not taken.
    fn decompress(bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String>;

    /// Decompresses `bytes` into the beginning of `out`, and gives how many bytes it made.
    fn decompress_into(bytes: &[u8], out: &mut [u8]) -> Result<usize, String>;
}

/// Why bytes could not be compressed or decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The codec has no such level.
    #[error("zstd has no level {level}; its levels are {lowest} to {highest}")]
    Level {
        /// What was asked for.
        level: i32,
        /// The lowest there is.
        lowest: i32,
        /// The highest there is.
        highest: i32,
    },
    /// A buffer gave more or fewer bytes than it should.
    #[error("buffer {buffer} decompresses to {actual} bytes where {expected} are due")]
    Length {
        /// Its position.
        buffer: usize,
        /// What it should give, in bytes.
        expected: u32,
        /// What it gave, in bytes.
        actual: usize,
    },
    /// A buffer is not what its codec writes.
    #[error("buffer {buffer} cannot be decompressed: {cause}")]
    Malformed {
        /// Its position.
        buffer: usize,
        /// What the codec says of it.
        cause: String,
    },
    /// The whole does not fit into memory, or is longer than 4 GiB.
    #[error("{bytes} bytes are more than fit into one buffer")]
    TooLong {
        /// The number of bytes.
        bytes: u64,
    },
    /// A codec failed for a reason of its own.
    #[error("{0}")]
    Failed(String),
}

/// In place of a length: the bytes that follow are not compressed though the message is.
const NOT_COMPRESSED: i64 = -1;
/// Each buffer of an encoded body begins at a multiple of this many bytes.
const ENCODED_ALIGNMENT: usize = thalweg_wire::record::ALIGNMENT;
/// Each buffer of a decoded body begins at a multiple of this many bytes.
const DECODED_ALIGNMENT: usize = 64;

/// CRC-32C (Castagnoli) of bytes, by the processor's own instruction where it has one.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Grows `body` with zeros to a multiple of `alignment`.
fn pad(body: &mut Vec<u8>, alignment: usize) {
    body.resize(body.len().next_multiple_of(alignment), 0);
}
