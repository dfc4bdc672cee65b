//! The attribute macros of `thalweg-module`, which documents them.

use proc_macro::TokenStream;

mod config;

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
