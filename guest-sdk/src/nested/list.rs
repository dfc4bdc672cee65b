//! The value of an ARRAY column in one row.

use std::fmt;

use super::Nested;
use crate::Numeric;

/// The elements of one array. Copied freely: it points into the batch.
///
/// `T` is what the elements are read as: `List<'_, i32>`, `List<'_, str>` (the elements are `&str`), and for arrays of
/// arrays `List<'_, Array<i32>>`.
///
/// ```
/// use thalweg_module::{List, map, testing::Rows};
///
/// /// How long the words are, without those that are null.
/// #[map(column = length)]
/// fn lengths(words: List<'_, str>) -> i64 {
///     words.iter().flatten().map(|word| word.len() as i64).sum()
/// }
///
/// let rows = Rows::json("words ARRAY<STRING>", r#"{"words": ["so", null, "many"]}"#);
/// assert_eq!(rows.run::<Lengths>("{}").unwrap().values::<i64>("length").unwrap(), [Some(6)]);
/// ```
pub struct List<'a, T: Nested + ?Sized> {
    elements: T::View<'a>,
    begin: usize,
    end: usize,
}

impl<T: Nested + ?Sized> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Nested + ?Sized> Copy for List<'_, T> {}

impl<'a, T: Nested + ?Sized> List<'a, T> {
    pub(super) fn new(elements: T::View<'a>, begin: usize, end: usize) -> Self {
        Self { elements, begin, end }
    }

    /// How many elements there are, nulls included.
    pub fn len(self) -> usize {
        self.end - self.begin
    }

    /// Whether there is no element.
    pub fn is_empty(self) -> bool {
        self.begin == self.end
    }

    /// An element; `None` if it is null, or there are not that many.
    #[inline]
    pub fn get(self, index: usize) -> Option<T::Item<'a>> {
        if index < self.len() { T::get(self.elements, self.begin + index) } else { None }
    }

    /// The elements in order; `None` is null.
    pub fn iter(self) -> ListIter<'a, T> {
        ListIter { list: self }
    }
}

impl<'a, T: Numeric> List<'a, T> {
    /// The numbers as they are, nulls' places included.
    pub fn values(self) -> &'a [T] {
        &self.elements.values()[self.begin..self.end]
    }
}

impl<'a, T: Nested + ?Sized> fmt::Debug for List<'a, T>
where
    T::Item<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Nested + ?Sized> IntoIterator for List<'a, T> {
    type Item = Option<T::Item<'a>>;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

/// The elements of a [`List`] in order; `None` is null.
pub struct ListIter<'a, T: Nested + ?Sized> {
    list: List<'a, T>,
}

impl<'a, T: Nested + ?Sized> Iterator for ListIter<'a, T> {
    type Item = Option<T::Item<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.list.is_empty() {
            return None;
        }
        let row = self.list.begin;
        self.list.begin += 1;
        Some(T::get(self.list.elements, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.list.len(), Some(self.list.len()))
    }
}

impl<T: Nested + ?Sized> ExactSizeIterator for ListIter<'_, T> {}
