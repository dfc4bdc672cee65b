//! The values that servers gave for the keys of a lookup, until they are told.

/// Values of keys, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Values {
    keys: Vec<Key>,
    /// Where each value ends in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// A key that was answered, and which of the values are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Its place among the keys of the lookup.
    pub(super) key: u32,
    from: u32,
    to: u32,
}

impl Values {
    /// Takes the values of a key; false if there is no room for them, and then none is taken.
    #[must_use]
    pub(super) fn give<V: AsRef<[u8]>>(&mut self, key: u32, values: &[V]) -> bool {
        let (ends, bytes) = (self.ends.len(), self.bytes.len());
        for value in values {
            self.bytes.extend_from_slice(value.as_ref());
            let Ok(end) = u32::try_from(self.bytes.len()) else {
                self.ends.truncate(ends);
                self.bytes.truncate(bytes);
                return false;
            };
            self.ends.push(end);
        }
        // There are no more values than bytes: each begins with the number of its schema, or is found malformed.
        self.keys.push(Key { key, from: ends as u32, to: self.ends.len() as u32 });
        true
    }

    /// Puts the keys in order.
    pub(super) fn sort(&mut self) {
        if !self.keys.is_sorted_by_key(|key| key.key) {
            self.keys.sort_by_key(|key| key.key);
        }
    }

    /// The keys that were answered, as they came or, once sorted, in order; one may be there twice.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Leaves out what these keys have.
    pub(super) fn forget(&mut self, mut which: impl FnMut(u32) -> bool) {
        self.keys.retain(|key| !which(key.key));
    }

    /// The keys that have rows.
    pub(super) fn keys_with_rows(&self) -> impl Iterator<Item = u32> {
        self.keys.iter().filter(|key| key.rows() > 0).map(|key| key.key)
    }

    /// The values of a key.
    pub(super) fn of(&self, key: Key) -> impl Iterator<Item = &[u8]> {
        let end = |at: u32| at.checked_sub(1).map_or(0, |at| self.ends.get(at as usize).map_or(0, |end| *end as usize));
        (key.from..key.to).map(move |at| self.bytes.get(end(at)..end(at + 1)).unwrap_or_default())
    }

    /// How many bytes the values of a key have.
    pub(super) fn bytes(&self, key: Key) -> usize {
        self.of(key).map(<[u8]>::len).sum()
    }
}

impl Key {
    /// How many rows it has.
    pub(super) fn rows(self) -> u32 {
        self.to - self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_values_in_whatever_order_they_came() {
        let mut values = Values::default();
        for (key, of) in [(2, &[b"abc".as_slice(), b""][..]), (0, &[]), (1, &[b"d"]), (2, &[b"ef"])] {
            assert!(values.give(key, of));
        }
        values.sort();
        let seen: Vec<_> = values.keys().iter().map(|key| (key.key, values.of(*key).collect::<Vec<_>>())).collect();
        let expected: [(u32, &[&[u8]]); 4] = [(0, &[]), (1, &[b"d"]), (2, &[b"abc", b""]), (2, &[b"ef"])];
        assert_eq!(seen, expected.map(|(key, of)| (key, of.to_vec())));
        assert_eq!(values.keys().iter().map(|key| values.bytes(*key)).collect::<Vec<_>>(), [0, 1, 3, 2]);
        assert_eq!(values.keys_with_rows().collect::<Vec<_>>(), [1, 2, 2]);
        values.forget(|key| key == 2);
        assert_eq!(values.keys().len(), 2);
    }
}
