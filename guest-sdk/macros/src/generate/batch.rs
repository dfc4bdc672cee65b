//! The call of a function over whole columns.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::at_returned;
use super::columns::{input, output};
use crate::facts::{Family, Function, Parameter};

/// What `apply` does once the views of the columns are there.
pub(super) fn apply(family: Family, function: &Function) -> TokenStream {
    let name = &function.item.sig.ident;
    let arguments = function.parameters.iter().enumerate().map(|(index, parameter)| match parameter {
        Parameter::Config(_) => tokens!(&self.config),
        Parameter::Column(column) => {
            let view = input(index, column);
            tokens!(#view)
        }
        Parameter::Output(place) => {
            let write = &function.writes[*place];
            let (output, borrow) = (output(*place, write), write.any.as_ref().map(|_| tokens!(&)));
            tokens!(#borrow self.#output)
        }
        Parameter::Refusals => tokens!(&mut refusals),
    });
    // What the compiler has to say of the call or of what comes back belongs to the function's own types.
    let call = quote_spanned!(Span::mixed_site().located_at(name.span())=> #name(#(#arguments),*));
    let outcome = match function.error {
        Some(error) => {
            let refuse =
                quote_spanned!(Span::mixed_site().located_at(error)=> ::thalweg_module::private::refused(error));
            tokens! {
                match #call {
                    ::core::result::Result::Ok(outcome) => outcome,
                    ::core::result::Result::Err(error) => return ::core::result::Result::Err(#refuse),
                }
            }
        }
        None => call,
    };
    let answer = match family {
        Family::Filter => quote_spanned!(at_returned(function)=> ::thalweg_module::private::kept(outcome)),
        Family::Map => quote_spanned!(at_returned(function)=> ::thalweg_module::private::replaced(outcome)),
        Family::FilterMap => quote_spanned!(at_returned(function)=> ::thalweg_module::private::selected(outcome)),
        Family::FlatMap => quote_spanned!(at_returned(function)=> ::thalweg_module::private::produced(outcome)),
    };
    let refusals = takes_refusals(function).then(|| tokens!(let mut refusals = ::thalweg_module::Refusals::default();));
    let refusing = takes_refusals(function).then(|| tokens!(.refusing(refusals)));
    tokens! {
        #refusals
        let outcome = #outcome;
        ::core::result::Result::Ok(#answer #refusing)
    }
}

fn takes_refusals(function: &Function) -> bool {
    function.parameters.iter().any(|parameter| matches!(parameter, Parameter::Refusals))
}
