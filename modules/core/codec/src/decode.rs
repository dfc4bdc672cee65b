//! Decompresses the buffers of an Arrow message: all into one body, or one into a place that is there.

use std::io::{BufRead, Write};

use lz4_flex::frame::FrameDecoder;

use crate::{CodecError, Compression, DECODED_ALIGNMENT, NOT_COMPRESSED, Zstd, pad};

/// Decompresses buffers into one, each followed by zeros up to a multiple of 64 bytes.
///
/// Each buffer comes with its length prefix (an `i64`; behind -1 the bytes are as they were) and its uncompressed
/// length; with `Compression::None` it has no prefix and is taken as it is. A buffer without bytes gives zeros. Nothing
/// past these lengths is made, whatever the bytes say; a buffer that gives another length than it should fails.
pub fn decode<Z: Zstd>(codec: Compression, buffers: &[(impl AsRef<[u8]>, u32)]) -> Result<Vec<u8>, CodecError> {
    let padded = |length: u32| u64::from(length).next_multiple_of(DECODED_ALIGNMENT as u64);
    let total: u64 = buffers.iter().map(|(_, length)| padded(*length)).sum();
    let mut body = Vec::new();
    match usize::try_from(total) {
        Ok(total_bytes) if total <= u64::from(u32::MAX) && body.try_reserve_exact(total_bytes).is_ok() => {}
        _ => return Err(CodecError::TooLong { bytes: total }),
    }
    for (buffer, (bytes, expected)) in buffers.iter().enumerate() {
        let (bytes, length, start) = (bytes.as_ref(), *expected as usize, body.len());
        match codec {
            _ if bytes.is_empty() => body.resize(start + length, 0),
            Compression::None => body.extend_from_slice(bytes),
            _ => {
                append::<Z>(codec, bytes, length, &mut body).map_err(|cause| CodecError::Malformed { buffer, cause })?
            }
        }
        let actual = body.len() - start;
        if actual != length {
            return Err(CodecError::Length { buffer, expected: *expected, actual });
        }
        pad(&mut body, DECODED_ALIGNMENT);
    }
    Ok(body)
}

/// Decompresses one buffer, which comes as for `decode`, so that it fills `out`. The error says what is wrong with it.
pub fn decode_into<Z: Zstd>(codec: Compression, bytes: &[u8], out: &mut [u8]) -> Result<(), String> {
    let length = out.len();
    let content = match codec {
        _ if bytes.is_empty() => {
            out.fill(0);
            return Ok(());
        }
        Compression::None => stored(bytes, length)?,
        _ => content(bytes, length)?,
    };
    let made = match (content, codec) {
        (Content::Stored(bytes), _) => out.get_mut(..bytes.len()).map_or(0, |out| {
            out.copy_from_slice(bytes);
            bytes.len()
        }),
        (Content::Compressed(bytes), Compression::Zstd) => Z::decompress_into(bytes, out)?,
        (Content::Compressed(bytes), _) => lz4(bytes, length, out)?,
    };
    if made != length {
        return Err(format!("it gives {made} bytes where {length} are due"));
    }
    Ok(())
}

/// What stands behind the prefix of a buffer.
enum Content<'a> {
    /// The bytes as they were, at most as many as are due.
    Stored(&'a [u8]),
    Compressed(&'a [u8]),
}

/// Looks at the prefix of a buffer that should give `length` bytes.
fn content(bytes: &[u8], length: usize) -> Result<Content<'_>, String> {
    let (prefix, bytes) = bytes.split_first_chunk().ok_or("it is shorter than its length prefix")?;
    match i64::from_le_bytes(*prefix) {
        NOT_COMPRESSED => stored(bytes, length),
        prefix if usize::try_from(prefix) == Ok(length) => Ok(Content::Compressed(bytes)),
        prefix => Err(format!("its prefix says {prefix} bytes where {length} are due")),
    }
}

fn stored(bytes: &[u8], length: usize) -> Result<Content<'_>, String> {
    if bytes.len() > length {
        return Err(format!("it holds {} bytes as they were where {length} are due", bytes.len()));
    }
    Ok(Content::Stored(bytes))
}

/// Appends one decompressed buffer, which should give `length` bytes.
fn append<Z: Zstd>(codec: Compression, bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String> {
    match (content(bytes, length)?, codec) {
        (Content::Stored(bytes), _) => body.extend_from_slice(bytes),
        (Content::Compressed(bytes), Compression::Zstd) => Z::decompress(bytes, length, body)?,
        (Content::Compressed(bytes), _) => drop(lz4(bytes, length, body)?),
    }
    Ok(())
}

/// Writes block after block of an LZ4 frame and stops at the first that is too much, so that a frame that says less
/// than it holds makes no more than a block of it. Gives how many bytes there were.
fn lz4(bytes: &[u8], length: usize, mut out: impl Write) -> Result<usize, String> {
    let mut decoder = FrameDecoder::new(bytes);
    let mut left = length;
    loop {
        let block = decoder.fill_buf().map_err(|cause| cause.to_string())?;
        if block.is_empty() {
            return Ok(length - left);
        }
        left = left.checked_sub(block.len()).ok_or_else(|| format!("it gives more than the {length} bytes due"))?;
        out.write_all(block).map_err(|cause| cause.to_string())?;
        let taken = block.len();
        decoder.consume(taken);
    }
}
