//! Rows of a bucket by their key, in memory: their bytes one behind the other as they came, and where among them the
//! newest row of each key stands. A row costs no allocation, and all of them go at once.

use std::ops::Range;
use std::sync::Mutex;

use super::hash::Hash;
use super::order::{Order, Position};
use crate::keys::error::StoreError;
use crate::runtime::sync::lock;

/// Bytes before each row: the length of its key, and that of its value.
const HEAD: usize = 6;
/// The length of a value that is not there: the key was deleted.
const DELETED: u32 = u32::MAX;
/// Bytes for rows that there is room for at least, once there are any.
const FIRST_BYTES: usize = 256;
/// Places for rows when the first one comes.
const FIRST_SLOTS: usize = 16;

/// The bytes of rows would pass 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Rows and deletions by key; the newest of a key counts.
#[derive(Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    /// The upper half of a key's hash and the position of its newest row, plus one; 0 is free. As many as a power of two.
    slots: Vec<u64>,
    keys: usize,
    /// How many rows there are among the bytes, also those that are not the newest of their key.
    rows: usize,
    order: Mutex<Order>,
}

/// A row as it stands among the bytes; a deletion has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// Its key.
    pub(crate) key: &'a [u8],
    /// Its value.
    pub(crate) value: Option<&'a [u8]>,
}

/// Where a key is, or could be.
struct Place {
    slot: usize,
    row: Option<Position>,
}

impl From<Full> for StoreError {
    fn from(_: Full) -> Self {
        Self("changes of a bucket would pass 4 GiB of memory".to_owned())
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("keys", &self.keys).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Rows {
    /// No rows, and room for so many keys, and for rows of so many bytes.
    pub(crate) fn with_capacity(keys: usize, bytes: usize) -> Self {
        let slots = if keys == 0 { 0 } else { (keys * 8 / 5 + 1).next_power_of_two().max(FIRST_SLOTS) };
        Self { bytes: Vec::with_capacity(bytes), slots: vec![0; slots], ..Self::default() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys == 0
    }

    /// The memory that they take, in bytes, with that for their order, for which somebody may ask at any time.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity() + self.slots.len() * size_of::<u64>() + self.rows * size_of::<Position>()
    }

    /// What the allocator has given for them, in bytes.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let words = self.slots.capacity() * size_of::<u64>();
        self.bytes.capacity() + words + lock(&self.order).capacity() * size_of::<Position>()
    }

    /// The memory that `sorted` takes, in bytes.
    pub(crate) fn sorting_memory(&self) -> usize {
        self.keys * size_of::<(u64, Position)>()
    }

    /// The value of a key; `Some(None)`: it was deleted. `None`: nothing is known of it here.
    pub(crate) fn get(&self, hash: Hash, key: &[u8]) -> Option<Option<&[u8]>> {
        if self.keys == 0 {
            return None;
        }
        let position = self.place(hash, key).row?;
        self.row(position).map(|row| row.value)
    }

    /// Which of these keys may be here; the bit of each is set. All their places are read before the first is judged, so
    /// that the memory brings them at once.
    pub(crate) fn may_have(&self, hashes: &[Hash]) -> u64 {
        if self.keys == 0 {
            return 0;
        }
        let mut firsts = [0; u64::BITS as usize];
        for (first, hash) in firsts.iter_mut().zip(hashes) {
            *first = self.slots.get(self.home(hash.number())).copied().unwrap_or_default();
        }
        let may_have = |(first, hash): (&u64, &Hash)| *first != 0 && self.has_like(*hash);
        (0..u64::BITS)
            .zip(firsts.iter().zip(hashes).map(may_have))
            .fold(0, |bits, (at, has)| bits | (u64::from(has) << at))
    }

    /// Whether there is a key whose hash has the same upper half.
    fn has_like(&self, hash: Hash) -> bool {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = self.home(hash.number());
        while let Some(slot) = self.slots.get(at).filter(|slot| **slot != 0) {
            if (slot ^ hash.number()) >> 32 == 0 {
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    /// Takes a row, or the deletion of its key.
    pub(crate) fn insert(&mut self, hash: Hash, row: Row<'_>) -> Result<(), Full> {
        if (self.keys + 1) * 8 > self.slots.len() * 5 {
            self.grow();
        }
        let position = Position::try_from(self.bytes.len()).map_err(|_| Full)?;
        let key_length = u16::try_from(row.key.len()).map_err(|_| Full)?;
        let value_length = match row.value {
            Some(value) => u32::try_from(value.len()).ok().filter(|length| *length != DELETED).ok_or(Full)?,
            None => DELETED,
        };
        self.reserve(HEAD + row.key.len() + row.value.map_or(0, <[u8]>::len));
        let Place { slot, row: known } = self.place(hash, row.key);
        let Some(slot) = self.slots.get_mut(slot) else { return Err(Full) };
        self.bytes.extend_from_slice(&key_length.to_le_bytes());
        self.bytes.extend_from_slice(&value_length.to_le_bytes());
        self.bytes.extend_from_slice(row.key);
        self.bytes.extend_from_slice(row.value.unwrap_or_default());
        *slot = slot_of(hash.number(), position);
        self.keys += usize::from(known.is_none());
        self.rows += 1;
        Ok(())
    }

    /// Makes room for so many bytes more: for a quarter more than there are, not for as many again.
    fn reserve(&mut self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            self.bytes.reserve_exact(more.max(self.bytes.len() / 4).max(FIRST_BYTES));
        }
    }

    /// Takes all rows of others, which are newer.
    pub(crate) fn extend(&mut self, newer: &Self) -> Result<(), Full> {
        let mut at = 0;
        while let Some((row, next)) = newer.row_and_next(at) {
            self.insert(Hash::of(row.key), row)?;
            at = next;
        }
        Ok(())
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// The row at a position.
    pub(crate) fn row(&self, position: Position) -> Option<Row<'_>> {
        self.row_and_next(position as usize).map(|(row, _)| row)
    }

    /// The newest row of each key, in the order of the keys.
    pub(crate) fn sorted(&self) -> Vec<Position> {
        let newest = self.slots.iter().filter(|slot| **slot != 0).map(|slot| position_of(*slot));
        self.in_order(newest)
    }

    /// The newest row of each key that begins with `prefix`, in the order of the keys; ends behind `most` rows that are
    /// no deletions.
    pub(crate) fn matching(&self, prefix: &[u8], most: usize) -> Vec<Position> {
        let mut order = lock(&self.order);
        let fresh = order.covered()..self.bytes.len();
        order.take(self.in_order(self.positions(fresh)), self.bytes.len(), |a, b| self.key(*a).cmp(self.key(*b)));
        let mut live = 0;
        let mut found = Vec::new();
        for position in order.from(|position| self.key(position) < prefix, |position| self.key(position)) {
            let Some(row) = self.row(position).filter(|row| row.key.starts_with(prefix) && live < most) else { break };
            if self.place(Hash::of(row.key), row.key).row == Some(position) {
                live += usize::from(row.value.is_some());
                found.push(position);
            }
        }
        found
    }

    /// Where the rows stand that lie in `range`.
    fn positions(&self, range: Range<usize>) -> impl Iterator<Item = Position> {
        let mut at = range.start;
        std::iter::from_fn(move || {
            let (_, next) = self.row_and_next(at)?;
            let position = Position::try_from(std::mem::replace(&mut at, next)).ok();
            position.filter(|position| (*position as usize) < range.end)
        })
    }

    fn in_order(&self, positions: impl Iterator<Item = Position>) -> Vec<Position> {
        // The first bytes of a key mostly tell, and lie here side by side.
        let mut keyed: Vec<(u64, Position)> = positions.map(|at| (beginning(self.key(at)), at)).collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.key(a.1).cmp(self.key(b.1))));
        keyed.into_iter().map(|(_, position)| position).collect()
    }

    fn key(&self, position: Position) -> &[u8] {
        self.row(position).map_or(&[], |row| row.key)
    }

    fn row_and_next(&self, at: usize) -> Option<(Row<'_>, usize)> {
        let (head, rest) = self.bytes.get(at..)?.split_first_chunk::<HEAD>()?;
        let [low, high, value @ ..] = *head;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        let value = match u32::from_le_bytes(value) {
            DELETED => None,
            length => Some(rest.get(..length as usize)?),
        };
        let next = at + HEAD + key.len() + value.map_or(0, <[u8]>::len);
        Some((Row { key, value }, next))
    }

    /// Where a key is or could be; there must be a free slot.
    fn place(&self, hash: Hash, key: &[u8]) -> Place {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = self.home(hash.number());
        loop {
            match self.slots.get(at).copied() {
                None | Some(0) => return Place { slot: at, row: None },
                Some(slot) if (slot ^ hash.number()) >> 32 == 0 && self.key(position_of(slot)) == key => {
                    return Place { slot: at, row: Some(position_of(slot)) };
                }
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    /// The first slot that a key may have: the highest bits of its hash say.
    fn home(&self, hash: u64) -> usize {
        let bits = self.slots.len().trailing_zeros();
        hash.checked_shr(u64::BITS - bits).unwrap_or(0) as usize
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        let mask = slots - 1;
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let mut at = self.home(slot);
            while self.slots.get(at).is_some_and(|other| *other != 0) {
                at = (at + 1) & mask;
            }
            if let Some(place) = self.slots.get_mut(at) {
                *place = slot;
            }
        }
    }
}

fn slot_of(hash: u64, position: Position) -> u64 {
    hash & !u64::from(u32::MAX) | (u64::from(position) + 1)
}

fn position_of(slot: u64) -> Position {
    (slot as u32).wrapping_sub(1)
}

fn beginning(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn insert(rows: &mut Rows, key: &[u8], value: Option<&[u8]>) {
        rows.insert(Hash::of(key), Row { key, value }).unwrap();
    }

    fn read(rows: &Rows, positions: Vec<Position>) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let owned = |row: Row<'_>| (row.key.to_vec(), row.value.map(<[u8]>::to_vec));
        positions.into_iter().map(|position| owned(rows.row(position).unwrap())).collect()
    }

    proptest! {
        #[test]
        fn rows_are_what_a_map_has(
            changes in proptest::collection::vec(
                (proptest::collection::vec(0u8..3, 0..11), proptest::option::of(any::<[u8; 2]>()), any::<bool>()), 0..200),
            prefix in proptest::collection::vec(0u8..3, 0..4),
            most in 0usize..20,
        ) {
            let (mut rows, mut newer, mut model) = (Rows::default(), Rows::with_capacity(3, 7), BTreeMap::new());
            for (key, value, at_once) in &changes {
                let value = value.as_ref().map(|value| &value[..]);
                insert(&mut newer, key, value);
                model.insert(key.clone(), value.map(<[u8]>::to_vec));
                if *at_once {
                    rows.extend(&std::mem::take(&mut newer)).unwrap();
                    let found = read(&rows, rows.matching(&prefix, usize::MAX));
                    let expected = model.clone().into_iter().filter(|(key, _)| key.starts_with(&prefix));
                    prop_assert_eq!(found, expected.collect::<Vec<_>>());
                }
            }
            rows.extend(&newer).unwrap();
            prop_assert_eq!(rows.keys, model.len());
            for (key, value) in &model {
                prop_assert_eq!(rows.get(Hash::of(key), key), Some(value.as_deref()));
            }
            prop_assert_eq!(rows.get(Hash::of(b"none"), b"none"), None);
            prop_assert_eq!(read(&rows, rows.sorted()), model.clone().into_iter().collect::<Vec<_>>());
            let mut live = 0;
            let expected = model.into_iter().filter(|(key, _)| key.starts_with(&prefix)).take_while(|(_, value)| {
                let wanted = live < most;
                live += usize::from(value.is_some());
                wanted
            });
            prop_assert_eq!(read(&rows, rows.matching(&prefix, most)), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn many_keys_find_their_places() {
        let mut rows = Rows::default();
        for n in 0..100_000u32 {
            insert(&mut rows, &n.to_be_bytes(), Some(&n.to_le_bytes()));
        }
        assert!((0..100_000u32).all(|n| {
            let key = n.to_be_bytes();
            rows.get(Hash::of(&key), &key) == Some(Some(&n.to_le_bytes()[..]))
        }));
        assert!(rows.memory() < 100_000 * 70, "{}", rows.memory());
    }
}
