//! The attribute macros of `thalweg-module`, which documents them.

use proc_macro::TokenStream;

mod config;
mod facts;
mod generate;
mod parse;

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

/// Makes a function over one row a module that keeps the rows for which it says `true`.
///
/// - Each parameter is named like its column, or names it: `#[column = "dep delay"] delay: i32`. Its type is exactly the
///   column's, see `thalweg_module::Value`; a column that is missing or has another type is an error when
///   the module is loaded. Types of this crate may be written with their path.
/// - `Option<T>` sees nulls. Without it a null never matches: the row is left out, and the function is not called for it.
/// - `Result<bool, E>` refuses the row, with `E`'s `Display` as the message; the host's policy decides its fate.
/// - One parameter may be `#[config] config: &Config`, see [`config`](macro@config). Without one, any configuration is an error.
///
/// The module is a type named like the function, in camel case, and described by the first paragraph of its docs.
///
/// ```
/// use thalweg_module::{config, filter, testing::Rows};
///
/// #[config]
/// struct Config {
///     /// Minutes from which a flight is late.
///     min: i32,
/// }
///
/// /// Keeps late flights, and refuses those without an airport.
/// #[filter]
/// fn late(#[config] config: &Config, delay: i32, origin: Option<&str>) -> Result<bool, String> {
///     match origin {
///         Some(_) => Ok(delay >= config.min),
///         None => Err(format!("a delay of {delay} minutes, but no airport")),
///     }
/// }
///
/// let rows = Rows::new()
///     .column("delay", [Some(45), Some(10), None, Some(50)])
///     .column("origin", [Some("SEA"), Some("PDX"), None, None]);
/// let outcome = rows.run::<Late>(r#"{"min": 30}"#).unwrap();
/// assert_eq!(outcome.kept(), [0]);
/// assert_eq!(outcome.refused(), [(3, "a delay of 50 minutes, but no airport".to_owned())]);
/// ```
///
/// A type that no column has is an error at that type:
/// ```compile_fail
/// #[thalweg_module::filter]
/// fn late(delay: usize) -> bool {
///     delay > 30
/// }
/// ```
#[proc_macro_attribute]
pub fn filter(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = parse::function(item.into()).and_then(|function| generate::filter(&arguments.into(), &function));
    expanded.unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a function over one row a module that writes a column.
///
/// The column is named like the function, or by `#[map(column = name)]` (in quotes where it is no word). If the input has it,
/// it is replaced, else added at the end. Its type follows from what the function returns: `i32` writes INT, `&str` and
/// `String` STRING, `&[u8]` and `Vec<u8>` BYTES. A replaced column keeps its type where the value can be written as that:
/// CHAR, BINARY, and the types with a precision, which need such a column (a decimal is rounded half to even). A value that
/// does not fit refuses its row.
///
/// Parameters are as for [`filter`](macro@filter). Without `Option`, a null among them gives null. The column may hold nulls
/// if the function returns an `Option`, or if a parameter without `Option` reads a column that may.
///
/// ```
/// use thalweg_module::{map, testing::Rows};
///
/// /// Speed in miles an hour.
/// #[map(column = speed)]
/// fn miles_an_hour(distance: i32, minutes: i32) -> Result<f64, String> {
///     if minutes <= 0 {
///         return Err(format!("a flight of {minutes} minutes"));
///     }
///     Ok(f64::from(distance) * 60.0 / f64::from(minutes))
/// }
///
/// let rows = Rows::new().column("distance", [Some(500), None, Some(90)]).column("minutes", [60, 60, 0]);
/// let outcome = rows.run::<MilesAnHour>("{}").unwrap();
/// assert_eq!(outcome.values::<f64>("speed").unwrap(), [Some(500.0), None]);
/// assert_eq!(outcome.refused(), [(2, "a flight of 0 minutes".to_owned())]);
/// ```
#[proc_macro_attribute]
pub fn map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = parse::function(item.into()).and_then(|function| generate::map(arguments.into(), &function));
    expanded.unwrap_or_else(|error| error.to_compile_error()).into()
}
