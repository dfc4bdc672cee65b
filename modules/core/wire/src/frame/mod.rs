//! Length-prefixed requests and answers and their headers (`fluss.md` 2.1).
//!
//! On the wire a frame is four bytes of length, big-endian, and that many bytes. Decoding here begins behind the length:
//! who reads the socket asks [`request_length`] or [`response_length`] how much to read, and hands the rest over as one
//! `Bytes`, which the decoded bodies share.

mod request;
mod response;

use bytes::BufMut;

pub use request::{RequestHeader, decode_request, encode_request, put_request_start, request_length};
pub use response::{
    ErrorResponse, Response, decode_response, encode_error_response, encode_response, put_response_start,
    response_length, success_of,
};

/// How many bytes the length before each frame has.
pub const LENGTH_PREFIX: usize = 4;

/// The longest request, in bytes without its length: what a Fluss server takes by default
/// (`netty.server.max-request-size`, 100 MiB).
pub const MAX_REQUEST_LENGTH: usize = 100 << 20;

/// The longest request without rows, in bytes without its length: what our node takes of any call but ProduceLog and
/// PutKv, since what is made of small parts takes up many times its size once it is decoded. Clients send no longer
/// lookups, to whatever server.
pub const MAX_PLAIN_REQUEST_LENGTH: usize = 4 << 20;

/// The longest answer that we take, in bytes without its length: 256 MiB, a bound of ours. A fetch asks for at most
/// some 16 MiB, but gets at least one batch however long that is, and a batch came in a request.
pub const MAX_RESPONSE_LENGTH: usize = 256 << 20;

/// A frame that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is longer than allowed.
    #[error("a frame of {length} bytes is longer than the {limit} bytes allowed; send less at once")]
    TooLong {
        /// Its length in bytes, without the prefix; `u64::MAX` if it cannot be counted.
        length: u64,
        /// What is allowed.
        limit: usize,
    },
    /// It ends before its header does.
    #[error("a frame of {length} bytes is too short: its header has {expected}")]
    TooShort {
        /// Its length in bytes, without the prefix; negative if the prefix says so.
        length: i64,
        /// What its header has.
        expected: usize,
    },
    /// The first byte of an answer is none of 0, 1, 2.
    #[error("an answer is of type {response_type}, but only 0, 1 and 2 are known; is this a Fluss server?")]
    UnknownType {
        /// The byte.
        response_type: u8,
    },
    /// The body of an error answer cannot be decoded.
    #[error("the body of an error answer is malformed: {reason}")]
    MalformedError {
        /// What is wrong with it.
        reason: String,
    },
}

/// The length that four bytes on the wire stand for, if it is within its bounds.
fn checked_length(prefix: [u8; LENGTH_PREFIX], expected: usize, limit: usize) -> Result<usize, FrameError> {
    let length = i32::from_be_bytes(prefix);
    match usize::try_from(length) {
        Ok(length) if length > limit => Err(FrameError::TooLong { length: length as u64, limit }),
        Ok(length) if length >= expected => Ok(length),
        _ => Err(FrameError::TooShort { length: length.into(), expected }),
    }
}

/// Writes the length prefix of a frame of a header and a body.
fn put_length(header: usize, body: usize, limit: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
    let length = header.saturating_add(body);
    match i32::try_from(length) {
        Ok(prefix) if length <= limit => {
            out.put_i32(prefix);
            Ok(())
        }
        _ => Err(FrameError::TooLong { length: u64::try_from(length).unwrap_or(u64::MAX), limit }),
    }
}
