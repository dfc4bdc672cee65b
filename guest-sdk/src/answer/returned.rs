//! What a function over whole columns returns, as an answer.

use std::fmt;

use crate::{Answer, Error, Selection, Written};

/// The written columns that a function returns: one, or several in a tuple, an array or a `Vec`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the function must return for the columns that it writes",
    label = "return a `Written` for each `Output` parameter: one alone, several in a tuple"
)]
pub trait Columns {
    /// The columns, in any order.
    fn columns(self) -> impl IntoIterator<Item = Written>;
}

impl Columns for Written {
    fn columns(self) -> impl IntoIterator<Item = Written> {
        [self]
    }
}

impl<const N: usize> Columns for [Written; N] {
    fn columns(self) -> impl IntoIterator<Item = Written> {
        self
    }
}

impl Columns for Vec<Written> {
    fn columns(self) -> impl IntoIterator<Item = Written> {
        self
    }
}

macro_rules! written {
    ($name:ident) => {
        Written
    };
}
macro_rules! tuple {
    ($($name:ident),*) => {
        impl Columns for ($(written!($name),)*) {
            fn columns(self) -> impl IntoIterator<Item = Written> {
                let ($($name,)*) = self;
                [$($name),*]
            }
        }
    };
}
tuple!(a, b);
tuple!(a, b, c);
tuple!(a, b, c, d);
tuple!(a, b, c, d, e);
tuple!(a, b, c, d, e, f);

/// What a filter over whole columns returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which rows go on",
    label = "return a `Selection` or a `Bitmap`"
)]
pub trait Selects {
    /// The rows that go on.
    fn selection(self) -> Selection;
}

impl Selects for Selection {
    fn selection(self) -> Selection {
        self
    }
}

impl Selects for crate::Bitmap {
    fn selection(self) -> Selection {
        self.into()
    }
}

/// What a filter-map over whole columns returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pair of the rows that go on and the columns written for them",
    label = "return `(Selection, Written)`"
)]
pub trait SelectsWritten {
    /// The rows that go on, and the columns.
    fn parts(self) -> (Selection, impl Columns);
}

impl<S: Selects, W: Columns> SelectsWritten for (S, W) {
    fn parts(self) -> (Selection, impl Columns) {
        (self.0.selection(), self.1)
    }
}

/// What a flat-map over whole columns returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pair of the origins of new rows and the columns written for them",
    label = "return `(Vec<u32>, Written)`"
)]
pub trait Produces {
    /// The origins, and the columns.
    fn parts(self) -> (Vec<u32>, impl Columns);
}

impl<W: Columns> Produces for (Vec<u32>, W) {
    fn parts(self) -> (Vec<u32>, impl Columns) {
        self
    }
}

/// The answer of a filter.
pub fn kept(outcome: impl Selects) -> Answer {
    Answer::kept(outcome.selection())
}

/// The answer of a map.
pub fn replaced(outcome: impl Columns) -> Answer {
    Answer::replaced(Selection::All, outcome.columns())
}

/// The answer of a filter-map.
pub fn selected(outcome: impl SelectsWritten) -> Answer {
    let (selection, written) = outcome.parts();
    Answer::replaced(selection, written.columns())
}

/// The answer of a flat-map.
pub fn produced(outcome: impl Produces) -> Answer {
    let (origins, written) = outcome.parts();
    Answer::produced(origins, written.columns())
}

/// A whole batch that is refused.
pub fn refused(error: impl fmt::Display) -> Error {
    Error::other(error.to_string())
}
