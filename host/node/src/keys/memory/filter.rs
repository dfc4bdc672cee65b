//! Which keys the files of a table or partition may have, in memory: one look for a new key instead of one into each file.
//!
//! Bits in blocks of one line of the processor's cache, in layers each at least twice as large as the one before it, since a
//! full one cannot grow. A key that was never added is told apart from those that were in all but about one of a hundred
//! cases a layer; one that was is always found.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use super::hash::Hash;
use crate::runtime::sync::{read, write};

/// Keys of a block: ten bits each.
const KEYS_PER_BLOCK: usize = size_of::<Block>() * 8 / 10;
/// Keys that the first layer has room for at least.
const FIRST_KEYS: usize = 1 << 10;

/// A line of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Block([AtomicU64; 8]);

/// A part of a filter that cannot grow.
#[derive(Debug)]
pub(crate) struct Layer {
    blocks: Box<[Block]>,
    /// How many keys it still has room for.
    left: AtomicUsize,
}

/// The memory that filters may take, of the node.
#[derive(Debug)]
pub(crate) struct FilterMemory {
    left: AtomicUsize,
}

/// A filter that grows, as long as there is memory for it; then it is given up.
#[derive(Debug)]
pub(crate) struct Filter {
    memory: Arc<FilterMemory>,
    /// `None`: given up.
    layers: RwLock<Option<Layers>>,
}

/// A filter as it is at one moment. Keys that are added later may be missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(Vec<Arc<Layer>>);

impl FilterMemory {
    /// At most so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes) }
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Layer {
    fn new(keys: usize) -> Self {
        let blocks = keys.div_ceil(KEYS_PER_BLOCK).max(1);
        Self {
            blocks: std::iter::repeat_with(Block::default).take(blocks).collect(),
            left: AtomicUsize::new(blocks * KEYS_PER_BLOCK),
        }
    }

    fn keys(&self) -> usize {
        self.blocks.len() * KEYS_PER_BLOCK
    }

    fn memory(&self) -> usize {
        size_of_val(&*self.blocks)
    }

    /// The block of a key: the upper half of its hash says. There are fewer than 2^32.
    fn block(&self, hash: Hash) -> Option<&Block> {
        let at = ((hash.number() >> 32) * self.blocks.len() as u64) >> 32;
        self.blocks.get(at as usize)
    }

    /// Adds a key.
    pub(crate) fn add(&self, hash: Hash) {
        if let Some(Block(words)) = self.block(hash) {
            for (word, bits) in words.iter().zip(bits(hash)) {
                word.fetch_or(bits, Ordering::Relaxed);
            }
        }
    }

    fn may_have(&self, hash: Hash) -> bool {
        let Some(Block(words)) = self.block(hash) else { return false };
        words.iter().zip(bits(hash)).fold(0, |missing, (word, bits)| missing | (bits & !word.load(Ordering::Relaxed)))
            == 0
    }
}

/// The bits of a key in each word of its block: six in all, at places that the hash gives.
fn bits(hash: Hash) -> [u64; 8] {
    let mut mixed = hash.number().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut words = [0; 8];
    for _ in 0..6 {
        let place = mixed >> 55;
        if let Some(word) = words.get_mut((place >> 6) as usize) {
            *word |= 1 << (place & 63);
        }
        mixed <<= 9;
    }
    words
}

impl Layers {
    /// Whether a key may have been added.
    pub(crate) fn may_have(&self, hash: Hash) -> bool {
        // Not the first that has it: so the memory brings the blocks of all at once.
        self.0.iter().fold(false, |found, layer| found | layer.may_have(hash))
    }

    /// Which of these keys may have been added; the bit of each is set. At most 64.
    pub(crate) fn may_have_any(&self, hashes: &[Hash]) -> u64 {
        let bit = |(at, hash): (u32, &Hash)| u64::from(self.may_have(*hash)) << at;
        (0..u64::BITS).zip(hashes).map(bit).fold(0, |bits, bit| bits | bit)
    }

    fn memory(&self) -> usize {
        self.0.iter().map(|layer| layer.memory()).sum()
    }
}

impl Filter {
    /// Of files that have no keys yet.
    pub(crate) fn empty(memory: &Arc<FilterMemory>) -> Self {
        Self { memory: Arc::clone(memory), layers: RwLock::new(Some(Layers::default())) }
    }

    /// Of files of which nobody knows what they have.
    pub(crate) fn given_up(memory: &Arc<FilterMemory>) -> Self {
        Self { memory: Arc::clone(memory), layers: RwLock::new(None) }
    }

    /// The filter now; `None`: nothing is known.
    pub(crate) fn layers(&self) -> Option<Layers> {
        read(&self.layers).clone()
    }

    /// Whether a key may have been added.
    pub(crate) fn may_have(&self, hash: Hash) -> bool {
        read(&self.layers).as_ref().is_none_or(|layers| layers.may_have(hash))
    }

    /// What so many keys are to be added to; `None`: the filter is given up. For one thread at a time.
    pub(crate) fn room_for(&self, count: usize) -> Option<Arc<Layer>> {
        let last = read(&self.layers).as_ref()?.0.last().cloned();
        if let Some(last) = &last
            && last.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count)).is_ok()
        {
            return Some(Arc::clone(last));
        }
        let keys = last.map_or(FIRST_KEYS, |last| 2 * last.keys()).max(count);
        let bytes = keys.div_ceil(KEYS_PER_BLOCK) * size_of::<Block>();
        if !self.memory.take(bytes) {
            self.give_up();
            return None;
        }
        let layer = Arc::new(Layer::new(keys));
        layer.left.fetch_sub(count, Ordering::Relaxed);
        write(&self.layers).as_mut()?.0.push(Arc::clone(&layer));
        Some(layer)
    }

    fn give_up(&self) {
        if let Some(layers) = write(&self.layers).take() {
            self.memory.give_back(layers.memory());
        }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(range: std::ops::Range<u32>) -> impl Iterator<Item = Hash> {
        range.map(|n| Hash::of(&n.to_be_bytes()))
    }

    fn add(filter: &Filter, range: std::ops::Range<u32>) {
        if let Some(layer) = filter.room_for(range.len()) {
            hashes(range).for_each(|hash| layer.add(hash));
        }
    }

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let memory = Arc::new(FilterMemory::new(1 << 20));
        let filter = Filter::empty(&memory);
        assert!(!filter.may_have(Hash::of(b"a key")));
        for from in (0..100_000).step_by(1000) {
            add(&filter, from..from + 1000);
            assert!(hashes(0..from + 1000).all(|hash| filter.may_have(hash)));
        }
        let wrong = hashes(100_000..200_000).filter(|hash| filter.may_have(*hash)).count();
        assert!(wrong < 5000, "{wrong} of 100000");
        let (layers, taken) = (filter.layers().unwrap(), (1 << 20) - memory.left.load(Ordering::Relaxed));
        assert_eq!(layers.memory(), taken);
        assert!(taken < 300_000 && layers.0.len() < 10, "{taken} bytes in {} layers", layers.0.len());
        drop((layers, filter));
        assert_eq!(memory.left.load(Ordering::Relaxed), 1 << 20);
    }

    #[test]
    fn without_memory_any_key_may_be_there() {
        let memory = Arc::new(FilterMemory::new(10_000));
        let filter = Filter::empty(&memory);
        add(&filter, 0..1000);
        assert!(hashes(1000..2000).any(|hash| !filter.may_have(hash)));
        add(&filter, 1000..101_000);
        assert!(filter.may_have(Hash::of(b"a key")) && filter.layers().is_none());
        add(&filter, 0..1);
        assert!(filter.layers().is_none());
        assert_eq!(memory.left.load(Ordering::Relaxed), 10_000);
        assert!(Filter::given_up(&memory).may_have(Hash::of(b"a key")));
    }
}
