//! What a function returns.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Error, Result, ReturnType, Signature, Type};

use super::sql::check;
use super::types::{fallible, is_word, item, kind, unwrapped};
use crate::facts::{Arguments, Family, Form, Nulls, Target, Write};

/// What is known of the values that come out.
pub(super) struct Output {
    pub(super) writes: Vec<Write>,
    pub(super) error: Option<Span>,
    pub(super) form: Form,
}

/// Reads the type after the arrow. `writes` are the columns of `Output` parameters.
pub(super) fn output(
    family: Family,
    arguments: &Arguments,
    signature: &Signature,
    writes: Vec<Write>,
) -> Result<Output> {
    let ReturnType::Type(_, returned) = &signature.output else {
        return Err(Error::new(signature.ident.span(), "the function returns nothing: say what becomes of the row"));
    };
    let (error, inner) = fallible(returned);
    if arguments.is_batch {
        let is_filter = family == Family::Filter;
        if is_filter != writes.is_empty() {
            let message = match is_filter {
                true => "a filter writes no columns: write `#[filter_map(batch)]`, or remove the `Output` parameter",
                false => "name the columns that are written: each is a parameter `Output<T>`",
            };
            return Err(Error::new(signature.paren_token.span.join(), message));
        }
        return Ok(Output { writes, error, form: Form::Batch });
    }
    let (values, item_error) = match family {
        Family::Filter if is_word(inner, "bool") => {
            return Ok(Output { writes, error, form: Form::Row { is_tuple: false, item_error: None } });
        }
        Family::Filter => {
            return Err(Error::new_spanned(inner, "a filter returns bool, or Result<bool, E> to refuse rows"));
        }
        Family::Map => (inner, None),
        Family::FilterMap => match unwrapped(inner, "Option") {
            (true, values) => (values, None),
            _ => return Err(Error::new_spanned(inner, "a filter_map returns an Option: None leaves the row out")),
        },
        Family::FlatMap => match item(inner) {
            Some(found) => {
                let (error, values) = fallible(found);
                (values, error)
            }
            None => {
                let message = "a flat_map returns rows: Vec<T>, [T; N], Option<T>, or impl Iterator<Item = T>";
                return Err(Error::new_spanned(inner, message));
            }
        },
    };
    let (writes, is_tuple) = written(family, arguments, signature, values)?;
    Ok(Output { writes, error, form: Form::Row { is_tuple, item_error } })
}

/// Brings the columns' names and the types of the values together.
fn written(family: Family, arguments: &Arguments, signature: &Signature, values: &Type) -> Result<(Vec<Write>, bool)> {
    let named_like_function =
        [Target { name: signature.ident.unraw().to_string(), span: signature.ident.span(), sql: None }];
    let targets = arguments.columns.as_deref().unwrap_or(&named_like_function);
    let is_tuple = arguments.is_list && targets.len() != 1;
    let values: Vec<&Type> = match values {
        Type::Tuple(tuple) if is_tuple && tuple.elems.len() == targets.len() => tuple.elems.iter().collect(),
        Type::Tuple(tuple) if !arguments.is_list => {
            let columns: Vec<_> = (1..=tuple.elems.len()).map(|column| format!("column_{column}")).collect();
            let message = format!("name the columns: `#[{}(columns({}))]`", family.name(), columns.join(", "));
            return Err(Error::new_spanned(tuple, message));
        }
        other if is_tuple => {
            let message = format!("{} columns are written: return a tuple with a value for each", targets.len());
            return Err(Error::new_spanned(other, message));
        }
        other => vec![other],
    };
    if values.is_empty() && family != Family::FlatMap {
        return Err(Error::new(arguments.columns_span, "name at least one column"));
    }
    let writes =
        targets.iter().zip(values).map(|(target, value)| write(family, target, value)).collect::<Result<_>>()?;
    Ok((writes, is_tuple))
}

fn write(family: Family, target: &Target, value: &Type) -> Result<Write> {
    let (is_optional, inner) = unwrapped(value, "Option");
    let kind = kind(inner, true)?;
    let sql = target.sql.clone();
    sql.iter().try_for_each(|sql| check(&kind, sql))?;
    let nulls = match family {
        _ if is_optional => Nulls::Always,
        Family::Map => Nulls::AsRead,
        // A null among what is read leaves the row out.
        _ => Nulls::Never,
    };
    Ok(Write { name: target.name.clone(), kind, sql, any: None, nulls, is_optional })
}
