//! Zstd in Rust, for components: C is hard to link there.

use std::ops::RangeInclusive;

use structured_zstd::{
    decoding::FrameDecoder,
    encoding::{CompressionLevel, compress_slice_to_vec},
};
use thalweg_codec::Zstd;

/// Zstd in Rust, for components: C is hard to link there.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

impl Zstd for Portable {
    fn levels() -> RangeInclusive<i32> {
        CompressionLevel::MIN_LEVEL..=CompressionLevel::MAX_LEVEL
    }

    fn compress(level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), String> {
        body.extend(compress_slice_to_vec(buffer, CompressionLevel::from_level(level)));
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
