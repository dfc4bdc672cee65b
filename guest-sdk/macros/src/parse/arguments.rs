//! What stands in the macro's parentheses: `column = name`, `type = "..."`, `columns(..)`, `batch`, `export = false`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitBool, LitStr, Result, Token, parenthesized};

use super::sql;
use crate::facts::{Arguments, Family, Sql, Target};

/// Reads the arguments of a macro.
pub(crate) fn arguments(family: Family, tokens: TokenStream) -> Result<Arguments> {
    let read = |input: ParseStream<'_>| read(family, input);
    read.parse2(tokens)
}

fn read(family: Family, input: ParseStream<'_>) -> Result<Arguments> {
    let mut found = Arguments {
        is_batch: false,
        is_exported: true,
        columns: None,
        columns_span: Span::call_site(),
        is_list: false,
    };
    let mut one: Option<Target> = None;
    let mut data_type: Option<(Span, Sql)> = None;
    while !input.is_empty() {
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "batch" => found.is_batch = true,
            "export" => {
                input.parse::<Token![=]>()?;
                found.is_exported = input.parse::<LitBool>()?.value;
            }
            "column" if family != Family::Filter => {
                input.parse::<Token![=]>()?;
                let (name, span) = name(input)?;
                one = Some(Target { name, span, sql: None });
                found.columns_span = word.span();
            }
            "type" if family != Family::Filter => {
                input.parse::<Token![=]>()?;
                data_type = Some((word.span(), sql::parse(&input.parse()?)?));
            }
            "columns" if family != Family::Filter => {
                let list;
                parenthesized!(list in input);
                let targets = Punctuated::<Target, Token![,]>::parse_terminated(&list)?;
                found.columns = Some(targets.into_iter().collect());
                found.columns_span = word.span();
                found.is_list = true;
            }
            _ => return Err(Error::new(word.span(), unknown(family))),
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    settle(found, one, data_type)
}

/// Brings `column` and `type` together, and looks for what contradicts.
fn settle(mut found: Arguments, one: Option<Target>, data_type: Option<(Span, Sql)>) -> Result<Arguments> {
    if let (Some(one), Some(_)) = (&one, &found.columns) {
        return Err(Error::new(one.span, "write either `column = name` or `columns(..)`"));
    }
    match (one, data_type) {
        (Some(one), data_type) => {
            found.columns = Some(vec![Target { sql: data_type.map(|(_, sql)| sql), ..one }]);
        }
        (None, Some((span, _))) => {
            return Err(Error::new(span, "say which column has this type, as `column = name, type = \"..\"`"));
        }
        (None, None) => {}
    }
    let targets = found.columns.as_deref().unwrap_or_default();
    for (index, target) in targets.iter().enumerate() {
        if targets[..index].iter().any(|earlier| earlier.name == target.name) {
            return Err(Error::new(target.span, format!("column `{}` is written twice", target.name)));
        }
    }
    if found.is_batch && found.columns.is_some() {
        return Err(Error::new(
            found.columns_span,
            "with `batch`, each `Output` parameter is a column that is written",
        ));
    }
    Ok(found)
}

impl Parse for Target {
    /// `name`, `"a name"`, or one of them with `= "TYPE"`.
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (name, span) = name(input)?;
        let sql = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(sql::parse(&input.parse()?)?),
            None => None,
        };
        Ok(Self { name, span, sql })
    }
}

/// A column's name: a word, or a string.
pub(super) fn name(input: ParseStream<'_>) -> Result<(String, Span)> {
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Ok((text.value(), text.span()));
    }
    let word = input
        .call(Ident::parse_any)
        .map_err(|error| Error::new(error.span(), "a column's name is a word, or a string where it is no word"))?;
    Ok((word.unraw().to_string(), word.span()))
}

fn unknown(family: Family) -> String {
    let columns = match family {
        Family::Filter => "",
        _ => "`column = name`, `column = name, type = \"..\"`, `columns(a, b)`, ",
    };
    format!("`#[{}]` knows {columns}`batch` and `export = false`", family.name())
}
