//! Tables, partitions and queues, each numbered as it comes and never taken out: found again by a typed id.

use std::marker::PhantomData;

/// The number of an item in an [`Arena`].
pub(crate) trait Id: Copy {
    /// The id of the item at this position.
    fn at(position: usize) -> Self;

    /// The position of its item.
    fn position(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub(crate) struct $name(usize);

            impl Id for $name {
                fn at(position: usize) -> Self {
                    Self(position)
                }

                fn position(self) -> usize {
                    self.0
                }
            }
        )*
    };
}

ids! {
    /// A table of the write stage.
    TableId;
    /// A partition of a table, or a table without partitions.
    PartitionId;
    /// The queue of a bucket.
    QueueId;
}

/// Items by id. The id of another arena finds nothing.
#[derive(Debug)]
pub(crate) struct Arena<I, T> {
    items: Vec<T>,
    ids: PhantomData<I>,
}

impl<I: Id, T> Arena<I, T> {
    /// Without items.
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), ids: PhantomData }
    }

    /// Adds an item and gives its id.
    pub(crate) fn add(&mut self, item: T) -> I {
        self.items.push(item);
        I::at(self.items.len() - 1)
    }

    /// The item with this id.
    #[inline]
    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.position())
    }

    /// The item with this id, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.items.get_mut(id.position())
    }

    /// Every item with its id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(at, item)| (I::at(at), item))
    }

    /// Every item with its id, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (I, &mut T)> {
        self.items.iter_mut().enumerate().map(|(at, item)| (I::at(at), item))
    }
}
