//! The attribute macros of `thalweg-module`, which documents them.

use proc_macro::TokenStream;

mod config;
mod facts;
mod generate;
mod parse;

use facts::Family;

/// Makes a struct the configuration of a module.
///
/// The struct gets serde's `Deserialize`, with unknown keys refused, and a JSON Schema made of its fields and their docs.
/// serde's `rename`, `default` and `default = ".."` on a field do what they always do; an `Option` may be left out.
///
/// ```
/// use thalweg_module::{Parameters, config};
///
/// #[config]
/// struct Config {
///     /// Minutes from which a flight is late.
///     #[serde(default = "thirty")]
///     min: i32,
///     /// Only flights from here.
///     origin: Option<String>,
/// }
///
/// fn thirty() -> i32 {
///     30
/// }
///
/// assert_eq!(Config::schema()["properties"]["min"]["description"], "Minutes from which a flight is late.");
/// ```
#[proc_macro_attribute]
pub fn config(arguments: TokenStream, item: TokenStream) -> TokenStream {
    config::expand(arguments.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[doc = include_str!("docs/filter.md")]
#[proc_macro_attribute]
pub fn filter(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Family::Filter, arguments, item)
}

#[doc = include_str!("docs/map.md")]
#[proc_macro_attribute]
pub fn map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Family::Map, arguments, item)
}

#[doc = include_str!("docs/filter_map.md")]
#[proc_macro_attribute]
pub fn filter_map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Family::FilterMap, arguments, item)
}

#[doc = include_str!("docs/flat_map.md")]
#[proc_macro_attribute]
pub fn flat_map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Family::FlatMap, arguments, item)
}

fn expand(family: Family, arguments: TokenStream, item: TokenStream) -> TokenStream {
    match parse::function(family, arguments.into(), item.into()) {
        Ok(function) => generate::module(family, &function).into(),
        Err(error) => error.to_compile_error().into(),
    }
}
