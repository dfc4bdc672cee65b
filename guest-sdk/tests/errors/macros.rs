//! What the macros refuse, and where. Below each wrong line `//~ ^^^ text` marks the place of the error, and the text
//! that its message contains.

use thalweg_module::*;

// What a function is.

#[filter]
    struct NotAFunction;
//~ ^^^^^^ stands before a function

#[filter]
    async fn waits(a: i32) -> bool { true }
//~ ^^^^^ a module is synchronous: remove `async`

#[filter]
    unsafe fn dares(a: i32) -> bool { true }
//~ ^^^^^^ remove `unsafe`

#[filter]
fn general<T>(a: T) -> bool { true }
//~        ^ only lifetimes can be generic

#[filter]
fn no_columns() -> bool { true }
//~          ^^ at least one parameter must be a column

#[filter]
fn option(a: i32) -> bool { true }
//~^^^^^^ the module would be called `Option`: rename the function

#[filter]
fn _1(a: i32) -> bool { true }
//~^^ the module would be called `1`: rename the function

// Parameters.

#[filter]
fn wrong_type(a: usize, b: i32) -> bool { true }
//~              ^^^^^ a column cannot have this type: use bool, i8

#[filter]
fn owned_text(a: i32, b: Option<String>) -> bool { true }
//~                             ^^^^^^ a column cannot have this type

#[filter]
fn mutable(a: &mut str) -> bool { true }
//~           ^^^^^^^^ a column cannot have this type

#[filter]
fn borrowed_elements(a: Option<List<'_, &str>>) -> bool { true }
//~                                     ^^^^ name what is nested without `&`

#[filter]
fn borrowed_field(a: Row<'_, (i32, &str)>) -> bool { true }
//~                                ^^^^ in a `Row` a text is `String`

#[filter]
fn pattern((a, b): i32) -> bool { true }
//~        ^^^^^^ a parameter is named like its column

#[filter]
fn method(&self, a: i32) -> bool { true }
//~       ^^^^^ a module is a plain function, without `self`

#[filter]
fn config_by_value(#[config] c: Config, a: i32) -> bool { true }
//~                             ^^^^^^ the configuration is a shared reference, as `&Config`

#[filter]
fn two_configs(#[config] c: &Config, a: i32, #[config] d: &Config) -> bool { true }
//~                                          ^^^^^^^^^^^^^^^^^^^^ only one parameter can be the `#[config]`

#[filter]
fn name_is_no_string(#[column = 3] a: i32) -> bool { true }
//~                             ^ the column's name is a string

#[filter]
fn name_is_missing(#[column] a: i32) -> bool { true }
//~                  ^^^^^^ write `#[column = "its name"]`

#[filter]
fn unknown_option(#[column(nmae = "a")] a: i32) -> bool { true }
//~                        ^^^^ a column knows `name = ".."`

#[filter]
fn typed_read(#[column(type = "INT")] a: i32) -> bool { true }
//~           ^^^^^^^^^^^^^^^^^^^^^^^ only a column that is written has a type of its own

#[filter]
fn whole_column(a: Column<'_, i32>) -> bool { true }
//~                ^^^^^^^^^^^^^^^ a whole column needs `batch`

// What is returned.

#[filter]
fn nothing(a: i32) {}
//~^^^^^^^ the function returns nothing

#[filter]
fn number(a: i32) -> i32 { a }
//~                  ^^^ a filter returns bool

#[filter]
fn fallible_number(a: i32) -> Result<Option<bool>, String> { Ok(None) }
//~                                  ^^^^^^^^^^^^ a filter returns bool

#[map]
fn list(a: i32) -> Option<Vec<Vec<i32>>> { None }
//~                       ^^^^^^^^^^^^^ a column cannot have this type: use bool

#[filter_map]
fn always(a: i32) -> Result<i32, String> { Ok(a) }
//~                         ^^^ a filter_map returns an Option: None leaves the row out

#[flat_map]
fn one_row(a: i32) -> i32 { a }
//~                   ^^^ a flat_map returns rows: Vec<T>, [T; N], Option<T>, or impl Iterator<Item = T>

#[flat_map]
fn strange_rows(a: i32) -> impl Iterator<Item = (usize, i32)> + Clone { std::iter::empty() }
//~                                             ^^^^^^^^^^^^ name the columns: `#[flat_map(columns(column_1, column_2))]`

#[flat_map(columns(a, b))]
fn strange_value(a: i32) -> impl Iterator<Item = (usize, i32)> + Clone { std::iter::empty() }
//~                                               ^^^^^ a column cannot have this type

// The arguments.

#[filter(bach)]
//~      ^^^^ `#[filter]` knows `batch` and `export = false`
fn misspelt(a: i32) -> bool { true }

#[filter(column = a)]
//~      ^^^^^^ `#[filter]` knows `batch` and `export = false`
fn filter_writes(a: i32) -> bool { true }

#[map(colunm = a)]
//~   ^^^^^^ `#[map]` knows `column = name`
fn misspelt_column(a: i32) -> i32 { a }

#[map(column = 3)]
//~            ^ a column's name is a word, or a string
fn number_as_name(a: i32) -> i32 { a }

#[map(columns(a, b), column = c)]
//~                           ^ write either `column = name` or `columns(..)`
fn both(a: i32) -> (i32, i32) { (a, a) }

#[map(columns(a, b, a))]
//~                 ^ column `a` is written twice
fn twice(a: i32) -> (i32, i32, i32) { (a, a, a) }

#[map(columns(a, b))]
fn one_of_two(a: i32) -> Result<i32, String> { Ok(a) }
//~                             ^^^ 2 columns are written: return a tuple with a value for each

#[map(columns(a, b, c))]
fn two_of_three(a: i32) -> (i32, i32) { (a, a) }
//~                        ^^^^^^^^^^ 3 columns are written: return a tuple with a value for each

#[map]
fn unnamed(a: i32) -> (i32, i32) { (a, a) }
//~                   ^^^^^^^^^^ name the columns: `#[map(columns(column_1, column_2))]`

#[map(columns())]
//~   ^^^^^^^ name at least one column
fn no_column(a: i32) -> () {}

#[map(type = "INT")]
//~   ^^^^ say which column has this type
fn type_of_none(a: i32) -> i32 { a }

#[map(column = a, type = "VARCHAR")]
//~                      ^^^^^^^^^ at character 1: expected a data type of Fluss's, here STRING, found 'VARCHAR'
fn unknown_type(a: i32) -> i32 { a }

#[map(column = a, type = "DECIMAL(39, 2)")]
//~                      ^^^^^^^^^^^^^^^^ at character 9: expected a precision of 1 to 38, found '39'
fn too_precise(a: i32) -> Decimal { Decimal::new(1, 0) }

#[map(column = a, type = "TIME(10)")]
//~                      ^^^^^^^^^^ at character 6: expected a precision of 0 to 9, found '10'
fn too_fine(a: i32) -> Time { Time::new(1, Unit::Seconds) }

#[map(columns(a, b = "BIGINT"))]
//~                  ^^^^^^^^ `i32` is written as INT, not as BIGINT
fn other_type(a: i32) -> (i32, Option<i32>) { (a, None) }

#[map(column = b, type = "INT")]
//~                      ^^^^^ a list is written as ARRAY<..>
fn list_as_number(a: i32) -> Vec<i32> { vec![a] }

#[map(column = b, type = "ARRAY<INT>")]
//~                      ^^^^^^^^^^^^ only a list is written as ARRAY<..>
fn number_as_list(a: i32) -> i32 { a }

#[map(columns(b = "ARRAY<ARRAY<INT>>"))]
//~               ^^^^^^^^^^^^^^^^^^^ ARRAY<INT> has types within; a function writes flat types and arrays of them
fn list_of_lists(a: i32) -> Vec<i32> { vec![a] }

// Whole columns.

#[filter(batch)]
fn value_in_batch(a: i32) -> Selection { Selection::All }
//~                  ^^^ with `batch`, a parameter is a `Column<'_, T>` or `AnyColumn<'_>` to read

#[map(batch)]
fn any_output_by_value(a: Column<'_, i32>, b: AnyOutput) -> Written { todo!() }
//~                                           ^^^^^^^^^ an `Output<T>` or `&AnyOutput` to write

#[filter(batch)]
fn filter_with_output(a: Column<'_, i32>, b: Output<i32>) -> Selection { Selection::All }
//~                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a filter writes no columns

#[map(batch)]
fn no_output(a: Column<'_, i32>) -> Written { todo!() }
//~         ^^^^^^^^^^^^^^^^^^^^ name the columns that are written

#[map(batch, column = b)]
//~          ^^^^^^ with `batch`, each `Output` parameter is a column that is written
fn named_output(a: Column<'_, i32>) -> Written { todo!() }

#[map(batch)]
fn same_output(a: Column<'_, i32>, #[column = "b"] c: Output<i32>, b: Output<i32>) -> Written { todo!() }
//~                                                                ^ column `b` is written twice

#[map(batch)]
fn typed_output(a: Column<'_, i32>, #[column(type = "STRING")] b: Output<i32>) -> Written { todo!() }
//~                                                 ^^^^^^^^ `i32` is written as INT, not as STRING

#[map(batch)]
fn nulls_of_input(#[column(nullable)] a: Column<'_, i32>, b: Output<i32>) -> Written { todo!() }
//~               ^^^^^^^^^^^^^^^^^^^ only an `Output` has a type or nulls of its own

// Configurations.

#[config(strict)]
//~      ^^^^^^ `#[config]` takes no arguments
struct WithArguments { a: i32 }

#[config]
struct Tuple(i32, i32);
//~         ^^^^^^^^^^ a configuration is a struct with named fields

#[config]
    fn function() {}
//~ ^^^^^^^^^^^^^^^^ a configuration is a struct with named fields, or an enum in one

#[config]
struct General<T> { a: T }
//~            ^ a configuration has concrete types: remove the generics

#[config]
struct Flattened { #[serde(flatten)] a: i32 }
//~                        ^^^^^^^ a configuration's field knows serde's `rename` and `default`

#[config]
#[serde(rename_all = "Kebab")]
//~                  ^^^^^^^ the cases are lowercase, UPPERCASE
struct Renamed { a: i32 }

#[config]
struct TwoDefaults { #[serde(default)] #[default = 3] a: i32 }
//~                                                ^ write either `#[default = ..]` or serde's

#[config]
struct EmptyDefault { #[default] a: i32 }
//~                     ^^^^^^^ write `#[default = value]`

#[config]
#[serde(tag = "kind")]
//~           ^^^^^^ only an enum has a `tag`
struct Tagged { a: i32 }

#[config]
enum Cases { One(i32, i32) }
//~             ^^^^^^^^^^ a case has named fields, or without a `tag` one value
