//! An enum in a configuration: one of several words, or of several objects.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Error, Fields, ItemEnum, LitStr, Result, Type, Variant};

use super::field::Entry;
use super::options::Options;
use super::{check_generics, doc_text, functions};

/// A case of the enum.
struct Case {
    ident: syn::Ident,
    name: String,
    description: String,
    content: Content,
}

enum Content {
    Word,
    Value(Box<Type>),
    Object(Vec<Entry>),
}

/// The enum with what makes it a parameter.
pub(super) fn expand(mut item: ItemEnum) -> Result<TokenStream> {
    check_generics(&item.generics)?;
    let options = Options::of_type(&item.attrs)?;
    let name = item.ident.clone();
    let cases = item.variants.iter_mut().map(|variant| case(variant, &name, &options)).collect::<Result<Vec<_>>>()?;
    if cases.is_empty() {
        return Err(Error::new_spanned(&item.ident, "an enum in a configuration has at least one case"));
    }
    let is_words = options.tag.is_none() && cases.iter().all(|case| matches!(case.content, Content::Word));
    let schema = if is_words {
        let words = cases.iter().map(|Case { name, description, .. }| quote!((#name, #description)));
        quote!(::thalweg_module::private::words(&[#(#words),*]))
    } else {
        let schemas = cases.iter().map(|case| schema(case, options.tag.as_ref()));
        quote!(::thalweg_module::private::one_of([#(#schemas),*]))
    };
    let values = cases.iter().map(|case| json(case, options.tag.as_ref()));
    let functions = cases.iter().filter_map(|case| match &case.content {
        Content::Object(entries) => functions(&name, entries),
        _ => None,
    });
    Ok(quote! {
        #[derive(::thalweg_module::private::serde::Deserialize)]
        #[serde(crate = "::thalweg_module::private::serde", deny_unknown_fields)]
        #item

        #(#functions)*

        impl ::thalweg_module::Parameter for #name {
            fn schema() -> ::thalweg_module::private::serde_json::Value {
                #schema
            }

            fn json(&self) -> ::core::option::Option<::thalweg_module::private::serde_json::Value> {
                ::core::option::Option::Some(match self { #(#values),* })
            }
        }
    })
}

fn case(variant: &mut Variant, owner: &syn::Ident, options: &Options) -> Result<Case> {
    let word = variant.ident.unraw().to_string();
    let own = Options::of_case(&variant.attrs)?;
    let name = own.rename.unwrap_or_else(|| options.rename_all.map_or(word.clone(), |case| case.of_case(&word)));
    let content = match &mut variant.fields {
        Fields::Unit => Content::Word,
        Fields::Named(fields) => {
            let entries = fields.named.iter_mut().map(|field| Entry::new(field, owner, &format!("{word}_"), None));
            Content::Object(entries.collect::<Result<_>>()?)
        }
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 && options.tag.is_none() => {
            Content::Value(Box::new(fields.unnamed[0].ty.clone()))
        }
        fields @ Fields::Unnamed(_) => {
            let message = "a case has named fields, or without a `tag` one value";
            return Err(Error::new_spanned(&*fields, message));
        }
    };
    Ok(Case { ident: variant.ident.clone(), name, description: doc_text(&variant.attrs), content })
}

/// One of the objects.
fn schema(case: &Case, tag: Option<&LitStr>) -> TokenStream {
    let Case { name, description, content, .. } = case;
    let properties: Vec<_> = match content {
        Content::Object(entries) => entries.iter().map(Entry::property).collect(),
        _ => Vec::new(),
    };
    match (tag, content) {
        (Some(tag), _) => {
            quote!(::thalweg_module::private::tagged(#tag, #name, #description, ::std::vec![#(#properties),*]))
        }
        (None, Content::Word) => quote!(::thalweg_module::private::word(#name, #description)),
        (None, Content::Value(value)) => {
            quote!(::thalweg_module::private::named(#name, #description, <#value as ::thalweg_module::Parameter>::schema()))
        }
        (None, Content::Object(_)) => {
            let object = quote!(::thalweg_module::private::object([#(#properties),*]));
            quote!(::thalweg_module::private::named(#name, #description, #object))
        }
    }
}

/// The arm that turns the case into JSON.
fn json(case: &Case, tag: Option<&LitStr>) -> TokenStream {
    let Case { ident, name, content, .. } = case;
    let word = quote!(::core::option::Option::Some(#name.into()));
    match content {
        Content::Word => match tag {
            Some(tag) => quote!(Self::#ident => ::thalweg_module::private::values([(#tag, #word)])),
            None => quote!(Self::#ident => #name.into()),
        },
        Content::Value(_) => {
            let value = format_ident!("value");
            let json = quote!(::thalweg_module::Parameter::json(#value));
            quote!(Self::#ident(#value) => ::thalweg_module::private::values([(#name, #json)]))
        }
        Content::Object(entries) => {
            let idents = entries.iter().map(|entry| &entry.ident);
            let values = entries.iter().map(Entry::json);
            let values = match tag {
                Some(tag) => quote!(::thalweg_module::private::values([(#tag, #word), #(#values),*])),
                None => {
                    let object = quote!(::thalweg_module::private::values([#(#values),*]));
                    quote!(::thalweg_module::private::values([(#name, ::core::option::Option::Some(#object))]))
                }
            };
            quote!(Self::#ident { #(#idents),* } => #values)
        }
    }
}
