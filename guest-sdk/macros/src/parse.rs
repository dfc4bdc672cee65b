//! From a function's tokens to facts; every error points at the token that is wrong.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, GenericParam, Ident, ItemFn, Lit, Meta, Pat,
    PathArguments, Result, ReturnType, Signature, Type,
};

use crate::config::doc_text;
use crate::facts::{Column, Function, Kind, Output, Parameter};

/// Reads a function over one row.
pub(crate) fn function(item: TokenStream) -> Result<Function> {
    let mut item: ItemFn = syn::parse2(item)?;
    check_signature(&item.sig)?;
    let parameters = item.sig.inputs.iter_mut().map(parameter).collect::<Result<Vec<_>>>()?;
    if !parameters.iter().any(|parameter| matches!(parameter, Parameter::Column(_))) {
        return Err(Error::new(item.sig.paren_token.span.join(), "at least one parameter must be a column"));
    }
    if parameters.iter().filter(|parameter| matches!(parameter, Parameter::Config(_))).count() > 1 {
        return Err(Error::new(item.sig.paren_token.span.join(), "only one parameter can be the `#[config]`"));
    }
    let output = output(&item.sig)?;
    let paragraph =
        item.attrs.iter().take_while(|it| !it.path().is_ident("doc") || !doc_text(&[(*it).clone()]).is_empty());
    let summary = doc_text(&paragraph.cloned().collect::<Vec<_>>());
    let summary = if summary.is_empty() { format!("the function `{}`", item.sig.ident) } else { summary };
    Ok(Function { module: module_name(&item.sig.ident), summary, parameters, output, item })
}

/// `keep_late` as `KeepLate`.
fn module_name(function: &Ident) -> Ident {
    let text = function.to_string();
    let words = text.trim_start_matches("r#").split('_').map(|word| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    });
    format_ident!("{}", words.collect::<String>(), span = function.span())
}

fn check_signature(signature: &Signature) -> Result<()> {
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(token.span, "a module is synchronous: remove `async`"));
    }
    if let Some(token) = &signature.unsafety {
        return Err(Error::new(token.span, "the function is called from safe code: remove `unsafe`"));
    }
    match signature.generics.params.iter().find(|parameter| !matches!(parameter, GenericParam::Lifetime(_))) {
        Some(parameter) => {
            Err(Error::new(parameter.span(), "columns have concrete types: only lifetimes can be generic here"))
        }
        None => Ok(()),
    }
}

fn parameter(argument: &mut FnArg) -> Result<Parameter> {
    let FnArg::Typed(argument) = argument else {
        return Err(Error::new(argument.span(), "a module is a plain function, without `self`"));
    };
    let count = argument.attrs.len();
    argument.attrs.retain(|attribute| !attribute.path().is_ident("config"));
    if argument.attrs.len() < count {
        return match &*argument.ty {
            Type::Reference(reference) if reference.mutability.is_none() => {
                Ok(Parameter::Config(reference.elem.clone()))
            }
            other => Err(Error::new(other.span(), "the configuration is a shared reference, as `&Config`")),
        };
    }
    let Pat::Ident(pattern) = &*argument.pat else {
        return Err(Error::new(argument.pat.span(), "a parameter is named like its column"));
    };
    let renamed =
        argument.attrs.iter().find(|attribute| attribute.path().is_ident("column")).map(column_name).transpose()?;
    argument.attrs.retain(|attribute| !attribute.path().is_ident("column"));
    let name = renamed.unwrap_or_else(|| pattern.ident.to_string().trim_start_matches("r#").to_owned());
    let (is_optional, inner) = unwrapped(&argument.ty, "Option");
    let kind = kind(inner, false)?;
    Ok(Parameter::Column(Column { name, kind, is_optional }))
}

/// `#[column = "name"]`.
fn column_name(attribute: &Attribute) -> Result<String> {
    match &attribute.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(name.value()),
            other => Err(Error::new(other.span(), "the column's name is a string")),
        },
        other => Err(Error::new(other.span(), "write `#[column = \"its name\"]`")),
    }
}

fn output(signature: &Signature) -> Result<Output> {
    let ReturnType::Type(_, returned) = &signature.output else {
        return Err(Error::new(signature.ident.span(), "the function returns nothing: say what becomes of the row"));
    };
    let (is_fallible, inner) = unwrapped(returned, "Result");
    let (is_optional, inner) = unwrapped(inner, "Option");
    Ok(Output { is_fallible, is_optional, kind: kind(inner, true)? })
}

/// Takes `Option<..>` or `Result<..>` off, if it is there.
fn unwrapped<'a>(whole: &'a Type, wrapper: &str) -> (bool, &'a Type) {
    if let Type::Path(path) = whole
        && let Some(segment) = path.path.segments.last()
        && segment.ident == wrapper
        && let PathArguments::AngleBracketed(arguments) = &segment.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (true, inner);
    }
    (false, whole)
}

/// The types that are named by a word, which implement `Value` themselves.
const PLAIN: [&str; 7] = ["bool", "i8", "i16", "i32", "i64", "f32", "f64"];
const OWN: [&str; 5] = ["Decimal", "Date", "Time", "Timestamp", "TimestampLtz"];

fn kind(found: &Type, is_output: bool) -> Result<Kind> {
    let kind = |value, is_owned| Ok(Kind { value, is_owned, is_bool: false, is_number: false });
    match found {
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => return kind(quote!(str), false),
            Type::Slice(slice) if matches!(&*slice.elem, Type::Path(path) if path.path.is_ident("u8")) => {
                return kind(quote!([u8]), false);
            }
            _ => {}
        },
        Type::Path(path) => {
            if let Some(word) = PLAIN.iter().find(|word| path.path.is_ident(word)) {
                let is_bool = *word == "bool";
                return Ok(Kind { value: quote!(#found), is_owned: false, is_bool, is_number: !is_bool });
            }
            let last = path.path.segments.last();
            if last.is_some_and(|last| last.arguments.is_none() && OWN.iter().any(|word| last.ident == word)) {
                return kind(quote!(#found), false);
            }
            if is_output && path.path.is_ident("String") {
                return kind(quote!(str), true);
            }
            if is_output && is_byte_vector(found) {
                return kind(quote!([u8]), true);
            }
        }
        _ => {}
    }
    let owned = if is_output { ", String, Vec<u8>" } else { "" };
    let message = format!(
        "a column cannot have this type: use {}, &str, &[u8]{owned}, {}, or an Option of one",
        PLAIN.join(", "),
        OWN.join(", ")
    );
    Err(Error::new(found.span(), message))
}

fn is_byte_vector(found: &Type) -> bool {
    matches!(unwrapped(found, "Vec"), (true, Type::Path(path)) if path.path.is_ident("u8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        let item: TokenStream = text.parse().unwrap();
        function(item).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn facts_are_what_the_user_wrote() {
        let text = r#"
            /// Keeps late flights,
            /// whatever that is.
            ///
            /// More.
            fn keep_late(#[config] config: &Config, delay: i32, #[column = "from where"] origin: Option<&str>) -> Result<bool, String> { Ok(true) }
        "#;
        let function = function(text.parse().unwrap()).unwrap();
        assert_eq!(function.module, "KeepLate");
        assert_eq!(function.summary, "Keeps late flights, whatever that is.");
        assert!(function.output.is_fallible && function.output.kind.is_bool);
        let Parameter::Column(column) = &function.parameters[2] else { panic!("a column") };
        assert!(column.is_optional && column.name == "from where");
        assert!(function.item.sig.inputs.iter().all(|it| matches!(it, FnArg::Typed(it) if it.attrs.is_empty())));
    }

    #[test]
    fn errors_say_what_to_do() {
        for (text, part) in [
            ("fn f(a: usize) -> bool { true }", "a column cannot have this type: use bool"),
            ("fn f(a: String) -> bool { true }", "a column cannot have this type"),
            ("fn f(a: &mut str) -> bool { true }", "a column cannot have this type"),
            ("fn f() -> bool { true }", "at least one parameter"),
            ("fn f(a: i32) {}", "returns nothing"),
            ("fn f<T>(a: T) -> bool { true }", "only lifetimes"),
            ("async fn f(a: i32) -> bool { true }", "remove `async`"),
            ("fn f(&self, a: i32) -> bool { true }", "without `self`"),
            ("fn f((a, b): i32) -> bool { true }", "named like its column"),
            ("fn f(#[config] c: Config, a: i32) -> bool { true }", "as `&Config`"),
            ("fn f(a: i32) -> Vec<i32> { vec![] }", "Vec<u8>"),
        ] {
            let message = message(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
