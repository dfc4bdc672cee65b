//! The columns that a plan reads and writes, as the module holds them.

use std::marker::PhantomData;

use crate::value::Shape;

/// A column that a module reads, found once in `open`.
#[derive(Debug)]
pub struct Input<T: ?Sized> {
    pub(crate) position: usize,
    pub(crate) shape: Shape,
    nullable: bool,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Clone for Input<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Input<T> {}

impl<T: ?Sized> Input<T> {
    pub(super) fn new(position: usize, shape: Shape, nullable: bool) -> Self {
        Self { position, shape, nullable, kind: PhantomData }
    }

    /// Whether the column may hold nulls.
    pub fn is_nullable(self) -> bool {
        self.nullable
    }
}

/// A column that a module writes, settled once in `open`.
#[derive(Debug)]
pub struct Output<T: ?Sized> {
    pub(crate) ordinal: usize,
    pub(crate) shape: Shape,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Clone for Output<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Output<T> {}

impl<T: ?Sized> Output<T> {
    pub(crate) fn new(ordinal: usize, shape: Shape) -> Self {
        Self { ordinal, shape, kind: PhantomData }
    }
}
