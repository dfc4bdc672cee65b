//! Answer frames.

use bytes::{Buf, BufMut, Bytes};
use prost::Message;

use super::{FrameError, LENGTH_PREFIX, MAX_RESPONSE_LENGTH, checked_length, put_length};

const SUCCESS: u8 = 0;
const ERROR: u8 = 1;
const FAILURE: u8 = 2;

/// How many bytes the header of a success or an error has; that of a failure has only the first of them.
const HEADER: usize = 5;

/// An answer, in the frame's own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// The call was carried out; errors of single buckets are in the body.
    Success {
        /// The request that it answers.
        request_id: i32,
        /// The message; shares the frame.
        body: Bytes,
    },
    /// The call was refused.
    Error {
        /// The request that it answers.
        request_id: i32,
        /// Why; see `message::ServerErrorCode`.
        code: i32,
        /// The server's text; may be empty.
        message: String,
    },
    /// The server failed outside of any request, and closes the connection.
    Failure {
        /// Why; see `message::ServerErrorCode`.
        code: i32,
        /// The server's text; may be empty.
        message: String,
    },
}

/// The body of an error answer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ErrorResponse {
    /// Required by the protocol; an `Option` so that a missing one is seen.
    #[prost(int32, optional, tag = "1")]
    pub error_code: Option<i32>,
    /// A text for people.
    #[prost(string, optional, tag = "2")]
    pub error_message: Option<String>,
}

/// How many bytes follow the length prefix of an answer.
///
/// # Errors
/// If an answer cannot have that many, or more than [`MAX_RESPONSE_LENGTH`].
pub fn response_length(prefix: [u8; LENGTH_PREFIX]) -> Result<usize, FrameError> {
    checked_length(prefix, 1, MAX_RESPONSE_LENGTH)
}

/// The request that a frame answers which begins so; `None`: it is no success, or not even its header is there.
pub fn success_of(head: &[u8]) -> Option<i32> {
    let [SUCCESS, id @ ..] = *head.first_chunk::<HEADER>()? else { return None };
    Some(i32::from_be_bytes(id))
}

/// Decodes an answer, without its length prefix; a body is not copied.
///
/// # Errors
/// If it ends within the header, is of an unknown type, or if the body of an error is malformed.
pub fn decode_response(mut frame: Bytes) -> Result<Response, FrameError> {
    let length = frame.len();
    let too_short = |expected| FrameError::TooShort { length: length as i64, expected };
    let response_type = frame.try_get_u8().map_err(|_| too_short(1))?;
    match response_type {
        SUCCESS | ERROR => {
            let request_id = frame.try_get_i32().map_err(|_| too_short(HEADER))?;
            if response_type == SUCCESS {
                return Ok(Response::Success { request_id, body: frame });
            }
            let (code, message) = decode_error(frame)?;
            Ok(Response::Error { request_id, code, message })
        }
        FAILURE => {
            let (code, message) = decode_error(frame)?;
            Ok(Response::Failure { code, message })
        }
        _ => Err(FrameError::UnknownType { response_type }),
    }
}

fn decode_error(body: Bytes) -> Result<(i32, String), FrameError> {
    let malformed = |reason| FrameError::MalformedError { reason };
    let error = ErrorResponse::decode(body).map_err(|error| malformed(error.to_string()))?;
    let code = error.error_code.ok_or_else(|| malformed("it has no error code".to_owned()))?;
    Ok((code, error.error_message.unwrap_or_default()))
}

/// Encodes a whole answer frame, length prefix included, in one allocation.
///
/// # Errors
/// If it would be longer than [`MAX_RESPONSE_LENGTH`].
pub fn encode_response(request_id: i32, body: &impl Message) -> Result<Vec<u8>, FrameError> {
    encode(SUCCESS, request_id, body)
}

/// Encodes a whole error frame, length prefix included. Failures (type 2) are never sent: fluss-rs misreads them
/// (`fluss.md` 2.1).
///
/// # Errors
/// If it would be longer than [`MAX_RESPONSE_LENGTH`].
pub fn encode_error_response(request_id: i32, code: i32, message: &str) -> Result<Vec<u8>, FrameError> {
    let body = ErrorResponse { error_code: Some(code), error_message: Some(message.to_owned()) };
    encode(ERROR, request_id, &body)
}

/// Writes what comes before the body of a success, length prefix included, for who sends a body of so many bytes apart.
///
/// # Errors
/// If the frame would be longer than [`MAX_RESPONSE_LENGTH`]; then nothing is written.
pub fn put_response_start(request_id: i32, body: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
    put_start(SUCCESS, request_id, body, out)
}

fn put_start(response_type: u8, request_id: i32, body: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
    put_length(HEADER, body, MAX_RESPONSE_LENGTH, out)?;
    out.put_u8(response_type);
    out.put_i32(request_id);
    Ok(())
}

fn encode(response_type: u8, request_id: i32, body: &impl Message) -> Result<Vec<u8>, FrameError> {
    let length = body.encoded_len();
    let mut frame = Vec::with_capacity(LENGTH_PREFIX + HEADER + length.min(MAX_RESPONSE_LENGTH));
    put_start(response_type, request_id, length, &mut frame)?;
    body.encode_raw(&mut frame);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::InitWriterResponse;

    fn without_prefix(frame: Vec<u8>) -> Bytes {
        let mut frame = Bytes::from(frame);
        let prefix = frame.split_to(LENGTH_PREFIX);
        assert_eq!(response_length(prefix.as_ref().try_into().unwrap()), Ok(frame.len()));
        frame
    }

    #[test]
    fn a_body_shares_the_frame() {
        let frame = without_prefix(encode_response(7, &InitWriterResponse { writer_id: 3 }).unwrap());
        let body_start = frame.as_ptr().wrapping_add(HEADER);
        let Response::Success { request_id: 7, body } = decode_response(frame).unwrap() else { panic!("no success") };
        assert_eq!(body.as_ptr(), body_start);
    }

    #[test]
    fn a_failure_has_no_request_id() {
        let frame = Bytes::from_static(b"\x02\x08\x19\x12\x04late");
        assert_eq!(decode_response(frame), Ok(Response::Failure { code: 25, message: "late".to_owned() }));
    }

    #[test]
    fn broken_answers_are_errors() {
        let cases: &[(&'static [u8], &str)] = &[
            (b"", "a frame of 0 bytes is too short: its header has 1"),
            (b"\0\0\0", "a frame of 3 bytes is too short: its header has 5"),
            (b"\x01\0\0\0\x01", "the body of an error answer is malformed: it has no error code"),
            (b"H", "an answer is of type 72, but only 0, 1 and 2 are known; is this a Fluss server?"),
        ];
        for (frame, expected) in cases {
            assert_eq!(decode_response(Bytes::from_static(frame)).unwrap_err().to_string(), *expected);
        }
    }

    proptest! {
        #[test]
        fn any_frame_gives_a_response_or_an_error(bytes: Vec<u8>) {
            let _ = decode_response(bytes.into());
        }

        #[test]
        fn errors_round_trip(request_id: i32, code: i32, message: String) {
            let frame = without_prefix(encode_error_response(request_id, code, &message).unwrap());
            prop_assert_eq!(decode_response(frame), Ok(Response::Error { request_id, code, message }));
        }

        #[test]
        fn successes_round_trip(request_id: i32, writer_id: i64) {
            let body = InitWriterResponse { writer_id };
            let frame = without_prefix(encode_response(request_id, &body).unwrap());
            let body = Bytes::from(body.encode_to_vec());
            prop_assert_eq!(decode_response(frame), Ok(Response::Success { request_id, body }));
        }
    }
}
