//! What `#[filter]` and `#[map]` know of a function once it is read.

use proc_macro2::TokenStream;
use syn::{Ident, ItemFn, Type};

/// A function over one row.
pub(crate) struct Function {
    /// As the user wrote it, without the attributes that only these macros know.
    pub(crate) item: ItemFn,
    /// The type that becomes the module: `KeepLate` for `keep_late`.
    pub(crate) module: Ident,
    /// The first paragraph of the docs.
    pub(crate) summary: String,
    /// In order.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Output,
}

/// What a parameter is given.
pub(crate) enum Parameter {
    /// A reference to the configuration, of this type.
    Config(Box<Type>),
    Column(Column),
}

/// A column of the input.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// `Option`: the function sees nulls.
    pub(crate) is_optional: bool,
}

/// What the function gives back, `Result` and `Option` taken off in this order.
pub(crate) struct Output {
    pub(crate) is_fallible: bool,
    pub(crate) is_optional: bool,
    pub(crate) kind: Kind,
}

/// The type of a value.
pub(crate) struct Kind {
    /// What implements `thalweg_module::Value`.
    pub(crate) value: TokenStream,
    /// Whether it is an owned text or bytes, which are written by reference.
    pub(crate) is_owned: bool,
    pub(crate) is_bool: bool,
    /// Whether it implements `thalweg_module::Numeric`.
    pub(crate) is_number: bool,
}
