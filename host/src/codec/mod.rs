//! The heavy work on bytes, done natively: compression and checksums, as `wit/client/codec.wit` says.
//!
//! Every function here blocks for as long as the bytes take; the driver runs them on the threads of its pool.

mod decode;
mod encode;

pub use decode::decode;
pub use encode::{Encoded, encode};

/// Why bytes could not be compressed or decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The codec has no such level.
    #[error("zstd has no level {level}; its levels are {lowest} to {highest}")]
    Level {
        /// What was asked for.
        level: i32,
        /// The lowest there is.
        lowest: i32,
        /// The highest there is.
        highest: i32,
    },
    /// A buffer gave more or fewer bytes than it should.
    #[error("buffer {buffer} decompresses to {actual} bytes where {expected} are due")]
    Length {
        /// Its position.
        buffer: usize,
        /// What it should give.
        expected: u32,
        /// What it gave.
        actual: usize,
    },
    /// A buffer is not what its codec writes.
    #[error("buffer {buffer} cannot be decompressed: {cause}")]
    Malformed {
        /// Its position.
        buffer: usize,
        /// What the codec says of it.
        cause: String,
    },
    /// The whole does not fit into memory, or past 4 GiB.
    #[error("{bytes} bytes are more than fit into one buffer")]
    TooLong {
        /// The number of bytes.
        bytes: u64,
    },
    /// A codec failed for a reason of its own.
    #[error("{0}")]
    Failed(String),
}

/// What stands before a buffer that is not compressed though the message is.
const NOT_COMPRESSED: i64 = -1;

/// CRC-32C (Castagnoli) of bytes, by the processor's own instruction where it has one.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Grows `body` with zeros to a multiple of `alignment`.
fn pad(body: &mut Vec<u8>, alignment: usize) {
    body.resize(body.len().next_multiple_of(alignment), 0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use thalweg_contract::Codec;

    use super::*;

    /// What the reader of an Arrow message does: cuts the body by the lengths and looks at each prefix.
    fn unpack(codec: Codec, encoded: &Encoded) -> Vec<Vec<u8>> {
        let mut at = 0;
        let mut buffers = Vec::new();
        for length in &encoded.lengths {
            let length = *length as usize;
            let buffer = &encoded.body[at..at + length];
            at += length.next_multiple_of(8);
            let plain = match buffer.first_chunk::<8>().map(|prefix| i64::from_le_bytes(*prefix)) {
                None => 0,
                Some(-1) => length - 8,
                Some(plain) => usize::try_from(plain).unwrap(),
            };
            let mut bytes = decode(codec, &[(buffer, plain as u32)]).unwrap();
            assert_eq!(bytes.len() % 64, 0);
            bytes.truncate(plain);
            buffers.push(bytes);
        }
        assert_eq!(at, encoded.body.len());
        buffers
    }

    fn any_codec() -> impl Strategy<Value = Codec> {
        prop_oneof![Just(Codec::Zstd), Just(Codec::Lz4Frame)]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            codec in any_codec(),
            buffers in prop::collection::vec(
                (prop::collection::vec(0u8..4, 0..3000), 1usize..40).prop_map(|(bytes, n)| bytes.repeat(n)), 0..6),
        ) {
            let encoded = encode(codec, 3, &buffers).unwrap();
            prop_assert_eq!(encoded.checksum, checksum(&encoded.body));
            prop_assert_eq!(unpack(codec, &encoded), buffers);
        }

        #[test]
        fn any_bytes_decode_or_fail(
            codec in any_codec(),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            length in 0u32..5000,
            prefixed in any::<bool>(),
        ) {
            let mut bytes = bytes;
            if prefixed {
                bytes.splice(..0, i64::from(length).to_le_bytes());
            }
            if let Ok(decoded) = decode(codec, &[(&bytes, length)]) {
                prop_assert_eq!(decoded.len(), (length as usize).next_multiple_of(64));
            }
        }
    }

    #[test]
    fn without_a_codec_buffers_are_only_laid_out() {
        let encoded = encode(Codec::None, 0, &[b"abc".to_vec(), vec![], vec![7; 8]]).unwrap();
        assert_eq!(encoded.lengths, [3, 0, 8]);
        assert_eq!(encoded.body, b"abc\0\0\0\0\0\x07\x07\x07\x07\x07\x07\x07\x07");
    }

    #[test]
    fn without_a_codec_bytes_stay_as_they_are_and_missing_ones_are_zeros() {
        let padded = |bytes: &[u8]| [bytes, &vec![0; bytes.len().next_multiple_of(64) - bytes.len()]].concat();
        assert_eq!(decode(Codec::None, &[(b"abc", 3)]).unwrap(), padded(b"abc"));
        assert!(decode(Codec::None, &[(b"abc", 2)]).is_err() && decode(Codec::None, &[(b"abc", 4)]).is_err());
        for codec in [Codec::None, Codec::Zstd, Codec::Lz4Frame] {
            assert_eq!(decode(codec, &[(b"", 65)]).unwrap(), [0; 128]);
        }
    }

    #[test]
    fn bytes_that_do_not_shrink_stay_as_they_are() {
        let noise: Vec<u8> = (0..64u64).flat_map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_le_bytes()).collect();
        for codec in [Codec::Zstd, Codec::Lz4Frame] {
            let encoded = encode(codec, 1, std::slice::from_ref(&noise)).unwrap();
            assert_eq!(encoded.body[..8], (-1i64).to_le_bytes());
            assert_eq!(encoded.body[8..], noise);
        }
    }

    #[test]
    fn a_level_that_zstd_has_not_is_refused() {
        assert!(matches!(encode(Codec::Zstd, 99, &[vec![1]]), Err(CodecError::Level { level: 99, .. })));
    }

    #[test]
    fn a_buffer_of_another_length_is_refused() {
        for codec in [Codec::Zstd, Codec::Lz4Frame] {
            let encoded = encode(codec, 1, &[vec![0u8; 1000]]).unwrap();
            let bytes = &encoded.body[..encoded.lengths[0] as usize];
            for length in [999u32, 1001, 0] {
                assert!(decode(codec, &[(bytes, length)]).is_err(), "{codec:?} {length}");
                let lying = [&i64::from(length).to_le_bytes(), &bytes[8..]].concat();
                assert!(decode(codec, &[(&lying, length)]).is_err(), "{codec:?} {length}");
            }
        }
    }

    #[test]
    fn the_checksum_is_castagnoli() {
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
    }
}
