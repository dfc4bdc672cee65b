//! What only the compiler finds, after the macros: it must point at what the user wrote. Marked as in `macros.rs`.

use thalweg_module::*;

struct NoDisplay;

#[filter]
fn error_without_display(a: i32) -> Result<bool, NoDisplay> { Ok(true) }
//~                                              ^^^^^^^^^ `NoDisplay` doesn't implement `std::fmt::Display`

#[flat_map]
fn items_without_display(a: i32) -> Vec<Result<i32, NoDisplay>> { Vec::new() }
//~                                                 ^^^^^^^^^ `NoDisplay` doesn't implement `std::fmt::Display`

#[filter]
fn no_value(a: i32, b: Option<NoDisplay>) -> bool { true }
//~                           ^^^^^^^^^ `NoDisplay` cannot be the value of a column

#[map]
fn no_result(a: i32) -> NoDisplay { NoDisplay }
//~                     ^^^^^^^^^ `NoDisplay` cannot be the value of a column

struct NoConfig;

#[filter]
fn configured(#[config] config: &NoConfig, a: i32) -> bool { true }
//~                              ^^^^^^^^ `NoConfig: serde::de::DeserializeOwned` is not satisfied
//~                              ^^^^^^^^ `NoConfig` cannot be the configuration of a module

#[filter]
fn body(a: i32) -> bool { a }
//~                       ^ mismatched types

#[filter(batch)]
fn selects_a_number(a: Column<'_, i32>) -> usize { a.len() }
//~                                        ^^^^^ `usize` does not say which rows go on

#[filter(batch)]
fn column_of_no_type(a: Column<'_, usize>) -> Selection { Selection::All }
//~                  ^ `usize` cannot be the type of a column
//~                     ^^^^^^^^^^^^^^^^^ `usize` cannot be the type of a column
//~                                ^^^^^ `usize` cannot be the type of a column
//~                                ^^^^^ `usize` cannot be the type of a column

#[map(batch)]
fn writes_a_number(a: Column<'_, i32>, b: Output<i32>) -> Vec<i32> { Vec::new() }
//~                                                       ^^^ `Vec<i32>` is not what the function must return

#[filter_map(batch)]
fn selects_nothing(a: Column<'_, i32>, b: Output<i32>) -> Written { unreachable!() }
//~                                                       ^^^^^^^ `thalweg_module::Written` is not a pair of the rows that go on

#[flat_map(batch)]
fn wrong_origins(a: Column<'_, i32>, b: Output<i32>) -> (Vec<u64>, Written) { unreachable!() }
//~                                                     ^^^^^^^^^^^^^^^^^^^ is not a pair of the origins of new rows

#[filter(batch)]
fn batch_error_without_display(a: Column<'_, i32>) -> Result<Selection, NoDisplay> { Ok(Selection::All) }
//~                                                                     ^^^^^^^^^ `NoDisplay` doesn't implement `std::fmt::Display`

    #[config]
//~ ^^^^^^^^^ `NoConfig: serde::Deserialize<'de>` is not satisfied
struct Fields {
    a: NoConfig,
//~    ^^^^^^^^ `NoConfig: serde::Deserialize<'de>` is not satisfied
//~    ^^^^^^^^ `NoConfig: serde::Deserialize<'de>` is not satisfied
//~    ^^^^^^^^ `NoConfig` cannot be the type of a configuration's field
//~    ^^^^^^^^ `NoConfig` cannot be the type of a configuration's field
    #[default = "x"]
//~             ^^^ `i32: From<&str>` is not satisfied
    b: i32,
    #[default = 1.5]
//~             ^^^ mismatched types
    c: String,
}
