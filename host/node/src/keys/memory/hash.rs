//! Hashes of keys.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// What a key is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    /// Of no key.
    pub(crate) const NONE: Self = Self(0);

    /// Of a key. Differs from process to process, so that nobody can make keys that all meet in one place.
    pub(crate) fn of(key: &[u8]) -> Self {
        static SEEDS: OnceLock<[u64; 2]> = OnceLock::new();
        let [first, second] = *SEEDS.get_or_init(|| {
            let random = RandomState::new();
            [random.hash_one(1), random.hash_one(2)]
        });
        let (chunks, rest) = key.as_chunks::<8>();
        let mut state = first ^ key.len() as u64;
        for chunk in chunks {
            state = fold(state ^ u64::from_le_bytes(*chunk), second);
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        state = fold(state ^ u64::from_le_bytes(last), second);
        Self(fold(state, first | 1))
    }

    /// Its 64 bits.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

/// Both halves of a product, mixed.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}
