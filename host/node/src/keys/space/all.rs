//! All tables and partitions that have rows by key.

use std::sync::{Arc, Mutex, Weak};

use super::Space;
use crate::runtime::sync::lock;

/// The tables and partitions that have rows by key.
#[derive(Debug, Default)]
pub(in crate::keys) struct Spaces(Mutex<Vec<Weak<Space>>>);

impl Spaces {
    /// Adds one; those that are gone are forgotten.
    pub(in crate::keys) fn add(&self, space: &Arc<Space>) {
        let mut spaces = lock(&self.0);
        if spaces.len() == spaces.capacity() {
            spaces.retain(|space| space.strong_count() > 0);
        }
        spaces.push(Arc::downgrade(space));
    }

    /// Forgets rows of all that are in files too.
    pub(in crate::keys) fn forget_clean(&self) {
        self.all().iter().for_each(|space| space.forget_clean());
    }

    /// All that there are.
    pub(in crate::keys) fn all(&self) -> Vec<Arc<Space>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }
}
