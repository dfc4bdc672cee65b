//! The checksum of bytes that lie apart, from those of their parts.

/// The polynomial of CRC-32C, its highest power first in the lowest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The polynomial 1: its one bit is the highest.
const ONE: u32 = 1 << 31;
/// x to the powers 1, 2, 4, 8, .. modulo the polynomial.
const POWERS: [u32; 31] = powers();

#[expect(clippy::indexing_slicing, reason = "a wrong index would end the compilation")]
const fn powers() -> [u32; 31] {
    let mut powers = [ONE >> 1; 31];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = multiply(powers[at - 1], powers[at - 1]);
        at += 1;
    }
    powers
}

/// The product of two polynomials modulo that of the checksum.
const fn multiply(one: u32, mut other: u32) -> u32 {
    let (mut product, mut bit) = (0, ONE);
    while bit != 0 {
        if one & bit != 0 {
            product ^= other;
        }
        bit >>= 1;
        other = if other & 1 == 0 { other >> 1 } else { other >> 1 ^ POLYNOMIAL };
    }
    product
}

/// The CRC-32C of bytes and of `length` more behind them, from the checksum of each.
///
/// As `crc32c::crc32c_combine`, which squares a matrix for each bit of the length and took 50 µs for a batch of 2 MiB.
pub(crate) fn combine(first: u32, second: u32, length: usize) -> u32 {
    let (mut rest, mut power, mut shifted) = (length as u64, 3_usize, first);
    while rest != 0 {
        if rest & 1 == 1 {
            // The powers of x repeat after 2^31 - 1, so the square of the last is the first again.
            shifted = multiply(POWERS.get(power % POWERS.len()).copied().unwrap_or(ONE), shifted);
        }
        rest >>= 1;
        power += 1;
    }
    shifted ^ second
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_whole_has_the_checksum_that_its_parts_make(bytes in proptest::collection::vec(any::<u8>(), 0..5000), at: usize) {
            let (first, second) = bytes.split_at(at % (bytes.len() + 1));
            let combined = combine(crc32c::crc32c(first), crc32c::crc32c(second), second.len());
            prop_assert_eq!(combined, crc32c::crc32c(&bytes));
        }

        #[test]
        fn any_length_moves_as_the_crate_moves_it(first: u32, second: u32, length in 1..u32::MAX as usize) {
            prop_assert_eq!(combine(first, second, length), crc32c::crc32c_combine(first, second, length));
        }
    }
}
