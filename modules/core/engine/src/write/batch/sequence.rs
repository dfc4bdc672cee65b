//! Batch sequences: from 0, and after the largest 32-bit number 0 again (`fluss.md` 3.4).

/// The sequence behind this one.
pub(crate) fn following(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

/// How many sequences lie from `first` up to, not including, `end`.
pub(crate) fn distance(first: i32, end: i32) -> u32 {
    let apart = (i64::from(end) - i64::from(first)).rem_euclid(1 << 31);
    u32::try_from(apart).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_round() {
        for (first, end, apart) in [(0, 0, 0), (0, 5, 5), (i32::MAX, 0, 1), (i32::MAX - 1, 2, 4)] {
            assert_eq!(distance(first, end), apart, "{first} to {end}");
            assert_eq!((0..apart).fold(first, |at, _| following(at)), end);
        }
    }
}
