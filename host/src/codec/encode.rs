//! Compresses the buffers of one Arrow message into its body.

use std::{cell::RefCell, io::Cursor, io::Write};

use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use thalweg_contract::Codec;

use super::{CodecError, NOT_COMPRESSED, checksum, pad};

/// The body of an Arrow message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The buffers one after the other, each followed by zeros up to a multiple of 8 bytes.
    pub body: Vec<u8>,
    /// The length of each without the zeros that follow it.
    pub lengths: Vec<u32>,
    /// CRC-32C of the whole body.
    pub checksum: u32,
}

thread_local! {
    /// The compressor of this thread with its level: making one costs more than a small buffer does.
    static ZSTD: RefCell<Option<(i32, zstd::bulk::Compressor<'static>)>> = const { RefCell::new(None) };
}

/// Compresses `buffers` into one body, in order; `level` is for zstd. Fails on a level that zstd does not have.
///
/// With a codec, each buffer that is not empty begins with its uncompressed length as a little-endian `i64`, or with
/// -1 and its bytes as they were where compressing saved nothing.
pub fn encode<B: AsRef<[u8]>>(codec: Codec, level: i32, buffers: &[B]) -> Result<Encoded, CodecError> {
    let range = zstd::compression_level_range();
    if codec == Codec::Zstd && !range.contains(&level) {
        return Err(CodecError::Level { level, lowest: *range.start(), highest: *range.end() });
    }
    let plain: usize = buffers.iter().map(|buffer| buffer.as_ref().len() + 16).sum();
    let mut body = Vec::with_capacity(plain);
    let mut lengths = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        let buffer = buffer.as_ref();
        let start = body.len();
        match codec {
            Codec::None => body.extend_from_slice(buffer),
            _ if buffer.is_empty() => {}
            _ => compress_one(codec, level, buffer, &mut body)?,
        }
        lengths.push(u32::try_from(body.len() - start).map_err(|_| too_long(&body))?);
        pad(&mut body, 8);
    }
    if body.len() > u32::MAX as usize {
        return Err(too_long(&body));
    }
    if body.capacity() / 2 > body.len() {
        body.shrink_to_fit();
    }
    let checksum = checksum(&body);
    Ok(Encoded { body, lengths, checksum })
}

/// Appends one buffer that is not empty, with its prefix.
fn compress_one(codec: Codec, level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = body.len();
    body.extend_from_slice(&(buffer.len() as i64).to_le_bytes());
    match codec {
        Codec::Zstd => zstd_into(level, buffer, body)?,
        _ => lz4_into(buffer, body)?,
    }
    if body.len() - start - 8 >= buffer.len() {
        body.truncate(start);
        body.extend_from_slice(&NOT_COMPRESSED.to_le_bytes());
        body.extend_from_slice(buffer);
    }
    Ok(())
}

fn zstd_into(level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), CodecError> {
    body.reserve(zstd::zstd_safe::compress_bound(buffer.len()));
    ZSTD.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            *slot = Some((level, zstd::bulk::Compressor::new(level).map_err(failed)?));
        }
        let Some((_, compressor)) = slot else { return Err(CodecError::Failed("no compressor".into())) };
        let position = body.len() as u64;
        let mut target = Cursor::new(body);
        target.set_position(position);
        compressor.compress_to_buffer(buffer, &mut target).map(drop).map_err(failed)
    })
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
