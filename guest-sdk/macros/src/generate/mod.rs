//! From facts to a module.

/// Tokens whose variables the user's names cannot meet: a function may be named `rows`.
macro_rules! tokens {
    ($($token:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($token)*) };
}

mod batch;
mod columns;
mod rows;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use crate::facts::{Family, Form, Function, Parameter};
use columns::{columns, outputs};

/// The user's function, and a type that implements `Module` with it.
pub(crate) fn module(family: Family, function: &Function) -> TokenStream {
    let Function { item, module, summary, .. } = function;
    let vis = &item.vis;
    let config = config(function);
    let (inputs, read): (Vec<_>, Vec<_>) =
        columns(function).map(|(place, column)| (place, columns::input_type(column))).unzip();
    let (outputs, written): (Vec<_>, Vec<_>) =
        outputs(function).map(|(place, write)| (place, columns::output_type(write))).unzip();
    let config_field = config.map(|config| tokens!(config: #config,));
    let parameters = config.map(|config| quote_spanned!(at(config)=> .with_parameters::<#config>()));
    let views = columns(function).map(|(place, column)| columns::view(&place, column));
    let open = open(function);
    let apply = match function.form {
        Form::Row { is_tuple, item_error } => rows::apply(family, function, is_tuple, item_error),
        Form::Batch => batch::apply(family, function),
    };
    let export = function.is_exported.then(|| tokens!(::thalweg_module::export!(#module);));
    tokens! {
        #[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "it has as many as there are columns")]
        #item

        #[doc = #summary]
        #vis struct #module {
            #config_field
            #(#inputs: #read,)*
            #(#outputs: #written,)*
        }

        impl ::thalweg_module::Module for #module {
            fn describe() -> ::thalweg_module::Description {
                ::thalweg_module::Description::new(#summary)#parameters
            }

            #open

            fn apply(
                &mut self,
                batch: ::thalweg_module::Batch,
            ) -> ::core::result::Result<::thalweg_module::Answer, ::thalweg_module::Error> {
                #(let #inputs = #views;)*
                let rows = batch.rows();
                #apply
            }
        }

        #export
    }
}

fn open(function: &Function) -> TokenStream {
    let inputs: Vec<_> = columns(function).map(|(place, _)| place).collect();
    let reads = columns(function).map(|(_, column)| columns::read(column));
    let outputs: Vec<_> = outputs(function).map(|(place, _)| place).collect();
    let writes = function.writes.iter().map(|write| columns::write(function, write));
    let (config, config_value) = match config(function) {
        Some(config) => {
            let read = quote_spanned!(at(config)=> context.config::<#config>()?);
            (tokens!(let config = #read;), Some(tokens!(config,)))
        }
        None => (tokens!(context.no_config()?;), None),
    };
    tokens! {
        fn open(
            context: &::thalweg_module::Context,
        ) -> ::core::result::Result<(Self, ::thalweg_module::Plan), ::thalweg_module::Error> {
            #config
            let mut plan = ::thalweg_module::Plan::new(context.input());
            #(let #inputs = #reads;)*
            #(let #outputs = #writes;)*
            ::core::result::Result::Ok((Self { #config_value #(#inputs,)* #(#outputs,)* }, plan))
        }
    }
}

fn config(function: &Function) -> Option<&Type> {
    function.parameters.iter().find_map(|parameter| match parameter {
        Parameter::Config(config) => Some(&**config),
        _ => None,
    })
}

/// Where the compiler reports what is wrong with what the user wrote there.
fn at(user: &impl ToTokens) -> Span {
    Span::mixed_site().located_at(user.span())
}

/// Where it reports what is wrong with what the function returns.
fn at_returned(function: &Function) -> Span {
    match &function.item.sig.output {
        ReturnType::Type(_, returned) => at(returned),
        ReturnType::Default => Span::mixed_site(),
    }
}
