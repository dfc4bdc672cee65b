//! The loops around a function over one row.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Ident;

use super::at;
use super::columns::{columns, input, outputs};
use crate::facts::{Family, Function, Parameter, Write};

/// What `apply` does once the views of the columns and the number of `rows` are there.
pub(super) fn apply(family: Family, function: &Function, is_tuple: bool, item_error: Option<Span>) -> TokenStream {
    let required = columns(function).filter(|(_, column)| !column.is_optional).map(|(place, _)| place);
    // The rows where no column that must have a value is null.
    let present = tokens!(let present = ::thalweg_module::private::masks(rows, [#(#required.validity()),*]););
    let apply = match (family, &function.writes[..]) {
        (Family::Filter, _) => filter(function),
        (Family::Map, [one]) if one.kind.is_number && !one.is_optional && function.error.is_none() => numbers(function),
        (Family::Map, _) => map(function, is_tuple),
        (Family::FilterMap, _) => filter_map(function, is_tuple),
        (Family::FlatMap, _) => flat_map(function, is_tuple, item_error),
    };
    tokens!(#present #apply)
}

fn filter(function: &Function) -> TokenStream {
    let keep = unfailing(function, &call(function), &tokens!(false));
    let refusals = function.error.map(|_| tokens!(let mut refusals = ::thalweg_module::Refusals::default();));
    let refusing = function.error.map(|_| tokens!(.refusing(refusals)));
    tokens! {
        #refusals
        let kept = {
            let mut keep = |row: usize| -> bool { #keep };
            match &present {
                ::core::option::Option::Some(present) => ::thalweg_module::Bitmap::from_fn_where(present, &mut keep),
                ::core::option::Option::None => ::thalweg_module::Bitmap::from_fn(rows, &mut keep),
            }
        };
        ::core::result::Result::Ok(::thalweg_module::Answer::kept(kept.into())#refusing)
    }
}

/// Writes numbers that are always there: the fastest loop.
fn numbers(function: &Function) -> TokenStream {
    let (call, outputs) = (call(function), outputs(function).map(|(place, _)| place));
    tokens! {
        let values = ::thalweg_module::private::numbers(rows, present.as_ref(), |row| #call);
        let written = [#(self.#outputs.column(values, present)),*];
        ::core::result::Result::Ok(::thalweg_module::Answer::replaced(::thalweg_module::Selection::All, written))
    }
}

/// Writes anything, with nulls and refusals of its own.
fn map(function: &Function, is_tuple: bool) -> TokenStream {
    let (start, skip, builders) = (start(function), skip(function), builders(function));
    let value = unfailing(function, &call(function), &tokens!({ #skip continue }));
    let push = push(function, is_tuple);
    tokens! {
        #start
        for row in 0..rows {
            if present.as_ref().is_some_and(|present| !present.at(row)) {
                #skip
                continue;
            }
            let value = #value;
            #push
        }
        let written = [#(#builders.with_nulls(::core::clone::Clone::clone(&present)).finish()),*];
        ::core::result::Result::Ok(
            ::thalweg_module::Answer::replaced(::thalweg_module::Selection::All, written).refusing(refusals),
        )
    }
}

/// Writes what is there, and leaves the other rows out.
fn filter_map(function: &Function, is_tuple: bool) -> TokenStream {
    let (start, skip, builders) = (start(function), skip(function), builders(function));
    let value = unfailing(function, &call(function), &tokens!({ #skip return false }));
    let push = push(function, is_tuple);
    tokens! {
        #start
        let kept = ::thalweg_module::Bitmap::from_fn(rows, |row| {
            if present.as_ref().is_some_and(|present| !present.at(row)) {
                #skip
                return false;
            }
            let value = match #value {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => {
                    #skip
                    return false;
                }
            };
            #push
            true
        });
        let written = [#(#builders.finish()),*];
        ::core::result::Result::Ok(::thalweg_module::Answer::replaced(kept.into(), written).refusing(refusals))
    }
}

/// Writes any number of rows for each.
fn flat_map(function: &Function, is_tuple: bool, item_error: Option<Span>) -> TokenStream {
    let (start, builders) = (start(function), builders(function));
    let values = unfailing(function, &call(function), &tokens!(continue));
    let item = item_error.map(|error| {
        let refused = refused(error, &tokens!(value), &tokens!(break));
        tokens!(let value = #refused;)
    });
    let push = push(function, is_tuple);
    tokens! {
        #start
        let mut origins = ::std::vec::Vec::<u32>::with_capacity(rows);
        for row in 0..rows {
            if present.as_ref().is_some_and(|present| !present.at(row)) {
                continue;
            }
            for value in ::core::iter::IntoIterator::into_iter(#values) {
                #item
                origins.push(row as u32);
                #push
            }
        }
        let written = [#(#builders.finish()),*];
        ::core::result::Result::Ok(::thalweg_module::Answer::produced(origins, written).refusing(refusals))
    }
}

/// The refusals and the builders.
fn start(function: &Function) -> TokenStream {
    let builders = builders(function).into_iter().zip(outputs(function)).map(|(builder, (output, write))| {
        quote_spanned!(at(&write.kind.value)=> let mut #builder = self.#output.builder(rows);)
    });
    tokens! {
        let mut refusals = ::thalweg_module::Refusals::default();
        #(#builders)*
    }
}

/// Leaves the place of a row empty in every written column.
fn skip(function: &Function) -> TokenStream {
    let builders = builders(function);
    tokens!(#(#builders.skip();)*)
}

/// Adds `value` to the written columns.
fn push(function: &Function, is_tuple: bool) -> TokenStream {
    let (builders, values) = (builders(function), values(function));
    let pattern = if is_tuple { tokens!((#(#values,)*)) } else { tokens!(#(#values)*) };
    let pushes = function.writes.iter().zip(builders.iter().zip(&values)).map(|(write, (builder, value))| {
        if !write.is_optional {
            return push_one(write, builder, value);
        }
        let push = push_one(write, builder, value);
        tokens! {
            match #value {
                ::core::option::Option::Some(#value) => { #push }
                ::core::option::Option::None => #builder.push_null(),
            }
        }
    });
    tokens! {
        let #pattern = value;
        #(#pushes)*
    }
}

fn push_one(write: &Write, builder: &Ident, value: &Ident) -> TokenStream {
    let borrow = write.kind.is_owned.then(|| tokens!(&));
    tokens! {
        if let ::core::result::Result::Err(unfit) = #builder.push(#borrow #value) {
            refusals.push(row, unfit);
        }
    }
}

/// The function's value; if it is an error, the row is refused and `or` done.
fn unfailing(function: &Function, value: &TokenStream, or: &TokenStream) -> TokenStream {
    function.error.map_or_else(|| value.clone(), |error| refused(error, value, or))
}

/// The value of a `Result`. An error without `Display` is reported at the type that it stands in.
fn refused(at: Span, value: &TokenStream, or: &TokenStream) -> TokenStream {
    let refuse = quote_spanned!(Span::mixed_site().located_at(at)=> refusals.push(row, error););
    tokens! {
        match #value {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                #refuse
                #or
            }
        }
    }
}

/// The call of the user's function for `row`.
fn call(function: &Function) -> TokenStream {
    let name = &function.item.sig.ident;
    let arguments = function.parameters.iter().enumerate().filter_map(|(index, parameter)| match parameter {
        Parameter::Config(_) => Some(tokens!(&self.config)),
        Parameter::Column(column) => {
            let (view, at) = (input(index, column), at(&column.value));
            let get = Ident::new(if column.is_optional { "get" } else { "value" }, at);
            Some(quote_spanned!(at=> #view.#get(row)))
        }
        Parameter::Output(_) | Parameter::Refusals => None,
    });
    tokens!(#name(#(#arguments),*))
}

fn builders(function: &Function) -> Vec<Ident> {
    numbered(function, "builder")
}

fn values(function: &Function) -> Vec<Ident> {
    numbered(function, "value")
}

/// A variable for each written column.
fn numbered(function: &Function, name: &str) -> Vec<Ident> {
    (0..function.writes.len()).map(|index| format_ident!("{name}_{index}", span = Span::mixed_site())).collect()
}
