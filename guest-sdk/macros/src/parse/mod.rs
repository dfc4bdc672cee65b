//! From a function's tokens to facts; every error points at the token that is wrong.

mod arguments;
mod output;
mod parameters;
mod sql;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, GenericParam, Ident, ItemFn, Result, Signature};

use crate::config::doc_text;
use crate::facts::{Family, Function, Parameter};

/// Reads a function that becomes a module.
pub(crate) fn function(family: Family, arguments: TokenStream, item: TokenStream) -> Result<Function> {
    let arguments = arguments::arguments(family, arguments)?;
    let mut item: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), format!("`#[{}]` stands before a function: {error}", family.name()))
    })?;
    check_signature(&item.sig)?;
    let mut writes = Vec::new();
    let mut parameters = Vec::new();
    for argument in &mut item.sig.inputs {
        let whole = argument.to_token_stream();
        let parameter = parameters::parameter(argument, arguments.is_batch, &mut writes)?;
        if matches!(parameter, Parameter::Config(_)) && parameters.iter().any(|it| matches!(it, Parameter::Config(_))) {
            return Err(Error::new_spanned(whole, "only one parameter can be the `#[config]`"));
        }
        parameters.push(parameter);
    }
    if !parameters.iter().any(|parameter| matches!(parameter, Parameter::Column(_))) {
        return Err(Error::new(item.sig.paren_token.span.join(), "at least one parameter must be a column"));
    }
    let output = output::output(family, &arguments, &item.sig, writes)?;
    let paragraph =
        item.attrs.iter().take_while(|it| !it.path().is_ident("doc") || !doc_text(&[(*it).clone()]).is_empty());
    let summary = doc_text(&paragraph.cloned().collect::<Vec<_>>());
    let summary = if summary.is_empty() { format!("the function `{}`", item.sig.ident) } else { summary };
    Ok(Function {
        module: module_name(&item.sig.ident)?,
        is_exported: arguments.is_exported,
        summary,
        parameters,
        writes: output.writes,
        error: output.error,
        form: output.form,
        item,
    })
}

/// What a module must not be called: it would hide the type of this name.
const TAKEN: [&str; 5] = ["Option", "Result", "String", "Vec", "Box"];

/// `keep_late` as `KeepLate`.
fn module_name(function: &Ident) -> Result<Ident> {
    let text = function.unraw().to_string();
    let words = text.split('_').map(|word| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    });
    let name = words.collect::<String>();
    if TAKEN.contains(&name.as_str()) || syn::parse_str::<Ident>(&name).is_err() {
        return Err(Error::new(function.span(), format!("the module would be called `{name}`: rename the function")));
    }
    Ok(format_ident!("{name}", span = function.span()))
}

fn check_signature(signature: &Signature) -> Result<()> {
    let refuse = |span: Span, message| Err(Error::new(span, message));
    if let Some(token) = &signature.asyncness {
        return refuse(token.span, "a module is synchronous: remove `async`");
    }
    if let syn::Safety::Unsafe(token) = &signature.safety {
        return refuse(token.span, "the function is called from safe code: remove `unsafe`");
    }
    match signature.generics.params.iter().find(|parameter| !matches!(parameter, GenericParam::Lifetime(_))) {
        Some(parameter) => refuse(parameter.span(), "columns have concrete types: only lifetimes can be generic here"),
        None => Ok(()),
    }
}
