//! The exported heavy work on bytes, for hosts that cannot do it themselves: as `wit/client/codec.wit` says.

use std::io::{BufRead, Write};

use lz4_flex::frame::{BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use structured_zstd::{
    decoding::FrameDecoder as ZstdDecoder,
    encoding::{CompressionLevel, compress_slice_to_vec},
};

use crate::{
    Component,
    bindings::wit_codec::{Codec, DecodeInput, EncodeInput, EncodeOutput, Guest},
};

/// What stands before a buffer that is not compressed though the message is.
const NOT_COMPRESSED: i64 = -1;
/// The alignment of buffers in an encoded and in a decoded body.
const ENCODED_ALIGNMENT: usize = 8;
const DECODED_ALIGNMENT: usize = 64;

impl Guest for Component {
    fn encode(input: EncodeInput) -> Result<EncodeOutput, String> {
        encode(&input)
    }

    fn decode(input: DecodeInput) -> Result<Vec<u8>, String> {
        decode(&input)
    }

    fn checksum(bytes: Vec<u8>) -> u32 {
        crc32c::crc32c(&bytes)
    }
}

fn encode(input: &EncodeInput) -> Result<EncodeOutput, String> {
    let levels = CompressionLevel::MIN_LEVEL..=CompressionLevel::MAX_LEVEL;
    if input.codec == Codec::Zstd && !levels.contains(&input.level) {
        let (least, most) = (levels.start(), levels.end());
        return Err(format!("zstd has no level {}; its levels are {least} to {most}", input.level));
    }
    let mut body = Vec::with_capacity(input.buffers.iter().map(|buffer| buffer.len() + 16).sum());
    let mut lengths = Vec::with_capacity(input.buffers.len());
    for buffer in &input.buffers {
        let start = body.len();
        match input.codec {
            Codec::None => body.extend_from_slice(buffer),
            _ if buffer.is_empty() => {}
            codec => encode_one(codec, input.level, buffer, &mut body)?,
        }
        lengths.push(u32::try_from(body.len() - start).map_err(|_| "a buffer is longer than 4 GiB".to_owned())?);
        body.resize(body.len().next_multiple_of(ENCODED_ALIGNMENT), 0);
    }
    let checksum = crc32c::crc32c(&body);
    Ok(EncodeOutput { body, lengths, checksum })
}

/// Appends one buffer that is not empty, with its prefix.
fn encode_one(codec: Codec, level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), String> {
    let start = body.len();
    body.extend_from_slice(&(buffer.len() as i64).to_le_bytes());
    match codec {
        Codec::Zstd => body.extend(compress_slice_to_vec(buffer, CompressionLevel::from_level(level))),
        _ => {
            let frame = FrameInfo::new().block_size(BlockSize::Auto).content_size(Some(buffer.len() as u64));
            let mut encoder = FrameEncoder::with_frame_info(frame, &mut *body);
            encoder.write_all(buffer).map_err(|error| error.to_string())?;
            encoder.finish().map_err(|error| error.to_string())?;
        }
    }
    if body.len() - start - 8 >= buffer.len() {
        body.truncate(start);
        body.extend_from_slice(&NOT_COMPRESSED.to_le_bytes());
        body.extend_from_slice(buffer);
    }
    Ok(())
}

fn decode(input: &DecodeInput) -> Result<Vec<u8>, String> {
    let padded = input.buffers.iter().map(|(_, length)| u64::from(*length).next_multiple_of(DECODED_ALIGNMENT as u64));
    let total: u64 = padded.sum();
    let mut body = Vec::new();
    match usize::try_from(total) {
        Ok(bytes) if total <= u64::from(u32::MAX) && body.try_reserve_exact(bytes).is_ok() => {}
        _ => return Err(format!("{total} bytes are more than fit into one buffer")),
    }
    for (at, (bytes, length)) in input.buffers.iter().enumerate() {
        let start = body.len();
        match input.codec {
            _ if bytes.is_empty() => body.resize(start + *length as usize, 0),
            Codec::None => body.extend_from_slice(bytes),
            codec => decode_one(codec, bytes, *length as usize, &mut body)
                .map_err(|reason| format!("buffer {at} cannot be decompressed: {reason}"))?,
        }
        let given = body.len() - start;
        if given != *length as usize {
            return Err(format!("buffer {at} decompresses to {given} bytes where {length} are due"));
        }
        body.resize(body.len().next_multiple_of(DECODED_ALIGNMENT), 0);
    }
    Ok(body)
}

/// Appends one decompressed buffer, of at most `length` bytes.
fn decode_one(codec: Codec, bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String> {
    let (prefix, bytes) = bytes.split_first_chunk().ok_or("it is shorter than its length prefix")?;
    match i64::from_le_bytes(*prefix) {
        NOT_COMPRESSED if bytes.len() <= length => {
            body.extend_from_slice(bytes);
            return Ok(());
        }
        NOT_COMPRESSED => return Err(format!("it holds {} bytes as they were where {length} are due", bytes.len())),
        prefix if usize::try_from(prefix) != Ok(length) => {
            return Err(format!("its prefix says {prefix} bytes where {length} are due"));
        }
        _ => {}
    }
    match codec {
        Codec::None => Err("it has a prefix but no codec".into()),
        Codec::Zstd => {
            let start = body.len();
            body.resize(start + length, 0);
            let target = body.get_mut(start..).unwrap_or_default();
            let given = ZstdDecoder::new().decode_all(bytes, target).map_err(|error| error.to_string())?;
            body.truncate(start + given);
            Ok(())
        }
        Codec::Lz4Frame => decode_lz4(bytes, length, body),
    }
}

/// Takes block after block and stops at the first that is too much.
fn decode_lz4(bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String> {
    let mut decoder = FrameDecoder::new(bytes);
    let mut left = length;
    loop {
        let block = decoder.fill_buf().map_err(|error| error.to_string())?;
        if block.is_empty() {
            return Ok(());
        }
        left = left.checked_sub(block.len()).ok_or_else(|| format!("it gives more than the {length} bytes due"))?;
        body.extend_from_slice(block);
        let taken = block.len();
        decoder.consume(taken);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codecs() -> impl Strategy<Value = Codec> {
        prop_oneof![Just(Codec::Zstd), Just(Codec::Lz4Frame)]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            codec in codecs(), level in 1i32..8,
            buffers in proptest::collection::vec(
                (proptest::collection::vec(0u8..4, 0..500), 1usize..20).prop_map(|(bytes, n)| bytes.repeat(n)), 0..5),
        ) {
            let output = encode(&EncodeInput { codec, level, buffers: buffers.clone() }).unwrap();
            prop_assert_eq!(output.checksum, crc32c::crc32c(&output.body));
            let mut at = 0;
            let encoded = buffers.iter().zip(&output.lengths).map(|(plain, length)| {
                let bytes = output.body[at..at + *length as usize].to_vec();
                at += (*length as usize).next_multiple_of(8);
                (bytes, plain.len() as u32)
            });
            let input = DecodeInput { codec, buffers: encoded.collect() };
            let mut expected = Vec::new();
            for plain in &buffers {
                expected.extend_from_slice(plain);
                expected.resize(expected.len().next_multiple_of(64), 0);
            }
            prop_assert_eq!(decode(&input).unwrap(), expected);
        }

        #[test]
        fn any_bytes_decode_or_fail(
            codec in codecs(), bytes in proptest::collection::vec(any::<u8>(), 0..200), length in 0u32..5000,
            prefixed: bool,
        ) {
            let prefix = i64::from(length).to_le_bytes();
            let bytes = if prefixed { [&prefix[..], &bytes].concat() } else { bytes };
            if let Ok(decoded) = decode(&DecodeInput { codec, buffers: vec![(bytes, length)] }) {
                prop_assert_eq!(decoded.len(), (length as usize).next_multiple_of(64));
            }
        }
    }

    #[test]
    fn another_length_than_due_fails() {
        for codec in [Codec::Zstd, Codec::Lz4Frame] {
            let output = encode(&EncodeInput { codec, level: 3, buffers: vec![vec![0; 1000]] }).expect("it encodes");
            let bytes = output.body[..output.lengths[0] as usize].to_vec();
            for length in [0u32, 999, 1001] {
                let lying = [&i64::from(length).to_le_bytes()[..], &bytes[8..]].concat();
                for bytes in [bytes.clone(), lying] {
                    assert!(decode(&DecodeInput { codec, buffers: vec![(bytes, length)] }).is_err(), "{length}");
                }
            }
        }
    }

    #[test]
    fn without_a_codec_buffers_are_only_laid_out() {
        let buffers = vec![b"abc".to_vec(), Vec::new(), vec![7; 8]];
        let output = encode(&EncodeInput { codec: Codec::None, level: 0, buffers }).expect("it encodes");
        assert_eq!(
            (&output.lengths[..], &output.body[..]),
            (&[3, 0, 8][..], &b"abc\0\0\0\0\0\x07\x07\x07\x07\x07\x07\x07\x07"[..])
        );
        assert!(encode(&EncodeInput { codec: Codec::Zstd, level: 99, buffers: Vec::new() }).is_err());
    }

    #[test]
    fn without_a_codec_bytes_stay_as_they_are_and_missing_ones_are_zeros() {
        let decoded =
            |codec, bytes: &[u8], length| decode(&DecodeInput { codec, buffers: vec![(bytes.to_vec(), length)] });
        let padded = |bytes: &[u8]| [bytes, &vec![0; bytes.len().next_multiple_of(64) - bytes.len()]].concat();
        assert_eq!(decoded(Codec::None, b"abc", 3), Ok(padded(b"abc")));
        assert!(decoded(Codec::None, b"abc", 2).is_err() && decoded(Codec::None, b"abc", 4).is_err());
        for codec in [Codec::None, Codec::Zstd, Codec::Lz4Frame] {
            assert_eq!(decoded(codec, b"", 65), Ok(vec![0; 128]));
        }
    }
}
