//! `#[config]`: serde's `Deserialize` and a JSON Schema for a struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, ExprLit, Field, Fields, ItemStruct, Lit, LitStr, Meta, Result};

/// The struct with what makes it a configuration.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[config]` takes no arguments"));
    }
    let item: ItemStruct = syn::parse2(item)?;
    let Fields::Named(fields) = &item.fields else {
        return Err(Error::new_spanned(&item, "a configuration is a struct with named fields"));
    };
    let properties = fields.named.iter().map(property).collect::<Result<Vec<_>>>()?;
    let name = &item.ident;
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    Ok(quote! {
        #[derive(::thalweg_module::private::serde::Deserialize)]
        #[serde(crate = "::thalweg_module::private::serde", deny_unknown_fields)]
        #item

        impl #impl_generics ::thalweg_module::Parameters for #name #type_generics #where_clause {
            fn schema() -> ::thalweg_module::private::serde_json::Value {
                use ::thalweg_module::private::serde_json::{Map, Value};
                let mut properties = Map::new();
                let mut required = ::std::vec::Vec::<Value>::new();
                #(#properties)*
                let mut schema = Map::new();
                schema.insert("type".into(), "object".into());
                schema.insert("properties".into(), Value::Object(properties));
                schema.insert("required".into(), Value::Array(required));
                schema.insert("additionalProperties".into(), Value::Bool(false));
                Value::Object(schema)
            }
        }
    })
}

/// The statements that add one field to the schema.
fn property(field: &Field) -> Result<TokenStream> {
    let (rename, has_default) = serde_options(&field.attrs)?;
    let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a field without a name"))?;
    let name = rename.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned());
    let description = doc_text(&field.attrs);
    let field_type = &field.ty;
    let describe = (!description.is_empty()).then(|| {
        quote! {
            if let Value::Object(property) = &mut property {
                property.insert("description".into(), #description.into());
            }
        }
    });
    let require = (!has_default).then(|| {
        quote! {
            if !<#field_type as ::thalweg_module::Parameter>::is_optional() {
                required.push(#name.into());
            }
        }
    });
    Ok(quote! {
        #[allow(unused_mut, reason = "only a described property is changed")]
        let mut property = <#field_type as ::thalweg_module::Parameter>::schema();
        #describe
        properties.insert(#name.into(), property);
        #require
    })
}

/// serde's `rename`, and whether there is a `default`.
fn serde_options(attributes: &[Attribute]) -> Result<(Option<String>, bool)> {
    let (mut rename, mut has_default) = (None, false);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                rename = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("default") {
                has_default = true;
                if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<LitStr>()?;
                }
            } else {
                return Err(meta.error("a configuration's field knows serde's `rename` and `default`"));
            }
            Ok(())
        })?;
    }
    Ok((rename, has_default))
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
