//! From facts to a module.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitStr, Result, ReturnType};

use crate::facts::{Column, Function, Parameter};

/// Tokens whose variables the user's names cannot meet: a function may be named `rows`.
macro_rules! tokens {
    ($($token:tt)*) => { quote_spanned!(Span::mixed_site()=> $($token)*) };
}

/// A module that keeps rows.
pub(crate) fn filter(arguments: &TokenStream, function: &Function) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new(arguments.span(), "`#[filter]` takes no arguments"));
    }
    if !function.output.kind.is_bool || function.output.is_optional {
        return Err(Error::new_spanned(returned(function), "a filter returns bool, or Result<bool, E> to refuse rows"));
    }
    let (call, refuse) = (call(function), refuse(function));
    let keep = if function.output.is_fallible {
        tokens! {
            match #call {
                ::core::result::Result::Ok(keep) => keep,
                ::core::result::Result::Err(error) => {
                    #refuse
                    false
                }
            }
        }
    } else {
        call
    };
    let refusals =
        function.output.is_fallible.then(|| tokens!(let mut refusals = ::thalweg_module::Refusals::default();));
    let refusing = function.output.is_fallible.then(|| tokens!(.refusing(refusals)));
    let apply = tokens! {
        #refusals
        let kept = {
            let mut keep = |row: usize| -> bool { #keep };
            match &present {
                ::core::option::Option::Some(present) => ::thalweg_module::Bitmap::from_fn_where(present, &mut keep),
                ::core::option::Option::None => ::thalweg_module::Bitmap::from_fn(rows, &mut keep),
            }
        };
        ::core::result::Result::Ok(::thalweg_module::Answer::kept(kept.into())#refusing)
    };
    Ok(module(function, None, &apply))
}

/// A module that writes a column.
pub(crate) fn map(arguments: TokenStream, function: &Function) -> Result<TokenStream> {
    let column = written_column(arguments)?
        .unwrap_or_else(|| function.item.sig.ident.to_string().trim_start_matches("r#").to_owned());
    let output = &function.output;
    let is_plain = output.kind.is_number && !output.is_fallible && !output.is_optional;
    let apply = if is_plain { numbers(function) } else { built(function) };
    Ok(module(function, Some(&column), &apply))
}

/// Writes numbers that are always there: the fastest loop.
fn numbers(function: &Function) -> TokenStream {
    let call = call(function);
    tokens! {
        let values = ::thalweg_module::private::numbers(rows, present.as_ref(), |row| #call);
        let written = [self.output.column(values, present)];
        ::core::result::Result::Ok(::thalweg_module::Answer::replaced(::thalweg_module::Selection::All, written))
    }
}

/// Writes anything, with nulls and refusals of its own.
fn built(function: &Function) -> TokenStream {
    let (call, refuse) = (call(function), refuse(function));
    let value = if function.output.is_fallible {
        tokens! {
            match #call {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => {
                    #refuse
                    builder.skip();
                    continue;
                }
            }
        }
    } else {
        call
    };
    let value = if function.output.is_optional {
        tokens! {
            match #value {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => {
                    builder.push_null();
                    continue;
                }
            }
        }
    } else {
        value
    };
    let borrow = function.output.kind.is_owned.then(|| tokens!(&));
    tokens! {
        let mut refusals = ::thalweg_module::Refusals::default();
        let mut builder = self.output.builder(rows);
        for row in 0..rows {
            if present.as_ref().is_some_and(|present| !present.at(row)) {
                builder.skip();
                continue;
            }
            let value = #value;
            if let ::core::result::Result::Err(unfit) = builder.push(#borrow value) {
                refusals.push(row, unfit);
            }
        }
        let written = [builder.with_nulls(present).finish()];
        ::core::result::Result::Ok(
            ::thalweg_module::Answer::replaced(::thalweg_module::Selection::All, written).refusing(refusals),
        )
    }
}

/// `column = name` or `column = "name"`.
fn written_column(arguments: TokenStream) -> Result<Option<String>> {
    let mut column = None;
    let parser = syn::meta::parser(|meta| {
        if !meta.path.is_ident("column") {
            return Err(meta.error("`#[map]` knows `column = name`"));
        }
        let value = meta.value()?;
        column = Some(match value.peek(LitStr) {
            true => value.parse::<LitStr>()?.value(),
            false => value.parse::<Ident>()?.to_string().trim_start_matches("r#").to_owned(),
        });
        Ok(())
    });
    parser.parse2(arguments)?;
    Ok(column)
}

/// The call of the user's function for `row`.
fn call(function: &Function) -> TokenStream {
    let name = &function.item.sig.ident;
    let arguments = function.parameters.iter().enumerate().map(|(index, parameter)| match parameter {
        Parameter::Config(_) => tokens!(&self.config),
        Parameter::Column(column) => {
            let view = place(index);
            if column.is_optional { tokens!(#view.get(row)) } else { tokens!(#view.value(row)) }
        }
    });
    tokens!(#name(#(#arguments),*))
}

/// Refuses `row` with the function's `error`. An error without `Display` is reported at the type that it stands in.
fn refuse(function: &Function) -> TokenStream {
    quote_spanned!(Span::mixed_site().located_at(returned(function).span())=> refusals.push(row, error);)
}

/// The tokens of what the function returns.
fn returned(function: &Function) -> TokenStream {
    match &function.item.sig.output {
        ReturnType::Type(_, returned) => returned.to_token_stream(),
        ReturnType::Default => TokenStream::new(),
    }
}

/// The field, and the variable, of the column of a parameter.
fn place(parameter: usize) -> Ident {
    format_ident!("column_{parameter}", span = Span::mixed_site())
}

fn columns(function: &Function) -> impl Iterator<Item = (Ident, &Column)> {
    function.parameters.iter().enumerate().filter_map(|(index, parameter)| match parameter {
        Parameter::Column(column) => Some((place(index), column)),
        Parameter::Config(_) => None,
    })
}

/// The user's function, and a type that implements `Module` with it. `apply` finds `rows`, the views of the columns, and
/// `present`: the rows where no column that must have a value is null.
fn module(function: &Function, written: Option<&str>, apply: &TokenStream) -> TokenStream {
    let Function { item, module, summary, .. } = function;
    let vis = &item.vis;
    let config = function.parameters.iter().find_map(|parameter| match parameter {
        Parameter::Config(config) => Some(config),
        Parameter::Column(_) => None,
    });
    let value = &function.output.kind.value;
    let (places, kinds): (Vec<_>, Vec<_>) =
        columns(function).map(|(place, column)| (place, &column.kind.value)).unzip();
    let required: Vec<_> = columns(function).filter(|(_, it)| !it.is_optional).map(|(place, _)| place).collect();
    let config_field = config.map(|config| tokens!(config: #config,));
    let output_field = written.map(|_| tokens!(output: ::thalweg_module::Output<#value>,));
    let parameters = config
        .map(|config| quote_spanned!(Span::mixed_site().located_at(config.span())=> .with_parameters::<#config>()));
    let open = open(function, config.is_some(), written);
    tokens! {
        #item

        #[doc = #summary]
        #vis struct #module {
            #config_field
            #output_field
            #(#places: ::thalweg_module::Input<#kinds>,)*
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
                #(let #places = batch.column(self.#places)?;)*
                let rows = batch.rows();
                let present = ::thalweg_module::private::masks(rows, [#(#required.validity()),*]);
                #apply
            }
        }

        ::thalweg_module::export!(#module);
    }
}

fn open(function: &Function, has_config: bool, written: Option<&str>) -> TokenStream {
    let (places, names): (Vec<_>, Vec<_>) = columns(function).map(|(place, column)| (place, &column.name)).unzip();
    let required = columns(function).filter(|(_, it)| !it.is_optional).map(|(place, _)| place);
    let is_optional = function.output.is_optional;
    let config = if has_config { tokens!(let config = context.config()?;) } else { tokens!(context.no_config()?;) };
    let config_value = has_config.then(|| tokens!(config,));
    let output =
        written.map(|name| tokens!(let output = plan.write(#name, #is_optional #(|| #required.is_nullable())*)?;));
    let output_value = written.map(|_| tokens!(output,));
    tokens! {
        fn open(
            context: &::thalweg_module::Context,
        ) -> ::core::result::Result<(Self, ::thalweg_module::Plan), ::thalweg_module::Error> {
            #config
            let mut plan = ::thalweg_module::Plan::new(context.input());
            #(let #places = plan.read(#names)?;)*
            #output
            ::core::result::Result::Ok((Self { #config_value #output_value #(#places,)* }, plan))
        }
    }
}
