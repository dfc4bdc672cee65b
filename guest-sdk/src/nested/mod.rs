//! ARRAY, MAP and ROW columns as values: what functions over one row take and give for them.

mod build;
mod field;
mod list;
mod map;
mod read;
mod row;

use std::marker::PhantomData;

use crate::{AnyColumn, Bits, Column, ColumnType, Error, Value};

pub use build::{Element, ListBuilder, ListOutput, write_list, write_list_as};
pub use field::{FieldColumn, FieldInput, read_field, view_field};
pub use list::{List, ListIter};
pub use map::{Map, MapIter};
pub use read::{NestedColumn, NestedInput, read_nested, view_nested};
pub use row::{Fields, Record, Row};

/// What a column, or what is nested in one, can be read as: any [`Value`], [`Array`], [`Dictionary`] and [`Record`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be nested in a column",
    label = "an element is one of the types of `thalweg_module::Value`, an `Array<T>`, a `Dictionary<K, V>` or a `Record<(A, B, ..)>`"
)]
pub trait Nested: 'static {
    /// One value: `i32`, `&str`, a [`List`], a [`Map`], a [`Row`].
    type Item<'a>: Copy;
    /// The values of all rows.
    #[doc(hidden)]
    type View<'a>: Copy;

    #[doc(hidden)]
    fn fits(column_type: &ColumnType) -> bool;
    /// The type, as an error names it.
    #[doc(hidden)]
    fn expected() -> String;
    #[doc(hidden)]
    fn view<'a>(column: AnyColumn<'a>) -> Result<Self::View<'a>, Error>;
    /// A value that is not null.
    #[doc(hidden)]
    fn value<'a>(view: Self::View<'a>, row: usize) -> Self::Item<'a>;
    #[doc(hidden)]
    fn get<'a>(view: Self::View<'a>, row: usize) -> Option<Self::Item<'a>>;
}

impl<T: Value + ?Sized> Nested for T {
    type Item<'a> = T::Item<'a>;
    type View<'a> = Column<'a, T>;

    fn fits(column_type: &ColumnType) -> bool {
        T::readable(column_type.data_type()).is_some()
    }

    fn expected() -> String {
        T::EXPECTED.to_owned()
    }

    fn view<'a>(column: AnyColumn<'a>) -> Result<Column<'a, T>, Error> {
        column.typed()
    }

    #[inline]
    fn value<'a>(view: Self::View<'a>, row: usize) -> Self::Item<'a> {
        view.value(row)
    }

    #[inline]
    fn get<'a>(view: Self::View<'a>, row: usize) -> Option<Self::Item<'a>> {
        view.get(row)
    }
}

/// Stands for ARRAY where a type of elements or values is named, as in `List<'_, Array<i32>>`: an element is then itself a
/// [`List`].
pub struct Array<T: ?Sized>(PhantomData<fn() -> Box<T>>);

/// Stands for MAP where a type of elements or values is named; one of them is a [`Map`].
pub struct Dictionary<K: ?Sized, V: ?Sized>(PhantomData<(Array<K>, Array<V>)>);

/// The arrays of a column.
#[doc(hidden)]
pub struct Arrays<'a, T: Nested + ?Sized> {
    validity: Option<Bits<'a>>,
    offsets: &'a [i32],
    elements: T::View<'a>,
}

impl<T: Nested + ?Sized> Clone for Arrays<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Nested + ?Sized> Copy for Arrays<'_, T> {}

impl<T: Nested + ?Sized> Nested for Array<T> {
    type Item<'a> = List<'a, T>;
    type View<'a> = Arrays<'a, T>;

    fn fits(column_type: &ColumnType) -> bool {
        column_type.element().is_some_and(|element| T::fits(&element))
    }

    fn expected() -> String {
        format!("ARRAY<{}>", T::expected())
    }

    fn view<'a>(column: AnyColumn<'a>) -> Result<Arrays<'a, T>, Error> {
        let (offsets, elements) = column.elements().ok_or_else(|| Error::contract("a column is no ARRAY"))?;
        Ok(Arrays { validity: column.validity(), offsets, elements: T::view(elements)? })
    }

    #[inline]
    fn value<'a>(view: Self::View<'a>, row: usize) -> Self::Item<'a> {
        List::new(view.elements, view.offsets[row] as usize, view.offsets[row + 1] as usize)
    }

    #[inline]
    fn get<'a>(view: Self::View<'a>, row: usize) -> Option<Self::Item<'a>> {
        view.validity.is_none_or(|validity| validity.at(row)).then(|| Self::value(view, row))
    }
}

/// The maps of a column.
#[doc(hidden)]
pub struct Maps<'a, K: Nested + ?Sized, V: Nested + ?Sized> {
    validity: Option<Bits<'a>>,
    offsets: &'a [i32],
    keys: K::View<'a>,
    values: V::View<'a>,
}

impl<K: Nested + ?Sized, V: Nested + ?Sized> Clone for Maps<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Nested + ?Sized, V: Nested + ?Sized> Copy for Maps<'_, K, V> {}

impl<K: Nested + ?Sized, V: Nested + ?Sized> Nested for Dictionary<K, V> {
    type Item<'a> = Map<'a, K, V>;
    type View<'a> = Maps<'a, K, V>;

    fn fits(column_type: &ColumnType) -> bool {
        column_type.entries().is_some_and(|(key, value)| K::fits(&key) && V::fits(&value))
    }

    fn expected() -> String {
        format!("MAP<{}, {}>", K::expected(), V::expected())
    }

    fn view<'a>(column: AnyColumn<'a>) -> Result<Maps<'a, K, V>, Error> {
        let (offsets, keys, values) = column.entries().ok_or_else(|| Error::contract("a column is no MAP"))?;
        Ok(Maps { validity: column.validity(), offsets, keys: K::view(keys)?, values: V::view(values)? })
    }

    #[inline]
    fn value<'a>(view: Self::View<'a>, row: usize) -> Self::Item<'a> {
        Map::new(view.keys, view.values, view.offsets[row] as usize, view.offsets[row + 1] as usize)
    }

    #[inline]
    fn get<'a>(view: Self::View<'a>, row: usize) -> Option<Self::Item<'a>> {
        view.validity.is_none_or(|validity| validity.at(row)).then(|| Self::value(view, row))
    }
}
