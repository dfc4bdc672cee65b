//! From facts to a module.

/// Tokens whose variables the user's names cannot meet: a function may be named `rows`.
macro_rules! tokens {
    ($($token:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($token)*) };
}

mod batch;
mod rows;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, LitStr, ReturnType, Type};

use crate::facts::{Column, Family, Form, Function, Nulls, Parameter, Write};

/// The user's function, and a type that implements `Module` with it.
pub(crate) fn module(family: Family, function: &Function) -> TokenStream {
    let Function { item, module, summary, .. } = function;
    let vis = &item.vis;
    let config = config(function);
    let (inputs, read): (Vec<_>, Vec<_>) = columns(function)
        .map(|(place, Column { value, .. })| (place, quote_spanned!(at(value)=> ::thalweg_module::Input<#value>)))
        .unzip();
    let (outputs, written): (Vec<_>, Vec<_>) = outputs(function)
        .map(|(place, write)| (place, &write.kind.value))
        .map(|(place, value)| (place, quote_spanned!(at(value)=> ::thalweg_module::Output<#value>)))
        .unzip();
    let config_field = config.map(|config| tokens!(config: #config,));
    let parameters = config.map(|config| quote_spanned!(at(config)=> .with_parameters::<#config>()));
    let views = columns(function)
        .map(|(place, Column { value, .. })| quote_spanned!(at(value)=> let #place = batch.column(self.#place)?;));
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
                #(#views)*
                let rows = batch.rows();
                #apply
            }
        }

        #export
    }
}

fn open(function: &Function) -> TokenStream {
    let inputs = columns(function).map(|(place, _)| place);
    let reads = columns(function).map(|(place, Column { name, value, .. })| {
        let name = LitStr::new(name, at(value));
        quote_spanned!(at(value)=> let #place = plan.read(#name)?;)
    });
    let outputs: Vec<_> = outputs(function).map(|(place, _)| place).collect();
    let writes = function.writes.iter().map(|write| plan_write(function, write));
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
            #(#reads)*
            #(let #outputs = #writes;)*
            ::core::result::Result::Ok((Self { #config_value #(#inputs,)* #(#outputs,)* }, plan))
        }
    }
}

/// Settles one written column in `plan`.
fn plan_write(function: &Function, write: &Write) -> TokenStream {
    let is_batch = matches!(function.form, Form::Batch);
    let decisive = columns(function).filter(|(_, column)| is_batch || !column.is_optional).map(|(place, _)| place);
    let nullable = match write.nulls {
        Nulls::Always => tokens!(true),
        Nulls::Never => tokens!(false),
        Nulls::AsRead => tokens!(false #(|| #decisive.is_nullable())*),
    };
    let at = at(&write.kind.value);
    let name = LitStr::new(&write.name, at);
    match write.sql.as_ref().map(|sql| &sql.data_type) {
        Some(data_type) => tokens!(plan.write_as(#name, #data_type, #nullable)?),
        None => quote_spanned!(at=> plan.write(#name, #nullable)?),
    }
}

fn config(function: &Function) -> Option<&Type> {
    function.parameters.iter().find_map(|parameter| match parameter {
        Parameter::Config(config) => Some(&**config),
        _ => None,
    })
}

/// The columns read, each with its place.
fn columns(function: &Function) -> impl Iterator<Item = (Ident, &Column)> {
    function.parameters.iter().enumerate().filter_map(|(index, parameter)| match parameter {
        Parameter::Column(column) => Some((input(index, column), column)),
        _ => None,
    })
}

/// The field, and the variable, of the column of a parameter.
fn input(parameter: usize, column: &Column) -> Ident {
    format_ident!("column_{parameter}", span = at(&column.value))
}

/// The columns written, each with its field.
fn outputs(function: &Function) -> impl Iterator<Item = (Ident, &Write)> {
    let field = |(index, write): (usize, _)| (output(index, write), write);
    function.writes.iter().enumerate().map(field)
}

/// The field, and the variable, of a written column.
fn output(index: usize, write: &Write) -> Ident {
    format_ident!("output_{index}", span = at(&write.kind.value))
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
