//! A field of a configuration.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Field, Ident, Lit, Meta, Result, Type, parse_quote};

use super::doc_text;
use super::options::{Case, Default, Options};

/// A key of the configuration.
pub(super) struct Entry {
    pub(super) ident: Ident,
    name: String,
    description: String,
    field_type: Type,
    /// An expression for what stands for it if it is left out.
    default: Option<TokenStream>,
    /// The function behind a `#[default = ..]`.
    pub(super) function: Option<TokenStream>,
}

impl Entry {
    /// Reads a field of `owner`, and turns its `#[default = ..]` into serde's.
    pub(super) fn new(field: &mut Field, owner: &Ident, case: &str, rename_all: Option<Case>) -> Result<Self> {
        let ident = field.ident.clone().ok_or_else(|| Error::new_spanned(&*field, "a field without a name"))?;
        let options = Options::of_field(&field.attrs)?;
        let word = ident.unraw().to_string();
        let name = options.rename.unwrap_or_else(|| rename_all.map_or(word.clone(), |case| case.of_field(&word)));
        let field_type = field.ty.clone();
        let span = field_type.span();
        let mut default = options.default.map(|default| match default {
            Default::OfType => {
                quote_spanned!(span=> <#field_type as ::core::default::Default>::default())
            }
            Default::By(path) => quote!(#path()),
        });
        let mut function = None;
        if let Some(value) = take_default(&mut field.attrs)? {
            if default.is_some() {
                return Err(Error::new_spanned(value, "write either `#[default = ..]` or serde's"));
            }
            let giver = format_ident!("__default_{case}{word}");
            function = Some(default_function(&giver, &field_type, &value));
            default = Some(quote!(#owner::#giver()));
            let path = format!("{}::{giver}", owner.to_token_stream());
            field.attrs.push(parse_quote!(#[serde(default = #path)]));
        }
        Ok(Self { ident, name, description: doc_text(&field.attrs), field_type, default, function })
    }

    /// The field in the schema. A type that cannot be a parameter is reported where it stands.
    pub(super) fn property(&self) -> TokenStream {
        let Self { name, description, field_type, default, .. } = self;
        let default = match default {
            Some(default) => quote!(::core::option::Option::Some(#default)),
            None => quote!(::core::option::Option::None),
        };
        let property = quote_spanned!(field_type.span()=> ::thalweg_module::private::property::<#field_type>);
        quote!(#property(#name, #description, #default))
    }

    /// The field's key and value as JSON, from a variable named like the field.
    pub(super) fn json(&self) -> TokenStream {
        let Self { ident, name, field_type, .. } = self;
        let json = quote_spanned!(field_type.span()=> <#field_type as ::thalweg_module::Parameter>::json);
        quote!((#name, #json(#ident)))
    }

    /// What stands for the field if it is left out.
    pub(super) fn value(&self) -> Option<TokenStream> {
        let is_option = matches!(&self.field_type, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "Option"));
        let none = is_option.then(|| quote!(::core::option::Option::None));
        self.default.clone().or(none)
    }
}

/// The function that gives the value of a `#[default = ..]`, which is reported where it stands if it has another type.
fn default_function(giver: &Ident, field_type: &Type, value: &Expr) -> TokenStream {
    let value = match value {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote_spanned!(value.span()=> ::core::convert::From::from(#value))
        }
        _ => value.to_token_stream(),
    };
    quote! {
        #[doc(hidden)]
        fn #giver() -> #field_type {
            #value
        }
    }
}

/// Takes `#[default = value]` off.
fn take_default(attributes: &mut Vec<Attribute>) -> Result<Option<Expr>> {
    let Some(position) = attributes.iter().position(|attribute| attribute.path().is_ident("default")) else {
        return Ok(None);
    };
    match attributes.remove(position).meta {
        Meta::NameValue(meta) => Ok(Some(meta.value)),
        other => Err(Error::new_spanned(other, "write `#[default = value]`")),
    }
}
