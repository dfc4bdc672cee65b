//! Some of a row of bits, least significant bit of the first byte first.

use std::borrow::Cow;

/// The `count` bits from `first` on; `None` if they are not all there.
pub(super) fn some(bytes: &[u8], first: usize, count: usize) -> Option<Cow<'_, [u8]>> {
    let (from, shift) = (first / 8, first % 8);
    let needed = bytes.get(from..first.checked_add(count)?.div_ceil(8).max(from))?;
    if shift == 0 {
        return Some(Cow::Borrowed(needed));
    }
    let next = needed.iter().skip(1).chain([&0]);
    let mut moved: Vec<u8> = needed.iter().zip(next).map(|(low, high)| low >> shift | high << (8 - shift)).collect();
    moved.truncate(count.div_ceil(8));
    Some(Cow::Owned(moved))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bit(bytes: &[u8], at: usize) -> bool {
        bytes[at / 8] >> (at % 8) & 1 != 0
    }

    proptest! {
        #[test]
        fn bits_are_those_of_the_whole_row(
            bytes in prop::collection::vec(any::<u8>(), 0..20), a: prop::sample::Index, b: prop::sample::Index,
        ) {
            let first = a.index(bytes.len() * 8 + 1);
            let count = b.index(bytes.len() * 8 - first + 1);
            let found = some(&bytes, first, count).expect("they are there");
            prop_assert_eq!(found.len(), count.div_ceil(8));
            for at in 0..count {
                prop_assert_eq!(bit(&found, at), bit(&bytes, first + at));
            }
            prop_assert_eq!(some(&bytes, first, bytes.len() * 8 - first + 1), None);
            prop_assert_eq!(some(&bytes, usize::MAX, 1), None);
        }
    }
}
