//! The value of a MAP column in one row.

use std::fmt;

use super::Nested;

/// The entries of one map. Copied freely: it points into the batch.
///
/// ```
/// use thalweg_module::{Map, filter, testing::Rows};
///
/// /// Keeps what has a large size.
/// #[filter]
/// fn large(sizes: Map<'_, str, i32>) -> bool {
///     sizes.get("l").is_some_and(|size| size > 10)
/// }
///
/// let rows = Rows::json("sizes MAP<STRING, INT>", r#"{"sizes": {"s": 1, "l": 20}}
/// {"sizes": {"s": 30, "l": null}}"#);
/// assert_eq!(rows.run::<Large>("{}").unwrap().kept(), [0]);
/// ```
pub struct Map<'a, K: Nested + ?Sized, V: Nested + ?Sized> {
    keys: K::View<'a>,
    values: V::View<'a>,
    begin: usize,
    end: usize,
}

impl<K: Nested + ?Sized, V: Nested + ?Sized> Clone for Map<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Nested + ?Sized, V: Nested + ?Sized> Copy for Map<'_, K, V> {}

impl<'a, K: Nested + ?Sized, V: Nested + ?Sized> Map<'a, K, V> {
    pub(super) fn new(keys: K::View<'a>, values: V::View<'a>, begin: usize, end: usize) -> Self {
        Self { keys, values, begin, end }
    }

    /// How many entries there are.
    pub fn len(self) -> usize {
        self.end - self.begin
    }

    /// Whether there is no entry.
    pub fn is_empty(self) -> bool {
        self.begin == self.end
    }

    /// The value of a key, looked for from the first on; `None` if it is null, or there is no such key.
    pub fn get(self, key: K::Item<'a>) -> Option<V::Item<'a>>
    where
        K::Item<'a>: PartialEq,
    {
        self.iter().find_map(|(found, value)| (found == key).then_some(value)).flatten()
    }

    /// The entries in order; a value may be null, a key never is.
    pub fn iter(self) -> MapIter<'a, K, V> {
        MapIter { map: self }
    }
}

impl<'a, K: Nested + ?Sized, V: Nested + ?Sized> fmt::Debug for Map<'a, K, V>
where
    K::Item<'a>: fmt::Debug,
    V::Item<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a, K: Nested + ?Sized, V: Nested + ?Sized> IntoIterator for Map<'a, K, V> {
    type Item = (K::Item<'a>, Option<V::Item<'a>>);
    type IntoIter = MapIter<'a, K, V>;

    fn into_iter(self) -> MapIter<'a, K, V> {
        self.iter()
    }
}

/// The entries of a [`Map`] in order.
pub struct MapIter<'a, K: Nested + ?Sized, V: Nested + ?Sized> {
    map: Map<'a, K, V>,
}

impl<'a, K: Nested + ?Sized, V: Nested + ?Sized> Iterator for MapIter<'a, K, V> {
    type Item = (K::Item<'a>, Option<V::Item<'a>>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.map.is_empty() {
            let row = self.map.begin;
            self.map.begin += 1;
            // A key that is null against all rules is passed over.
            if let Some(key) = K::get(self.map.keys, row) {
                return Some((key, V::get(self.map.values, row)));
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.map.len()))
    }
}
