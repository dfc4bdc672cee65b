//! Round trips, hostile bytes, and the layout of bodies.

use proptest::prelude::*;

use super::*;

const CODECS: [Compression; 2] = [Compression::Zstd, Compression::Lz4Frame];

fn encode(codec: Compression, level: i32, buffers: &[Vec<u8>]) -> Result<Encoded, CodecError> {
    super::encode::<Native>(codec, level, buffers)
}

fn decode(codec: Compression, bytes: &[u8], length: u32) -> Result<Vec<u8>, CodecError> {
    super::decode::<Native>(codec, &[(bytes, length)])
}

fn filled(codec: Compression, bytes: &[u8], length: u32) -> Result<Vec<u8>, String> {
    let mut out = vec![7; length as usize];
    decode_into::<Native>(codec, bytes, &mut out).map(|()| out)
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    [bytes, &vec![0; bytes.len().next_multiple_of(64) - bytes.len()]].concat()
}

/// What the reader of an Arrow message does: cuts the body by the lengths and looks at each prefix.
fn cut(encoded: &Encoded) -> Vec<(&[u8], u32)> {
    let mut at = 0;
    let mut buffers = Vec::new();
    for length in &encoded.lengths {
        let length = *length as usize;
        let buffer = &encoded.body[at..at + length];
        at += length.next_multiple_of(8);
        let plain = match buffer.first_chunk::<8>().map(|prefix| i64::from_le_bytes(*prefix)) {
            None => 0,
            Some(-1) => length as u32 - 8,
            Some(plain) => u32::try_from(plain).unwrap(),
        };
        buffers.push((buffer, plain));
    }
    assert_eq!(at, encoded.body.len());
    buffers
}

fn any_codec() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::Zstd), Just(Compression::Lz4Frame)]
}

proptest! {
    #[test]
    fn buffers_that_stay_apart_are_the_same_body(buffers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6)) {
        let encoded = encode(Compression::None, 0, &buffers).unwrap();
        let pieces: Vec<&[u8]> = buffers.iter().flat_map(|buffer| [&buffer[..], padding(buffer.len())]).collect();
        prop_assert_eq!(plain(&buffers).unwrap(), Plain { lengths: encoded.lengths, checksum: encoded.checksum });
        prop_assert_eq!(pieces.concat(), encoded.body);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(
        codec in any_codec(),
        level in 1i32..8,
        buffers in prop::collection::vec(
            (prop::collection::vec(0u8..4, 0..3000), 1usize..40).prop_map(|(bytes, n)| bytes.repeat(n)), 0..6),
    ) {
        let encoded = encode(codec, level, &buffers).unwrap();
        prop_assert_eq!(encoded.checksum, checksum(&encoded.body));
        let parts = cut(&encoded);
        let expected: Vec<u8> = buffers.iter().flat_map(|buffer| padded(buffer)).collect();
        prop_assert_eq!(super::decode::<Native>(codec, &parts).unwrap(), expected);
        for ((bytes, length), buffer) in parts.into_iter().zip(buffers) {
            prop_assert_eq!(filled(codec, bytes, length), Ok(buffer));
        }
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
        let decoded = decode(codec, &bytes, length);
        prop_assert_eq!(decoded.clone().ok(), filled(codec, &bytes, length).ok().map(|bytes| padded(&bytes)));
        if let Ok(decoded) = decoded {
            prop_assert_eq!(decoded.len(), (length as usize).next_multiple_of(64));
        }
    }
}

#[test]
fn without_a_codec_buffers_are_only_laid_out() {
    let encoded = encode(Compression::None, 0, &[b"abc".to_vec(), vec![], vec![7; 8]]).unwrap();
    assert_eq!(encoded.lengths, [3, 0, 8]);
    assert_eq!(encoded.body, b"abc\0\0\0\0\0\x07\x07\x07\x07\x07\x07\x07\x07");
}

#[test]
fn without_a_codec_bytes_stay_as_they_are_and_missing_ones_are_zeros() {
    assert_eq!(decode(Compression::None, b"abc", 3).unwrap(), padded(b"abc"));
    assert_eq!(filled(Compression::None, b"abc", 3).unwrap(), b"abc");
    for length in [2, 4] {
        assert!(
            decode(Compression::None, b"abc", length).is_err() && filled(Compression::None, b"abc", length).is_err()
        );
    }
    for codec in [Compression::None, Compression::Zstd, Compression::Lz4Frame] {
        assert_eq!(decode(codec, b"", 65).unwrap(), [0; 128]);
        assert_eq!(filled(codec, b"", 65).unwrap(), [0; 65]);
    }
}

#[test]
fn bytes_that_do_not_shrink_stay_as_they_are() {
    let noise: Vec<u8> = (0..64u64).flat_map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_le_bytes()).collect();
    for codec in CODECS {
        let encoded = encode(codec, 1, std::slice::from_ref(&noise)).unwrap();
        assert_eq!(encoded.body[..8], (-1i64).to_le_bytes());
        assert_eq!(encoded.body[8..], noise);
    }
}

#[test]
fn a_level_that_zstd_has_not_is_refused() {
    assert!(matches!(encode(Compression::Zstd, 99, &[vec![1]]), Err(CodecError::Level { level: 99, .. })));
}

#[test]
fn a_buffer_of_another_length_is_refused() {
    for codec in CODECS {
        let encoded = encode(codec, 1, &[vec![0u8; 1000]]).unwrap();
        let bytes = &encoded.body[..encoded.lengths[0] as usize];
        for length in [999u32, 1001, 0] {
            let lying = [&i64::from(length).to_le_bytes(), &bytes[8..]].concat();
            for bytes in [bytes, &lying, b"short"] {
                assert!(decode(codec, bytes, length).is_err(), "{codec:?} {length}");
                assert!(filled(codec, bytes, length).is_err(), "{codec:?} {length}");
            }
        }
    }
}

#[test]
fn lengths_past_4_gib_take_no_memory() {
    let buffers = [(b"", u32::MAX), (b"", u32::MAX)];
    assert!(matches!(super::decode::<Native>(Compression::Zstd, &buffers), Err(CodecError::TooLong { .. })));
}

#[test]
fn the_checksum_is_castagnoli() {
    assert_eq!(checksum(b"123456789"), 0xE306_9283);
}
