//! What the macros know of a function once it is read.

use proc_macro2::{Span, TokenStream};
use syn::{Ident, ItemFn, LitStr, Type};

/// What a module does with rows: one macro each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Filter,
    Map,
    FilterMap,
    FlatMap,
}

impl Family {
    /// The macro's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Map => "map",
            Self::FilterMap => "filter_map",
            Self::FlatMap => "flat_map",
        }
    }
}

/// What stands in the macro's parentheses.
pub(crate) struct Arguments {
    /// `batch`: the function takes whole columns.
    pub(crate) is_batch: bool,
    /// Not `export = false`.
    pub(crate) is_exported: bool,
    /// The columns that a function over one row writes, if they are named.
    pub(crate) columns: Option<Vec<Target>>,
    /// Where `column` or `columns` stands.
    pub(crate) columns_span: Span,
    /// Whether they stand in `columns(..)`: the function returns a tuple unless it is one.
    pub(crate) is_list: bool,
}

/// A column to write.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) sql: Option<Sql>,
}

/// A column type as SQL writes it.
#[derive(Clone)]
pub(crate) struct Sql {
    /// As a `thalweg_module::DataType`.
    pub(crate) data_type: TokenStream,
    /// Its name without precision.
    pub(crate) word: String,
    /// Whether it is an array of that.
    pub(crate) is_list: bool,
    pub(crate) span: Span,
}

/// A function that becomes a module.
pub(crate) struct Function {
    /// As the user wrote it, without the attributes that only these macros know.
    pub(crate) item: ItemFn,
    /// The type that becomes the module: `KeepLate` for `keep_late`.
    pub(crate) module: Ident,
    pub(crate) is_exported: bool,
    /// The first paragraph of the docs.
    pub(crate) summary: String,
    /// In order.
    pub(crate) parameters: Vec<Parameter>,
    /// The columns written, in order.
    pub(crate) writes: Vec<Write>,
    /// Where the error stands, if the function returns a `Result`.
    pub(crate) error: Option<Span>,
    pub(crate) form: Form,
}

/// Whether a function takes one row or all of a batch.
pub(crate) enum Form {
    Row {
        /// The function returns a tuple of the values written.
        is_tuple: bool,
        /// Where the error stands, if a flat-map's rows are `Result`s.
        item_error: Option<Span>,
    },
    Batch,
}

/// What a parameter is given.
pub(crate) enum Parameter {
    /// A reference to the configuration, of this type.
    Config(Box<Type>),
    Column(Column),
    /// An `Output`, by its position among the columns written.
    Output(usize),
    /// `&mut Refusals`.
    Refusals,
}

/// A column of the input.
pub(crate) struct Column {
    pub(crate) name: String,
    /// What implements `thalweg_module::Value`, or `Nested` if it is nested; the type itself if it is read whatever it holds.
    pub(crate) value: TokenStream,
    pub(crate) reading: Reading,
    /// The function sees nulls: `Option`, or the whole column.
    pub(crate) is_optional: bool,
}

/// How a column is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Flat,
    /// As arrays or maps.
    Nested,
    /// By the names on the way to a field of a ROW.
    Field,
    /// Whatever its type.
    Any,
}

/// A column of the output.
pub(crate) struct Write {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) sql: Option<Sql>,
    /// An `AnyOutput`, with its type if that is not the replaced column's.
    pub(crate) any: Option<Option<LitStr>>,
    pub(crate) nulls: Nulls,
    /// A function over one row gives an `Option`.
    pub(crate) is_optional: bool,
}

/// Whether a written column may hold nulls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    Always,
    Never,
    /// If a column may that is read and must have a value.
    AsRead,
}

/// The type of a value.
pub(crate) struct Kind {
    /// What implements `thalweg_module::Value`.
    pub(crate) value: TokenStream,
    /// Whether it is an array of such values.
    pub(crate) is_list: bool,
    /// Whether it is an owned text or bytes, which are written by reference.
    pub(crate) is_owned: bool,
    /// Whether it implements `thalweg_module::Numeric`.
    pub(crate) is_number: bool,
}
