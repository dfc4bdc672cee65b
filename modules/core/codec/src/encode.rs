//! Compresses the buffers of one Arrow message into its body.

use std::io::Write;

use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

use crate::{CodecError, Compression, ENCODED_ALIGNMENT, NOT_COMPRESSED, Zstd, checksum, pad};

/// The body of an Arrow message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The buffers one after the other, each followed by zeros up to a multiple of 8 bytes.
    pub body: Vec<u8>,
    /// The length of each in bytes, without the zeros that follow it.
    pub lengths: Vec<u32>,
    /// CRC-32C of the whole body.
    pub checksum: u32,
}

/// The body of an Arrow message that is not compressed and stays in its buffers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// The length of each in bytes, without the zeros that follow it.
    pub lengths: Vec<u32>,
    /// CRC-32C of the whole body.
    pub checksum: u32,
}

/// What `encode` says of these buffers without a codec, without putting them into one body: each is followed by its
/// `padding` there.
pub fn plain(buffers: &[impl AsRef<[u8]>]) -> Result<Plain, CodecError> {
    let (mut lengths, mut checksum, mut bytes) = (Vec::with_capacity(buffers.len()), 0, 0);
    for buffer in buffers {
        let buffer = buffer.as_ref();
        let padding = padding(buffer.len());
        bytes += (buffer.len() + padding.len()) as u64;
        if bytes > u64::from(u32::MAX) {
            return Err(CodecError::TooLong { bytes });
        }
        lengths.push(buffer.len() as u32);
        checksum = crc32c::crc32c_append(crc32c::crc32c_append(checksum, buffer), padding);
    }
    Ok(Plain { lengths, checksum })
}

/// The zeros that follow a buffer of so many bytes in the body of an encoded message.
pub fn padding(length: usize) -> &'static [u8] {
    const ZEROS: [u8; ENCODED_ALIGNMENT] = [0; ENCODED_ALIGNMENT];
    ZEROS.get(..length.next_multiple_of(ENCODED_ALIGNMENT) - length).unwrap_or_default()
}

/// Compresses `buffers` into one body, in order; `level` is for zstd. Fails on a level that `Z` does not have.
///
/// With a codec, each buffer that is not empty begins with its uncompressed length as a little-endian `i64`, or with
/// -1 and its bytes as they were where compressing saved nothing.
pub fn encode<Z: Zstd>(codec: Compression, level: i32, buffers: &[impl AsRef<[u8]>]) -> Result<Encoded, CodecError> {
    let levels = Z::levels();
    if codec == Compression::Zstd && !levels.contains(&level) {
        return Err(CodecError::Level { level, lowest: *levels.start(), highest: *levels.end() });
    }
    let plain: usize = buffers.iter().map(|buffer| buffer.as_ref().len() + 16).sum();
    let mut body = Vec::with_capacity(plain);
    let mut lengths = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        let buffer = buffer.as_ref();
        let start = body.len();
        match codec {
            Compression::None => body.extend_from_slice(buffer),
            _ if buffer.is_empty() => {}
            _ => compress_one::<Z>(codec, level, buffer, &mut body)?,
        }
        lengths.push(u32::try_from(body.len() - start).map_err(|_| too_long(&body))?);
        pad(&mut body, ENCODED_ALIGNMENT);
    }
    if u32::try_from(body.len()).is_err() {
        return Err(too_long(&body));
    }
    if body.capacity() / 2 > body.len() {
        body.shrink_to_fit();
    }
    let checksum = checksum(&body);
    Ok(Encoded { body, lengths, checksum })
}

/// Appends one buffer that is not empty, with its prefix.
fn compress_one<Z: Zstd>(codec: Compression, level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = body.len();
    body.extend_from_slice(&(buffer.len() as i64).to_le_bytes());
    match codec {
        Compression::Zstd => Z::compress(level, buffer, body).map_err(CodecError::Failed)?,
        _ => lz4_into(buffer, body)?,
    }
    if body.len() - start - size_of::<i64>() >= buffer.len() {
        body.truncate(start);
        body.extend_from_slice(&NOT_COMPRESSED.to_le_bytes());
        body.extend_from_slice(buffer);
    }
    Ok(())
}

fn lz4_into(buffer: &[u8], body: &mut Vec<u8>) -> Result<(), CodecError> {
    let frame = FrameInfo::new().block_size(BlockSize::Auto).content_size(Some(buffer.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(frame, body);
    encoder.write_all(buffer).map_err(failed)?;
    encoder.finish().map(drop).map_err(failed)
}

fn failed(cause: impl std::fmt::Display) -> CodecError {
    CodecError::Failed(cause.to_string())
}

fn too_long(body: &[u8]) -> CodecError {
    CodecError::TooLong { bytes: body.len() as u64 }
}
