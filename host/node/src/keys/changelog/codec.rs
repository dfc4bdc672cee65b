//! Compresses the buffers of changelog batches, and decompresses them when a log is read again (`fluss.md` 2.6).

use std::cell::RefCell;
use std::io::{Cursor, Read, Write};

use lz4_flex::frame::{BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use thalweg_wire::record::{ALIGNMENT, Compression, RecordError};
use thalweg_wire::table::LogCompression;

/// In place of a length: the buffer is as it was.
const STORED: i64 = -1;
const WHAT: &str = "buffer of a changelog batch";

thread_local! {
    /// The compressor of this thread with its level: making one costs more than a small buffer does.
    static ZSTD: RefCell<Option<(i32, zstd::bulk::Compressor<'static>)>> = const { RefCell::new(None) };
}

/// The body of an Arrow message.
pub(super) struct Encoded {
    /// The buffers, each followed by zeros up to a multiple of 8.
    pub(super) body: Vec<u8>,
    /// The length of each.
    pub(super) lengths: Vec<u32>,
    /// How they are compressed.
    pub(super) compression: Compression,
}

/// Compresses buffers as a table asks for.
pub(super) fn encode(codec: LogCompression, buffers: &[Vec<u8>]) -> Result<Encoded, RecordError> {
    let compression = match codec {
        LogCompression::None => Compression::None,
        LogCompression::Lz4Frame => Compression::Lz4Frame,
        LogCompression::Zstd { .. } => Compression::Zstd,
    };
    let plain: usize = buffers.iter().map(|buffer| buffer.len() + 16).sum();
    let mut body = Vec::with_capacity(plain);
    let mut lengths = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        let begin = body.len();
        match codec {
            LogCompression::None => body.extend_from_slice(buffer),
            _ if buffer.is_empty() => {}
            _ => compress(codec, buffer, &mut body).map_err(failed)?,
        }
        lengths.push(u32::try_from(body.len() - begin).map_err(failed)?);
        body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
    }
    Ok(Encoded { body, lengths, compression })
}

/// Adds one buffer with its prefix: its length, or -1 and its bytes as they were where compressing saves nothing.
fn compress(codec: LogCompression, buffer: &[u8], body: &mut Vec<u8>) -> std::io::Result<()> {
    let begin = body.len();
    body.extend_from_slice(&(buffer.len() as i64).to_le_bytes());
    match codec {
        LogCompression::Zstd { level } => zstd_into(level, buffer, body)?,
        _ => {
            let frame = FrameInfo::new().block_size(BlockSize::Auto).content_size(Some(buffer.len() as u64));
            let mut encoder = FrameEncoder::with_frame_info(frame, &mut *body);
            encoder.write_all(buffer)?;
            encoder.finish().map_err(std::io::Error::other)?;
        }
    }
    if body.len() - begin - size_of::<i64>() >= buffer.len() {
        body.truncate(begin);
        body.extend_from_slice(&STORED.to_le_bytes());
        body.extend_from_slice(buffer);
    }
    Ok(())
}

fn zstd_into(level: i32, buffer: &[u8], body: &mut Vec<u8>) -> std::io::Result<()> {
    body.reserve(zstd::zstd_safe::compress_bound(buffer.len()));
    ZSTD.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            *slot = Some((level, zstd::bulk::Compressor::new(level)?));
        }
        let Some((_, compressor)) = slot else { return Err(std::io::ErrorKind::NotFound.into()) };
        let position = body.len() as u64;
        let mut target = Cursor::new(body);
        target.set_position(position);
        compressor.compress_to_buffer(buffer, &mut target).map(drop)
    })
}

/// Puts a buffer of `length` bytes, which comes with its prefix, into the beginning of `out`.
pub(super) fn decode(compression: Compression, buffer: &[u8], length: u32, out: &mut [u8]) -> Result<(), RecordError> {
    let out = out.get_mut(..length as usize).ok_or_else(|| failed("it has no room"))?;
    let plain = match compression {
        Compression::None => Some(buffer),
        _ => {
            let (prefix, stored) = buffer.split_first_chunk().ok_or_else(|| failed("it is cut short"))?;
            if i64::from_le_bytes(*prefix) == STORED {
                Some(stored)
            } else {
                let mut stored = stored;
                let decoded = match compression {
                    Compression::Zstd => {
                        zstd::bulk::decompress_to_buffer(stored, out).map(|bytes| bytes == length as usize)
                    }
                    _ => FrameDecoder::new(&mut stored).read_exact(out).map(|()| true),
                };
                if !decoded.map_err(failed)? {
                    return Err(failed("it is shorter than it says"));
                }
                None
            }
        }
    };
    if let Some(plain) = plain {
        out.copy_from_slice(plain.get(..length as usize).ok_or_else(|| failed("it is cut short"))?);
    }
    Ok(())
}

fn failed(reason: impl std::fmt::Display) -> RecordError {
    RecordError::Corrupt { what: WHAT, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_as_they_were() {
        let random: Vec<u8> = (0..2000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let buffers = [vec![], vec![7; 3000], random, vec![1, 2, 3]];
        for codec in [LogCompression::None, LogCompression::Lz4Frame, LogCompression::Zstd { level: 3 }] {
            let encoded = encode(codec, &buffers).unwrap();
            let mut at = 0;
            for (buffer, length) in buffers.iter().zip(&encoded.lengths) {
                let bytes = &encoded.body[at..at + *length as usize];
                let mut out = vec![0; buffer.len() + 3];
                if !buffer.is_empty() {
                    decode(encoded.compression, bytes, buffer.len() as u32, &mut out).unwrap();
                }
                assert_eq!(&out[..buffer.len()], buffer);
                at += (*length as usize).next_multiple_of(ALIGNMENT);
            }
            assert_eq!(at, encoded.body.len());
        }
        assert!(decode(Compression::Zstd, b"short", 4, &mut [0; 4]).is_err());
        assert!(decode(Compression::Zstd, &[9, 0, 0, 0, 0, 0, 0, 0, 1, 2], 9, &mut [0; 9]).is_err());
    }
}
