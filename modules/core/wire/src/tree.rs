//! Trees of the standard library out of items, each put in its place. `collect` sorts all of them first, by code that is made
//! for every type anew: 8 KB of a component each time.

use std::collections::{BTreeMap, BTreeSet};

/// A map of pairs; of a key that comes twice the last value counts.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// A set of items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}
