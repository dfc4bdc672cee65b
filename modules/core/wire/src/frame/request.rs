//! Request frames.

use bytes::{Buf, BufMut, Bytes};
use prost::Message;

use super::{FrameError, LENGTH_PREFIX, MAX_REQUEST_LENGTH, checked_length, put_length};

/// How many bytes the header of a request has.
const HEADER: usize = 8;

/// What precedes the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which call; see `message::ApiKey`. Any number may come from the wire.
    pub api_key: i16,
    /// The version of the call.
    pub api_version: i16,
    /// The client's number for it, given back with the answer.
    pub request_id: i32,
}

/// How many bytes follow the length prefix of a request.
///
/// # Errors
/// If a request cannot have that many, or more than [`MAX_REQUEST_LENGTH`].
pub fn request_length(prefix: [u8; LENGTH_PREFIX]) -> Result<usize, FrameError> {
    checked_length(prefix, HEADER, MAX_REQUEST_LENGTH)
}

/// Splits a request, without its length prefix, into header and body.
///
/// # Errors
/// If it ends within the header.
pub fn decode_request(mut frame: Bytes) -> Result<(RequestHeader, Bytes), FrameError> {
    if frame.len() < HEADER {
        return Err(FrameError::TooShort { length: frame.len() as i64, expected: HEADER });
    }
    let header = RequestHeader { api_key: frame.get_i16(), api_version: frame.get_i16(), request_id: frame.get_i32() };
    Ok((header, frame))
}

/// Encodes a whole request frame, length prefix included, in one allocation.
///
/// # Errors
/// If it would be longer than [`MAX_REQUEST_LENGTH`].
pub fn encode_request(
    api_key: i16,
    api_version: i16,
    request_id: i32,
    body: &impl Message,
) -> Result<Vec<u8>, FrameError> {
    let length = body.encoded_len();
    let mut frame = Vec::with_capacity(LENGTH_PREFIX + HEADER + length.min(MAX_REQUEST_LENGTH));
    put_request_start(RequestHeader { api_key, api_version, request_id }, length, &mut frame)?;
    body.encode_raw(&mut frame);
    Ok(frame)
}

/// Appends length prefix and header of a request whose body has so many bytes.
///
/// # Errors
/// If it would be longer than [`MAX_REQUEST_LENGTH`]; then nothing is appended.
pub fn put_request_start(header: RequestHeader, body_length: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
    put_length(HEADER, body_length, MAX_REQUEST_LENGTH, out)?;
    out.put_i16(header.api_key);
    out.put_i16(header.api_version);
    out.put_i32(header.request_id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{ApiKey, ApiVersionsRequest};

    #[test]
    fn the_vector_of_fluss_md() {
        let request = ApiVersionsRequest {
            client_software_name: "fluss-rust".to_owned(),
            client_software_version: "1.0.0".to_owned(),
        };
        let expected: &[u8] = b"\x00\x00\x00\x1b\x03\xe8\0\0\0\0\0\0\x0a\x0afluss-rust\x12\x051.0.0";
        assert_eq!(encode_request(ApiKey::ApiVersions.code(), 0, 0, &request).unwrap(), expected);
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(request_length(8i32.to_be_bytes()), Ok(8));
        assert_eq!(request_length((100i32 << 20).to_be_bytes()), Ok(100 << 20));
        for length in [7, 0, -1, i32::MIN, (100 << 20) + 1, i32::MAX] {
            assert!(request_length(length.to_be_bytes()).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_frame_gives_a_header_or_an_error(bytes: Vec<u8>) {
            let enough = bytes.len() >= HEADER;
            prop_assert_eq!(decode_request(bytes.into()).is_ok(), enough);
        }

        #[test]
        fn requests_round_trip(api_key: i16, api_version: i16, request_id: i32, name: String) {
            let body = ApiVersionsRequest { client_software_name: name, ..Default::default() };
            let mut frame = Bytes::from(encode_request(api_key, api_version, request_id, &body).unwrap());
            let prefix = frame.split_to(LENGTH_PREFIX);
            prop_assert_eq!(request_length(prefix.as_ref().try_into().unwrap()), Ok(frame.len()));
            let (header, decoded) = decode_request(frame).unwrap();
            prop_assert_eq!(header, RequestHeader { api_key, api_version, request_id });
            prop_assert_eq!(decoded, body.encode_to_vec());
        }
    }
}
