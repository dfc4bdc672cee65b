//! Writes into places that an encoder left open: lengths that are known only later, and bits.

/// Writes bytes over those at `at`.
#[expect(clippy::indexing_slicing, reason = "encoders make the places that they fill; no input decides on them")]
pub(crate) fn put<const N: usize>(out: &mut [u8], at: usize, bytes: [u8; N]) {
    out[at..at + N].copy_from_slice(&bytes);
}

/// Sets the bit at `position`, counted from the lowest of the byte at `begin`.
#[expect(clippy::indexing_slicing, reason = "encoders make the places that they fill; no input decides on them")]
pub(crate) fn set_bit(out: &mut [u8], begin: usize, position: usize) {
    out[begin + position / 8] |= 1 << (position % 8);
}
