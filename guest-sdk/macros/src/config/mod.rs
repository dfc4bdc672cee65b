//! `#[config]`: serde's `Deserialize` and a JSON Schema for a struct, or for an enum within one.

mod cases;
mod field;
mod options;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Expr, ExprLit, Fields, Generics, Item, ItemStruct, Lit, Meta, Result};

use field::Entry;
use options::Options;

/// The type with what makes it a configuration.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[config]` takes no arguments"));
    }
    match syn::parse2(item)? {
        Item::Struct(item) => structure(item),
        Item::Enum(item) => cases::expand(item),
        other => Err(Error::new_spanned(other, "a configuration is a struct with named fields, or an enum in one")),
    }
}

fn structure(mut item: ItemStruct) -> Result<TokenStream> {
    check_generics(&item.generics)?;
    let options = Options::of_type(&item.attrs)?;
    if let Some(tag) = options.tag {
        return Err(Error::new(tag.span(), "only an enum has a `tag`"));
    }
    let name = &item.ident;
    let Fields::Named(fields) = &mut item.fields else {
        let at = if item.fields.is_empty() { name.to_token_stream() } else { item.fields.to_token_stream() };
        return Err(Error::new_spanned(at, "a configuration is a struct with named fields"));
    };
    let entries = fields.named.iter_mut();
    let entries = entries.map(|field| Entry::new(field, name, "", options.rename_all)).collect::<Result<Vec<_>>>()?;
    let (functions, idents) = (functions(name, &entries), entries.iter().map(|entry| &entry.ident));
    let (properties, values) = (entries.iter().map(Entry::property), entries.iter().map(Entry::json));
    let default = default(name, &entries);
    Ok(quote! {
        #[derive(::thalweg_module::private::serde::Deserialize)]
        #[serde(crate = "::thalweg_module::private::serde", deny_unknown_fields)]
        #item

        #functions
        #default

        impl ::thalweg_module::Parameters for #name {
            fn schema() -> ::thalweg_module::private::serde_json::Value {
                ::thalweg_module::private::object([#(#properties),*])
            }
        }

        impl ::thalweg_module::Parameter for #name {
            fn schema() -> ::thalweg_module::private::serde_json::Value {
                <Self as ::thalweg_module::Parameters>::schema()
            }

            fn json(&self) -> ::core::option::Option<::thalweg_module::private::serde_json::Value> {
                let Self { #(#idents),* } = self;
                ::core::option::Option::Some(::thalweg_module::private::values([#(#values),*]))
            }
        }
    })
}

/// The functions that give the defaults said by `#[default = ..]`.
fn functions(name: &syn::Ident, entries: &[Entry]) -> Option<TokenStream> {
    let functions: Vec<_> = entries.iter().filter_map(|entry| entry.function.as_ref()).collect();
    (!functions.is_empty()).then(|| {
        quote! {
            impl #name {
                #(#functions)*
            }
        }
    })
}

/// `Default` for a struct that says a `#[default = ..]` and whose every field may be left out: one derived would not know
/// these values.
fn default(name: &syn::Ident, entries: &[Entry]) -> Option<TokenStream> {
    let idents = entries.iter().map(|entry| &entry.ident);
    let values: Option<Vec<_>> = entries.iter().map(Entry::value).collect();
    let values = values.filter(|_| entries.iter().any(|entry| entry.function.is_some()))?;
    Some(quote! {
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#idents: #values),* }
            }
        }
    })
}

fn check_generics(generics: &Generics) -> Result<()> {
    match generics.params.is_empty() {
        true => Ok(()),
        false => Err(Error::new_spanned(&generics.params, "a configuration has concrete types: remove the generics")),
    }
}

/// The doc comment as one text.
pub(crate) fn doc_text(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join(" ").trim().to_owned()
}
