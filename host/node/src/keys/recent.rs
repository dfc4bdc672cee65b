//! Rows of a bucket that were written not long ago, kept in memory: most upserts change such a row, and finding it here
//! costs a tenth of what the store takes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fjall::{UserKey, UserValue};

/// Bytes of one half of what a bucket keeps.
const HALF: usize = 32 << 20;
/// Bytes that all buckets keep together, about.
const ALL: usize = 256 << 20;
/// What a row takes beyond its bytes.
const OVERHEAD: usize = 100;

/// Rows by their key with its prefix; `None` is a deletion.
pub(crate) type Changes = HashMap<UserKey, Option<UserValue>>;

/// Rows and deletions, in two halves: when the young one is full it becomes the old one, and what that was is forgotten.
#[derive(Debug)]
pub(super) struct Recent {
    young: Changes,
    old: Changes,
    /// The bytes of both.
    bytes: [usize; 2],
    /// The bytes that all buckets keep.
    all: Arc<AtomicUsize>,
}

impl Recent {
    /// No rows, which will count among `all`.
    pub(super) fn new(all: Arc<AtomicUsize>) -> Self {
        Self { young: Changes::new(), old: Changes::new(), bytes: [0; 2], all }
    }

    /// The value of a key; `Some(None)`: it was deleted. `None`: ask the store.
    pub(super) fn get(&self, full_key: &[u8]) -> Option<&Option<UserValue>> {
        self.young.get(full_key).or_else(|| self.old.get(full_key))
    }

    /// Keeps rows that were written.
    pub(super) fn note(&mut self, changes: Changes) {
        if self.all.load(Ordering::Relaxed) > ALL {
            self.clear();
        }
        let bytes = |value: &Option<UserValue>| value.as_ref().map_or(0, |value| value.len());
        let added = changes.iter().map(|(key, value)| key.len() + bytes(value) + OVERHEAD).sum();
        if self.bytes[0] + added > HALF {
            self.all.fetch_sub(self.bytes[1], Ordering::Relaxed);
            self.old = std::mem::take(&mut self.young);
            self.bytes = [0, self.bytes[0]];
        }
        self.bytes[0] += added;
        self.all.fetch_add(added, Ordering::Relaxed);
        if self.young.is_empty() {
            self.young = changes;
        } else {
            self.young.extend(changes);
        }
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.all.fetch_sub(self.bytes.iter().sum(), Ordering::Relaxed);
        self.young = Changes::new();
        self.old = Changes::new();
        self.bytes = [0; 2];
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_allowed() {
        let all = Arc::new(AtomicUsize::new(0));
        let mut recent = Recent::new(Arc::clone(&all));
        let value = vec![7u8; 1 << 20];
        for n in 0..100u8 {
            recent.note(Changes::from([([n][..].into(), Some((&*value).into()))]));
            assert!(recent.get(&[n]).is_some());
            assert!(all.load(Ordering::Relaxed) <= 2 * HALF);
        }
        assert!(recent.get(&[50]).is_none() && recent.get(&[98]).is_some());
        recent.note(Changes::from([([98][..].into(), None)]));
        assert_eq!(recent.get(&[98]), Some(&None));
        all.fetch_add(ALL, Ordering::Relaxed);
        recent.note(Changes::from([([1][..].into(), None)]));
        assert!(recent.get(&[98]).is_none() && recent.get(&[1]).is_some());
        drop(recent);
        assert_eq!(all.load(Ordering::Relaxed), ALL);
    }
}
