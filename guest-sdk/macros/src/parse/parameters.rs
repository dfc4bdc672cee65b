//! The parameters of a function.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Ident, Lit, LitStr, Meta, Pat, PatType, Result, Token, Type};

use super::types::{generic, kind, nested, take_marker, unwrapped, whole_column};
use super::{sql, sql::check};
use crate::facts::{Column, Nulls, Parameter, Reading, Write};

/// What an attribute `#[column ..]` on a parameter says.
#[derive(Default)]
struct Options {
    name: Option<String>,
    sql: Option<LitStr>,
    nulls: Option<Nulls>,
}

/// Reads a parameter, and takes the attributes off that only these macros know. A column that is written is added to `writes`.
pub(super) fn parameter(argument: &mut FnArg, is_batch: bool, writes: &mut Vec<Write>) -> Result<Parameter> {
    let FnArg::Typed(argument) = argument else {
        return Err(Error::new_spanned(argument, "a module is a plain function, without `self`"));
    };
    if take_marker(&mut argument.attrs, "config").is_some() {
        return match &*argument.ty {
            Type::Reference(reference) if reference.mutability.is_none() => {
                Ok(Parameter::Config(reference.elem.clone()))
            }
            other => Err(Error::new_spanned(other, "the configuration is a shared reference, as `&Config`")),
        };
    }
    if is_batch && is_refusals(&argument.ty) {
        return Ok(Parameter::Refusals);
    }
    let Pat::Ident(pattern) = &*argument.pat else {
        return Err(Error::new_spanned(&argument.pat, "a parameter is named like its column"));
    };
    let word = pattern.ident.unraw().to_string();
    if is_batch { whole(argument, &word, writes) } else { value(argument, word) }
}

/// A value of one row.
fn value(argument: &mut PatType, word: String) -> Result<Parameter> {
    let Some(attribute) = take(&mut argument.attrs, "column") else { return column_of_row(argument, word) };
    let options = options(&attribute)?;
    if options.sql.is_some() || options.nulls.is_some() {
        return Err(Error::new_spanned(&attribute, "only a column that is written has a type of its own here"));
    }
    column_of_row(argument, options.name.unwrap_or(word))
}

fn column_of_row(argument: &PatType, name: String) -> Result<Parameter> {
    for whole in ["Column", "Output"] {
        if generic(&argument.ty, whole).is_some() {
            let message = "a whole column needs `batch` in the macro's parentheses; else a parameter is one value";
            return Err(Error::new_spanned(&argument.ty, message));
        }
    }
    let (is_optional, inner) = unwrapped(&argument.ty, "Option");
    let (value, reading) = match nested(inner)? {
        Some(value) => (value, Reading::Nested),
        None => (kind(inner, false)?.value, Reading::Flat),
    };
    let reading = if name.contains('.') { Reading::Field } else { reading };
    Ok(Parameter::Column(Column { name, value, reading, is_optional }))
}

/// A whole column.
fn whole(argument: &mut PatType, word: &str, writes: &mut Vec<Write>) -> Result<Parameter> {
    let attribute = take(&mut argument.attrs, "column");
    let options = attribute.as_ref().map(options).transpose()?.unwrap_or_default();
    let name = options.name.unwrap_or_else(|| word.to_owned());
    let any_output = shared(&argument.ty, "AnyOutput");
    if let Some(inner) = any_output.or_else(|| generic(&argument.ty, "Output")) {
        if writes.iter().any(|write| write.name == name) {
            return Err(Error::new_spanned(&argument.pat, format!("column `{name}` is written twice")));
        }
        let kind = whole_column(inner);
        let (sql, any) = match (any_output, options.sql) {
            (Some(_), sql) => (None, Some(sql)),
            (None, sql) => (sql.as_ref().map(sql::parse).transpose()?, None),
        };
        sql.iter().try_for_each(|sql| check(&kind, sql))?;
        let nulls = options.nulls.unwrap_or(Nulls::AsRead);
        writes.push(Write { name, kind, sql, any, nulls, is_optional: false });
        return Ok(Parameter::Output(writes.len() - 1));
    }
    if let (Some(attribute), true) = (&attribute, options.sql.is_some() || options.nulls.is_some()) {
        return Err(Error::new_spanned(attribute, "only an `Output` has a type or nulls of its own"));
    }
    match generic(&argument.ty, "Column") {
        Some(inner) => {
            let value = whole_column(inner).value;
            Ok(Parameter::Column(Column { name, value, reading: Reading::Flat, is_optional: true }))
        }
        None if last_word(&argument.ty).is_some_and(|word| word == "AnyColumn") => {
            let value = argument.ty.to_token_stream();
            Ok(Parameter::Column(Column { name, value, reading: Reading::Any, is_optional: true }))
        }
        None => Err(Error::new_spanned(
            &argument.ty,
            "with `batch`, a parameter is a `Column<'_, T>` or `AnyColumn<'_>` to read, an `Output<T>` or `&AnyOutput` to write, `&mut Refusals`, or the `#[config]`",
        )),
    }
}

fn is_refusals(found: &Type) -> bool {
    let Type::Reference(reference) = found else { return false };
    reference.mutability.is_some() && last_word(&reference.elem).is_some_and(|word| word == "Refusals")
}

/// The type in a shared reference, if it has this name.
fn shared<'a>(found: &'a Type, name: &str) -> Option<&'a Type> {
    match found {
        Type::Reference(reference) if reference.mutability.is_none() => {
            last_word(&reference.elem).filter(|word| *word == name).map(|_| &*reference.elem)
        }
        _ => None,
    }
}

/// The name of a type without its path.
fn last_word(found: &Type) -> Option<&Ident> {
    match found {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

fn take(attributes: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let position = attributes.iter().position(|attribute| attribute.path().is_ident(name))?;
    Some(attributes.remove(position))
}

/// `#[column = "name"]`, or `#[column(name = "..", type = "..", nullable)]`.
fn options(attribute: &Attribute) -> Result<Options> {
    match &attribute.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => {
                Ok(Options { name: Some(name.value()), ..Options::default() })
            }
            other => Err(Error::new_spanned(other, "the column's name is a string")),
        },
        Meta::List(list) => read.parse2(list.tokens.clone()),
        Meta::Path(path) => Err(Error::new_spanned(path, "write `#[column = \"its name\"]`")),
    }
}

fn read(input: ParseStream<'_>) -> Result<Options> {
    let mut found = Options::default();
    while !input.is_empty() {
        let word = input.call(Ident::parse_any)?;
        let text = || {
            input.parse::<Token![=]>()?;
            input.parse::<LitStr>()
        };
        match word.to_string().as_str() {
            "name" => found.name = Some(text()?.value()),
            "type" => found.sql = Some(text()?),
            "nullable" => found.nulls = Some(Nulls::Always),
            "not_null" => found.nulls = Some(Nulls::Never),
            _ => {
                let message = "a column knows `name = \"..\"`, and one that is written `type = \"..\"`, `nullable` and `not_null`";
                return Err(Error::new(word.span(), message));
            }
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(found)
}
