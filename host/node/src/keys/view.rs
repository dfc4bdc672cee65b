//! Rows of a bucket as they were at one moment, in the order of their keys: those in memory, over those in files.

use std::iter::Peekable;

use fjall::{Iter, UserKey, UserValue};

use super::error::StoreError;
use super::memory::{Buffer, Mark};

/// The current rows whose keys begin alike.
pub(crate) struct View {
    /// How far the keys were.
    pub(crate) mark: Mark,
    /// Rows and deletions that were in memory.
    held: Peekable<std::vec::IntoIter<(UserKey, Option<UserValue>)>>,
    /// Rows in files, with their buckets before their keys.
    files: Option<Iter>,
    /// The next of these.
    next: Option<(UserKey, UserValue)>,
    /// How long the bucket before a key in files is.
    prefix: usize,
}

impl View {
    /// Of what is in memory, with keys that begin with `prefix`, and of `files`, which have so many bytes before each key.
    /// Ends behind `most` rows.
    pub(super) fn new(buffer: &Buffer, prefix: &[u8], most: usize, files: Option<Iter>, before_keys: usize) -> Self {
        let mut held: Vec<(UserKey, Option<UserValue>)> = Vec::new();
        for rows in buffer.dirty() {
            // Each of those that are newer may hide one of these.
            let most = most.saturating_add(held.len());
            let found = rows.matching(prefix, most).into_iter().filter_map(|position| rows.row(position));
            held.extend(found.map(|row| (row.key.into(), row.value.map(Into::into))));
        }
        // Stable, so that of two with the same key the newer one stays.
        held.sort_by(|(a, _), (b, _)| a.cmp(b));
        held.dedup_by(|later, earlier| later.0 == earlier.0);
        Self { mark: buffer.mark(), held: held.into_iter().peekable(), files, next: None, prefix: before_keys }
    }

    fn step(&mut self) -> Result<Option<UserValue>, StoreError> {
        loop {
            if self.next.is_none()
                && let Some(row) = self.files.as_mut().and_then(Iterator::next)
            {
                self.next = Some(row.into_inner()?);
            }
            let in_file = self.next.as_ref().and_then(|(key, _)| key.get(self.prefix..));
            let order = match (self.held.peek(), in_file) {
                (None, _) => return Ok(self.next.take().map(|(_, value)| value)),
                (Some((held, _)), Some(in_file)) => (**held).cmp(in_file),
                (Some(_), None) => std::cmp::Ordering::Less,
            };
            if order.is_gt() {
                return Ok(self.next.take().map(|(_, value)| value));
            }
            if order.is_eq() {
                self.next = None;
            }
            if let Some((_, Some(value))) = self.held.next() {
                return Ok(Some(value));
            }
        }
    }
}

impl Iterator for View {
    type Item = Result<UserValue, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
