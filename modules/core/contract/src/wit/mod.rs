//! Conversion of the contract's words from and into WIT, written once for every side that has types made of `wit/`:
//! wit-bindgen's in components, wasmtime's in the host. Their modules have the same names, fields and cases.
//!
//! A side names its modules in the macros `types_from_and_into_wit`, `catalog_from_and_into_wit`,
//! `settings_from_and_into_wit` and `engine_from_and_into_wit`, which give it the traits below for all types of that
//! interface.
//!
//! ```text
//! record   one record or variant, both ways, from one list of its fields or cases
//! types    the types of fields
//! catalog  errors, tables, buckets, answers, fates
//! engine   settings, inputs, actions, work, events
//! ```

mod catalog;
mod engine;
mod record;
mod types;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use thalweg_wire::tree;

use crate::ChangeType;

pub use crate::error::Malformed;

/// Made of a type of the WIT, whatever it says.
pub trait FromWit<W>: Sized {
    /// Converts it.
    fn from_wit(wit: W) -> Self;
}

/// Made of a type of the WIT, if that means anything.
pub trait TryFromWit<W>: Sized {
    /// Converts it, or says what is wrong with it.
    fn try_from_wit(wit: W) -> Result<Self, Malformed>;
}

/// Becomes a type of the WIT.
pub trait IntoWit<W> {
    /// Converts it.
    fn into_wit(self) -> W;
}

/// Numbers and texts are what they are.
macro_rules! the_same {
    ($($same:ty),*) => {$(
        impl FromWit<$same> for $same {
            fn from_wit(wit: $same) -> Self {
                wit
            }
        }

        impl IntoWit<$same> for $same {
            fn into_wit(self) -> $same {
                self
            }
        }
    )*};
}

the_same!(u32, u64, ());

/// A duration is a number of microseconds.
impl FromWit<u64> for Duration {
    fn from_wit(wit: u64) -> Self {
        Duration::from_micros(wit)
    }
}

impl IntoWit<u64> for Duration {
    fn into_wit(self) -> u64 {
        u64::try_from(self.as_micros()).unwrap_or(u64::MAX)
    }
}

/// Bytes are bytes, taken as they are.
impl FromWit<Vec<u8>> for Bytes {
    fn from_wit(wit: Vec<u8>) -> Self {
        Bytes::from(wit)
    }
}

impl IntoWit<Vec<u8>> for Bytes {
    fn into_wit(self) -> Vec<u8> {
        self.into()
    }
}

/// A change is a byte, as on the wire.
impl TryFromWit<u8> for ChangeType {
    fn try_from_wit(wit: u8) -> Result<Self, Malformed> {
        ChangeType::try_from(wit).map_err(|unknown| Malformed(unknown.to_string()))
    }
}

impl IntoWit<u8> for ChangeType {
    fn into_wit(self) -> u8 {
        self.into()
    }
}

impl<W, T: FromWit<W>> FromWit<Option<W>> for Option<T> {
    fn from_wit(wit: Option<W>) -> Self {
        wit.map(T::from_wit)
    }
}

impl<W, T: IntoWit<W>> IntoWit<Option<W>> for Option<T> {
    fn into_wit(self) -> Option<W> {
        self.map(T::into_wit)
    }
}

impl<W, T: FromWit<W>> FromWit<Vec<W>> for Vec<T> {
    fn from_wit(wit: Vec<W>) -> Self {
        wit.into_iter().map(T::from_wit).collect()
    }
}

impl<W, T: IntoWit<W>> IntoWit<Vec<W>> for Vec<T> {
    fn into_wit(self) -> Vec<W> {
        self.into_iter().map(T::into_wit).collect()
    }
}

impl<W, T: TryFromWit<W>> TryFromWit<Vec<W>> for Vec<T> {
    fn try_from_wit(wit: Vec<W>) -> Result<Self, Malformed> {
        wit.into_iter().map(T::try_from_wit).collect()
    }
}

impl<W, T: TryFromWit<W>> TryFromWit<Option<W>> for Option<T> {
    fn try_from_wit(wit: Option<W>) -> Result<Self, Malformed> {
        wit.map(T::try_from_wit).transpose()
    }
}

impl<W, T: TryFromWit<W>> TryFromWit<W> for Box<T> {
    fn try_from_wit(wit: W) -> Result<Self, Malformed> {
        T::try_from_wit(wit).map(Box::new)
    }
}

impl<W, T: IntoWit<W>> IntoWit<W> for Box<T> {
    fn into_wit(self) -> W {
        (*self).into_wit()
    }
}

impl<W, V, T: FromWit<W>, U: FromWit<V>> FromWit<(W, V)> for (T, U) {
    fn from_wit((one, other): (W, V)) -> Self {
        (T::from_wit(one), U::from_wit(other))
    }
}

impl<W, V, T: FromWit<W>, U: TryFromWit<V>> TryFromWit<(W, V)> for (T, U) {
    fn try_from_wit((one, other): (W, V)) -> Result<Self, Malformed> {
        Ok((T::from_wit(one), U::try_from_wit(other)?))
    }
}

impl<W, V, T: IntoWit<W>, U: IntoWit<V>> IntoWit<(W, V)> for (T, U) {
    fn into_wit(self) -> (W, V) {
        (self.0.into_wit(), self.1.into_wit())
    }
}

impl<W, V, T: FromWit<W>, E: FromWit<V>> FromWit<Result<W, V>> for Result<T, E> {
    fn from_wit(wit: Result<W, V>) -> Self {
        wit.map(T::from_wit).map_err(E::from_wit)
    }
}

impl<W, V, T: TryFromWit<W>, E: FromWit<V>> TryFromWit<Result<W, V>> for Result<T, E> {
    fn try_from_wit(wit: Result<W, V>) -> Result<Self, Malformed> {
        Ok(match wit {
            Ok(value) => Ok(T::try_from_wit(value)?),
            Err(error) => Err(E::from_wit(error)),
        })
    }
}

impl<W, V, T: IntoWit<W>, E: IntoWit<V>> IntoWit<Result<W, V>> for Result<T, E> {
    fn into_wit(self) -> Result<W, V> {
        self.map(T::into_wit).map_err(E::into_wit)
    }
}

/// Properties: of a key that stands twice the last value counts.
impl<W> FromWit<Vec<W>> for BTreeMap<String, String>
where
    (String, String): FromWit<W>,
{
    fn from_wit(wit: Vec<W>) -> Self {
        tree::map(wit.into_iter().map(FromWit::from_wit))
    }
}

impl<W> IntoWit<Vec<W>> for BTreeMap<String, String>
where
    (String, String): IntoWit<W>,
{
    fn into_wit(self) -> Vec<W> {
        self.into_iter().map(IntoWit::into_wit).collect()
    }
}
