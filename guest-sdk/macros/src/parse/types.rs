//! The types that a user writes, as far as a macro can know them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    AssocType, Error, GenericArgument, Lifetime, Path, PathArguments, PathSegment, Result, Type, TypeParamBound,
    TypePath, spanned::Spanned,
};

use crate::facts::Kind;

/// The types that are named by a word, which implement `Value` themselves.
const PLAIN: [&str; 7] = ["bool", "i8", "i16", "i32", "i64", "f32", "f64"];
const OWN: [&str; 5] = ["Decimal", "Date", "Time", "Timestamp", "TimestampLtz"];

/// Takes `Option<..>` or `Result<..>` off, if it is there.
pub(super) fn unwrapped<'a>(whole: &'a Type, wrapper: &str) -> (bool, &'a Type) {
    match generic(whole, wrapper) {
        Some(inner) => (true, inner),
        None => (false, whole),
    }
}

/// The first type in the angle brackets of `name<..>`, whatever the path before the name.
pub(super) fn generic<'a>(whole: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = whole else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    types(segment).next()
}

/// Takes `Result<..>` off, and says where its error stands.
pub(super) fn fallible(whole: &Type) -> (Option<Span>, &Type) {
    match whole {
        Type::Path(path) if generic(whole, "Result").is_some() => {
            let error = path.path.segments.last().and_then(|last| types(last).nth(1));
            let (_, inner) = unwrapped(whole, "Result");
            (Some(error.map_or_else(|| whole.span(), Spanned::span)), inner)
        }
        _ => (None, whole),
    }
}

/// The types in the angle brackets.
fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter()),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

/// What a type that can be iterated gives, if that can be seen: `Vec<T>`, `Option<T>`, `[T; N]`, `Box<dyn Iterator<..>>`,
/// `impl Iterator<Item = T>`, `impl IntoIterator<Item = T>`.
pub(super) fn item(whole: &Type) -> Option<&Type> {
    match whole {
        Type::Paren(inner) => item(&inner.elem),
        Type::Array(array) => Some(&array.elem),
        Type::ImplTrait(found) => found.bounds.iter().find_map(bound_item),
        Type::TraitObject(found) => found.bounds.iter().find_map(bound_item),
        _ => match generic(whole, "Box") {
            Some(inner) => item(inner),
            None => generic(whole, "Vec").or_else(|| generic(whole, "Option")),
        },
    }
}

fn bound_item(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Item" => Some(ty),
        _ => None,
    })
}

/// A value of a column: what a parameter is given, or with `is_output` what is written.
pub(super) fn kind(found: &Type, is_output: bool) -> Result<Kind> {
    let kind = |value: TokenStream, is_owned| Ok(Kind { value, is_list: false, is_owned, is_number: false });
    match found {
        Type::Paren(inner) => return self::kind(&inner.elem, is_output),
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => return kind(quote!(str), false),
            Type::Slice(slice) if is_word(&slice.elem, "u8") => return kind(quote!([u8]), false),
            _ => {}
        },
        Type::Path(path) => {
            if PLAIN.iter().any(|word| path.path.is_ident(word)) {
                let is_number = !path.path.is_ident("bool");
                return Ok(Kind { value: quote!(#found), is_list: false, is_owned: false, is_number });
            }
            if is_own(&path.path) {
                return kind(quote!(#found), false);
            }
            if is_output && path.path.is_ident("String") {
                return kind(quote!(str), true);
            }
            if is_output && generic(found, "Vec").is_some_and(|element| is_word(element, "u8")) {
                return kind(quote!([u8]), true);
            }
            if let (true, Some(element)) = (is_output, generic(found, "Vec")) {
                let element = self::kind(unwrapped(element, "Option").1, true)?;
                if !element.is_list {
                    return Ok(Kind { is_list: true, is_owned: false, is_number: false, ..element });
                }
            }
            if let (true, Some(element)) = (is_output, generic(found, "List")) {
                return Ok(Kind { is_list: true, ..whole_column(element) });
            }
            if !is_foreign(&path.path) {
                // An alias, or a view of nested values: the compiler knows.
                let item = lasting(found);
                return kind(quote_spanned!(found.span()=> <#item as ::thalweg_module::private::Item>::Value), false);
            }
        }
        _ => {}
    }
    let others =
        if is_output { "String, Vec<u8>, Vec or List of one" } else { "List<'_, T>, Map<'_, K, V>, Row<'_, (A, B)>" };
    let message = format!(
        "a column cannot have this type: use {}, &str, &[u8], {}, {others}, or an Option of one",
        PLAIN.join(", "),
        OWN.join(", ")
    );
    Err(Error::new_spanned(found, message))
}

/// Types of Rust itself that no column has.
const FOREIGN: [&str; 17] = [
    "usize", "isize", "u8", "u16", "u32", "u64", "u128", "i128", "char", "str", "String", "Vec", "Box", "Cow",
    "Option", "Result", "Self",
];

fn is_foreign(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| FOREIGN.iter().any(|word| last.ident == word))
}

/// The type with `'static` for every lifetime, so that it can stand in a field.
fn lasting(found: &Type) -> Type {
    let mut lasting = found.clone();
    outlast(&mut lasting);
    lasting
}

fn outlast(found: &mut Type) {
    match found {
        Type::Reference(reference) => {
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span));
            outlast(&mut reference.elem);
        }
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { continue };
                for argument in &mut arguments.args {
                    match argument {
                        GenericArgument::Lifetime(lifetime) => *lifetime = Lifetime::new("'static", lifetime.span()),
                        GenericArgument::Type(inner) => outlast(inner),
                        _ => {}
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(outlast),
        Type::Slice(slice) => outlast(&mut slice.elem),
        Type::Array(array) => outlast(&mut array.elem),
        _ => {}
    }
}

fn is_own(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.arguments.is_none() && OWN.iter().any(|word| last.ident == word))
}

/// Whether a type is this one word.
pub(super) fn is_word(found: &Type, word: &str) -> bool {
    matches!(found, Type::Path(path) if path.path.is_ident(word))
}

/// The value of `Column<'_, T>` or `Output<T>`, which the compiler checks.
pub(super) fn whole_column(inner: &Type) -> Kind {
    let is_number = PLAIN.iter().any(|word| *word != "bool" && is_word(inner, word));
    Kind { value: inner.to_token_stream(), is_list: false, is_owned: false, is_number }
}

/// What `List<'_, T>`, `Map<'_, K, V>` or `Row<'_, (A, B)>` is read as.
pub(super) fn nested(found: &Type) -> Result<Option<TokenStream>> {
    let Type::Path(TypePath { path, .. }) = found else { return Ok(None) };
    let Some(last) = path.segments.last() else { return Ok(None) };
    let word = last.ident.to_string();
    let types: Vec<_> =
        if matches!(word.as_str(), "List" | "Map" | "Row") { types(last).collect() } else { Vec::new() };
    if let Some(borrowed) = types.iter().find(|inner| matches!(inner, Type::Reference(_))) {
        let message = "name what is nested without `&`: `str`, or `Array<T>` where it is a list itself";
        return Err(Error::new_spanned(borrowed, message));
    }
    if let [Type::Tuple(tuple)] = &types[..]
        && let Some(borrowed) = tuple.elems.iter().find(|inner| matches!(inner, Type::Reference(_)))
    {
        return Err(Error::new_spanned(borrowed, "in a `Row` a text is `String` and bytes are `Vec<u8>`, without `&`"));
    }
    Ok(match (word.as_str(), &types[..]) {
        ("List", [element]) => Some(quote_spanned!(element.span()=> ::thalweg_module::Array<#element>)),
        ("Map", [key, value]) => Some(quote_spanned!(key.span()=> ::thalweg_module::Dictionary<#key, #value>)),
        ("Row", [fields]) => Some(quote_spanned!(fields.span()=> ::thalweg_module::Record<#fields>)),
        _ => None,
    })
}

/// `#[attribute]` alone, by its name.
pub(super) fn take_marker(attributes: &mut Vec<syn::Attribute>, name: &str) -> Option<Span> {
    let position = attributes.iter().position(|attribute| attribute.path().is_ident(name))?;
    Some(attributes.remove(position).span())
}
