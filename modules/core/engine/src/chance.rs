//! The engine's only source of chance: a small generator, seeded by the host.

/// SplitMix64: good enough for jitter and for choosing a server, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A generator; the same seed gives the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 128-bit product: no modulo bias worth speaking of.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn same_seed_same_numbers_and_bounds_hold() {
        let (mut one, mut other) = (Chance::new(7), Chance::new(7));
        for bound in [0, 1, 2, 10, u64::MAX] {
            let number = one.below(bound);
            assert_eq!(number, other.below(bound));
            assert!(number < bound.max(1));
        }
        assert_ne!(Chance::new(1).next(), Chance::new(2).next());
    }
}
