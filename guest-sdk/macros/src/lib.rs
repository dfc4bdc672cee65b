//! The attribute macros of `thalweg-module`, which documents them.

use proc_macro::TokenStream;

mod config;
mod facts;
mod generate;
mod parse;

use facts::Family;

#[doc = include_str!("docs/config.md")]
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
