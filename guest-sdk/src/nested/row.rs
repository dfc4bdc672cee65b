//! The value of a ROW column in one row.

use std::fmt;
use std::marker::PhantomData;

use super::Nested;
use crate::{AnyColumn, Bits, ColumnType, Error, Value};

/// One ROW. Copied freely: it points into the batch.
///
/// Its fields are read as the types in the tuple `F`, in their order, whatever their names. In the tuple texts are `String`
/// and bytes `Vec<u8>` (as values they are `&str` and `&[u8]`), what is nested is [`Array`](crate::Array),
/// [`Dictionary`](crate::Dictionary) or [`Record`].
///
/// ```
/// use thalweg_module::{Row, filter, testing::Rows};
///
/// /// Keeps what lies in the north, and has a name.
/// #[filter]
/// fn north(place: Row<'_, (f64, f64, String)>) -> bool {
///     let (latitude, _, name) = place.fields();
///     latitude.is_some_and(|latitude| latitude > 45.0) && name.is_some_and(|name| !name.is_empty())
/// }
///
/// let rows = Rows::json(
///     "place ROW<latitude DOUBLE, longitude DOUBLE, name STRING>",
///     r#"
///         {"place": {"latitude": 47.6, "longitude": -122.3, "name": "Seattle"}}
///         {"place": {"latitude": 47.6}}
///         {"place": null}
///     "#,
/// );
/// assert_eq!(rows.run::<North>("{}").unwrap().kept(), [0]);
/// ```
pub struct Row<'a, F: Fields> {
    columns: F::Views<'a>,
    row: usize,
}

impl<F: Fields> Clone for Row<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Fields> Copy for Row<'_, F> {}

impl<'a, F: Fields> Row<'a, F> {
    /// The values of the fields; `None` is null.
    #[inline]
    pub fn fields(self) -> F::Items<'a> {
        F::items(self.columns, self.row)
    }
}

impl<'a, F: Fields> fmt::Debug for Row<'a, F>
where
    F::Items<'a>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

/// Stands for ROW where a type of elements or values is named, as in `List<'_, Record<(i32, String)>>`: an element is then
/// a [`Row`].
pub struct Record<F>(PhantomData<fn() -> F>);

/// The rows of a column.
#[doc(hidden)]
pub struct Records<'a, F: Fields> {
    validity: Option<Bits<'a>>,
    columns: F::Views<'a>,
}

impl<F: Fields> Clone for Records<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Fields> Copy for Records<'_, F> {}

impl<F: Fields> Nested for Record<F> {
    type Item<'a> = Row<'a, F>;
    type View<'a> = Records<'a, F>;

    fn fits(column_type: &ColumnType) -> bool {
        let fields = column_type.row();
        fields.is_some_and(|fields| F::fit(&fields.into_iter().map(|(_, field)| field).collect::<Vec<_>>()))
    }

    fn expected() -> String {
        format!("ROW<{}>", F::expected().join(", "))
    }

    fn view<'a>(column: AnyColumn<'a>) -> Result<Records<'a, F>, Error> {
        let fields = column.row().ok_or_else(|| Error::contract("a column is no ROW"))?;
        Ok(Records { validity: column.validity(), columns: F::views(&fields.collect::<Vec<_>>())? })
    }

    #[inline]
    fn value<'a>(view: Self::View<'a>, row: usize) -> Self::Item<'a> {
        Row { columns: view.columns, row }
    }

    #[inline]
    fn get<'a>(view: Self::View<'a>, row: usize) -> Option<Self::Item<'a>> {
        view.validity.is_none_or(|validity| validity.at(row)).then(|| Self::value(view, row))
    }
}

/// The fields of a [`Row`]: a tuple of up to eight types, each of which can be nested and has a size.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the fields of a ROW",
    label = "the fields are a tuple of up to eight types, with `String` for texts and `Vec<u8>` for bytes"
)]
pub trait Fields: 'static {
    /// A value or a null for each field.
    type Items<'a>: Copy;
    #[doc(hidden)]
    type Views<'a>: Copy;

    #[doc(hidden)]
    fn fit(types: &[ColumnType]) -> bool;
    #[doc(hidden)]
    fn expected() -> Vec<String>;
    #[doc(hidden)]
    fn views<'a>(columns: &[AnyColumn<'a>]) -> Result<Self::Views<'a>, Error>;
    #[doc(hidden)]
    fn items<'a>(views: Self::Views<'a>, row: usize) -> Self::Items<'a>;
}

macro_rules! fields {
    ($count:literal: $($name:ident $at:tt),*) => {
        impl<$($name: Nested),*> Fields for ($($name,)*) {
            type Items<'a> = ($(Option<$name::Item<'a>>,)*);
            type Views<'a> = ($($name::View<'a>,)*);

            fn fit(types: &[ColumnType]) -> bool {
                types.len() == $count $(&& $name::fits(&types[$at]))*
            }

            fn expected() -> Vec<String> {
                vec![$($name::expected()),*]
            }

            fn views<'a>(columns: &[AnyColumn<'a>]) -> Result<Self::Views<'a>, Error> {
                if columns.len() != $count {
                    return Err(Error::contract("a ROW has other fields"));
                }
                Ok(($($name::view(columns[$at])?,)*))
            }

            #[inline]
            fn items<'a>(views: Self::Views<'a>, row: usize) -> Self::Items<'a> {
                ($($name::get(views.$at, row),)*)
            }
        }
    };
}
fields!(1: A 0);
fields!(2: A 0, B 1);
fields!(3: A 0, B 1, C 2);
fields!(4: A 0, B 1, C 2, D 3);
fields!(5: A 0, B 1, C 2, D 3, E 4);
fields!(6: A 0, B 1, C 2, D 3, E 4, G 5);
fields!(7: A 0, B 1, C 2, D 3, E 4, G 5, H 6);
fields!(8: A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);

/// A type that has a size, in the place of one that has none.
macro_rules! owned {
    ($($owned:ty => $value:ty),*) => {$(
        impl Nested for $owned {
            type Item<'a> = <$value as Value>::Item<'a>;
            type View<'a> = <$value as Nested>::View<'a>;

            fn fits(column_type: &ColumnType) -> bool {
                <$value>::fits(column_type)
            }

            fn expected() -> String {
                <$value as Nested>::expected()
            }

            fn view<'a>(column: AnyColumn<'a>) -> Result<Self::View<'a>, Error> {
                <$value as Nested>::view(column)
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
    )*};
}
owned!(String => str, Vec<u8> => [u8]);
