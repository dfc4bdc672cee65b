//! Zstd in Rust, for components: C is hard to link there.
//!
//! ```text
//! matcher  finds repeated bytes
//! ```

mod matcher;

use std::ops::RangeInclusive;

use structured_zstd::{
    decoding::FrameDecoder,
    encoding::{CompressionLevel, FrameCompressor},
};
use thalweg_codec::Zstd;

use self::matcher::FastMatcher;

/// Zstd in Rust, for components: C is hard to link there.
///
/// Every level compresses alike, about as level 1 of zstd does: the ways of the others make a component larger by 600 KB,
/// and gain little on columns of numbers and short texts.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Zstd for Portable {
    fn levels() -> RangeInclusive<i32> {
        CompressionLevel::MIN_LEVEL..=CompressionLevel::MAX_LEVEL
    }

    fn compress(_: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), String> {
        let matcher = FastMatcher::new(buffer.len());
        let mut compressor: FrameCompressor<&[u8], &mut Vec<u8>, FastMatcher> =
            FrameCompressor::new_with_matcher(matcher, CompressionLevel::Fastest);
        compressor.set_source_size_hint(buffer.len() as u64);
        compressor.set_source(buffer);
        compressor.set_drain(body);
        compressor.compress();
        Ok(())
    }

    fn decompress(bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String> {
        let start = body.len();
        body.resize(start + length, 0);
        let made = Self::decompress_into(bytes, body.get_mut(start..).unwrap_or_default())?;
        body.truncate(start + made);
        Ok(())
    }

    fn decompress_into(bytes: &[u8], out: &mut [u8]) -> Result<usize, String> {
        FrameDecoder::new().decode_all(bytes, out).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use thalweg_codec::{Compression, Native, decode, encode};

    use super::*;

    /// Columns as tables have them, bytes without any order, and repeats near and far.
    fn buffers() -> Vec<Vec<u8>> {
        let mut state = 7u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let rising: Vec<u8> = (0..50_000i64).flat_map(|at| (1_700_000_000_000 + at * 3).to_le_bytes()).collect();
        let small: Vec<u8> = (0..50_000).flat_map(|_| (random() as i32 % 300).to_le_bytes()).collect();
        let places = ["SEA", "PDX", "SFO", "a longer text", ""];
        let texts: Vec<u8> = (0..50_000).flat_map(|_| places[random() as usize % 5].bytes()).collect();
        let noise: Vec<u8> = (0..300_000).map(|_| random() as u8).collect();
        let far = [&noise[..], &vec![0; 900_000], &noise, &vec![0; 1 << 20], &noise].concat();
        let mut buffers = vec![rising, small, texts, far, vec![0; 3_000_000], noise];
        buffers.extend((0..40).map(|length| vec![1; length]));
        buffers.extend((0..40).map(|length| (0..length).map(|at| at as u8 % 3).collect()));
        buffers
    }

    #[test]
    fn buffers_of_every_kind_come_back_and_columns_shrink() {
        for (at, buffer) in buffers().into_iter().enumerate() {
            let encoded = encode::<Portable>(Compression::Zstd, 3, std::slice::from_ref(&buffer)).unwrap();
            let parts = [(&encoded.body[..encoded.lengths[0] as usize], buffer.len() as u32)];
            for decoded in [decode::<Native>(Compression::Zstd, &parts), decode::<Portable>(Compression::Zstd, &parts)]
            {
                assert!(decoded.unwrap()[..buffer.len()] == buffer, "buffer {at}");
            }
            let native = encode::<Native>(Compression::Zstd, 1, std::slice::from_ref(&buffer)).unwrap();
            let (ours, theirs) = (encoded.body.len(), native.body.len());
            assert!(ours <= theirs * 5 / 4 + 64, "buffer {at}: {ours} bytes, and {theirs} by the zstd of its authors");
        }
    }

    proptest! {
        #[test]
        fn what_one_zstd_compresses_the_other_decompresses(
            level in 1i32..8,
            buffer in (prop::collection::vec(0u8..4, 1..500), 4usize..20).prop_map(|(bytes, n)| bytes.repeat(n)),
        ) {
            let mut expected = buffer.clone();
            expected.resize(buffer.len().next_multiple_of(64), 0);
            for encoded in [
                encode::<Portable>(Compression::Zstd, level, std::slice::from_ref(&buffer)).unwrap(),
                encode::<Native>(Compression::Zstd, level, std::slice::from_ref(&buffer)).unwrap(),
            ] {
                let parts = [(&encoded.body[..encoded.lengths[0] as usize], buffer.len() as u32)];
                prop_assert_eq!(&decode::<Portable>(Compression::Zstd, &parts).unwrap(), &expected);
                prop_assert_eq!(&decode::<Native>(Compression::Zstd, &parts).unwrap(), &expected);
            }
        }

        #[test]
        fn any_bytes_decode_or_fail(
            bytes in prop::collection::vec(any::<u8>(), 0..200), length in 0u32..5000, prefixed: bool,
        ) {
            let prefix = i64::from(length).to_le_bytes();
            let bytes = if prefixed { [&prefix[..], &bytes].concat() } else { bytes };
            if let Ok(decoded) = decode::<Portable>(Compression::Zstd, &[(bytes, length)]) {
                prop_assert_eq!(decoded.len(), (length as usize).next_multiple_of(64));
            }
        }
    }

    #[test]
    fn another_length_than_due_fails() {
        let encoded = encode::<Portable>(Compression::Zstd, 3, &[[0; 1000]]).unwrap();
        let bytes = &encoded.body[..encoded.lengths[0] as usize];
        for length in [0u32, 999, 1001] {
            let lying = [&i64::from(length).to_le_bytes()[..], &bytes[8..]].concat();
            for bytes in [bytes, &lying] {
                assert!(decode::<Portable>(Compression::Zstd, &[(bytes, length)]).is_err(), "{length}");
            }
        }
        assert!(encode::<Portable>(Compression::Zstd, 99, &[[0; 10]]).is_err());
    }
}
