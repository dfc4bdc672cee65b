//! Decompresses the buffers of an Arrow message into one buffer.

use std::{cell::RefCell, io::BufRead, io::Cursor};

use lz4_flex::frame::FrameDecoder;
use thalweg_contract::Codec;

use super::{CodecError, NOT_COMPRESSED, pad};

/// Each decompressed buffer begins at a multiple of this many bytes.
const ALIGNMENT: usize = 64;

thread_local! {
    /// The decompressor of this thread.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Decompresses buffers into one, each followed by zeros up to a multiple of 64 bytes.
///
/// Each buffer comes with its length prefix (an `i64`; behind -1 the bytes are as they were) and its uncompressed length;
/// with `Codec::None` it has no prefix and is taken as it is. A buffer without bytes gives zeros. Nothing past these lengths is made, whatever the bytes say; a buffer that gives another length
/// than it should fails.
pub fn decode(codec: Codec, buffers: &[(&[u8], u32)]) -> Result<Vec<u8>, CodecError> {
    let total: u64 = buffers.iter().map(|(_, length)| u64::from(*length).next_multiple_of(ALIGNMENT as u64)).sum();
    let mut body = Vec::new();
    match usize::try_from(total) {
        Ok(total_bytes) if total <= u64::from(u32::MAX) && body.try_reserve_exact(total_bytes).is_ok() => {}
        _ => return Err(CodecError::TooLong { bytes: total }),
    }
    for (buffer, (bytes, length)) in buffers.iter().enumerate() {
        let start = body.len();
        match codec {
            _ if bytes.is_empty() => body.resize(start + *length as usize, 0),
            Codec::None => body.extend_from_slice(bytes),
            _ => {
                decode_one(codec, bytes, *length, &mut body).map_err(|cause| CodecError::Malformed { buffer, cause })?
            }
        }
        let actual = body.len() - start;
        if actual != *length as usize {
            return Err(CodecError::Length { buffer, expected: *length, actual });
        }
        pad(&mut body, ALIGNMENT);
    }
    Ok(body)
}

fn decode_one(codec: Codec, bytes: &[u8], length: u32, body: &mut Vec<u8>) -> Result<(), String> {
    let (prefix, bytes) = bytes.split_first_chunk().ok_or("it is shorter than its length prefix")?;
    let prefix = i64::from_le_bytes(*prefix);
    if prefix == NOT_COMPRESSED {
        if bytes.len() <= length as usize {
            body.extend_from_slice(bytes);
            return Ok(());
        }
        return Err(format!("it holds {} bytes as they were where {length} are due", bytes.len()));
    }
    if prefix != i64::from(length) {
        return Err(format!("its prefix says {prefix} bytes where {length} are due"));
    }
    match codec {
        Codec::None => Err("it has a prefix but no codec".to_owned()),
        Codec::Zstd => zstd_into(bytes, body),
        Codec::Lz4Frame => lz4_into(bytes, length, body),
    }
}

fn zstd_into(bytes: &[u8], body: &mut Vec<u8>) -> Result<(), String> {
    ZSTD.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(zstd::bulk::Decompressor::new().map_err(|cause| cause.to_string())?);
        }
        let Some(decompressor) = slot else { return Err("no decompressor".to_owned()) };
        let position = body.len() as u64;
        let mut target = Cursor::new(body);
        target.set_position(position);
        decompressor.decompress_to_buffer(bytes, &mut target).map(drop).map_err(|cause| cause.to_string())
    })
}

/// Takes block after block and stops at the first that is too much, so that a longer buffer makes no more than that.
fn lz4_into(bytes: &[u8], length: u32, body: &mut Vec<u8>) -> Result<(), String> {
    let mut decoder = FrameDecoder::new(bytes);
    let mut left = length as usize;
    loop {
        let block = decoder.fill_buf().map_err(|cause| cause.to_string())?;
        if block.is_empty() {
            return Ok(());
        }
        left = left.checked_sub(block.len()).ok_or_else(|| format!("it gives more than the {length} bytes due"))?;
        body.extend_from_slice(block);
        let taken = block.len();
        decoder.consume(taken);
    }
}
