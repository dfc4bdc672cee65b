//! Protobuf bodies, API keys and error codes.
//!
//! The messages keep Fluss's names (`fluss.md` 2.4). Their `bytes` fields are slices of the frame that they were decoded
//! from. Decode with [`decode`]: unlike `prost::Message::decode` it refuses a message without a required field, as
//! Fluss's Java side does.

mod api_key;
mod error_code;
mod produce;
mod required;
mod skim;

#[expect(missing_docs, reason = "generated; proto/fluss.proto and fluss.md 2.4 say what the fields are")]
mod fluss {
    include!(concat!(env!("OUT_DIR"), "/fluss.rs"));
}

pub use api_key::{ApiKey, Request};
pub use error_code::ServerErrorCode;
pub use fluss::*;
pub use produce::{BucketRecords, PutKvHead, Segment, encode_produce_request, encode_put_kv_request};
pub use required::{DecodeError, Shaped, decode};
pub use skim::{ReadAt, SkimError, records_place, skim_fetch_log};

use crate::frame::{FrameError, encode_request};

/// Encodes a whole request frame of this API, length prefix included. `api_version` is what client and server agreed
/// on.
///
/// # Errors
/// If it would be longer than [`crate::frame::MAX_REQUEST_LENGTH`].
pub fn request_frame<R: Request>(api_version: i16, request_id: i32, request: &R) -> Result<Vec<u8>, FrameError> {
    encode_request(R::API.code(), api_version, request_id, request)
}
