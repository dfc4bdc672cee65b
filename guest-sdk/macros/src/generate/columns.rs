//! The columns that a module reads and writes: their fields, and how they are found, looked at and settled.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};
use syn::{Ident, LitStr};

use super::at;
use crate::facts::{Column, Form, Function, Kind, Nulls, Parameter, Reading, Write};

/// The columns read, each with its place.
pub(super) fn columns(function: &Function) -> impl Iterator<Item = (Ident, &Column)> {
    function.parameters.iter().enumerate().filter_map(|(index, parameter)| match parameter {
        Parameter::Column(column) => Some((input(index, column), column)),
        _ => None,
    })
}

/// The field, and the variable, of the column of a parameter.
pub(super) fn input(parameter: usize, column: &Column) -> Ident {
    format_ident!("column_{parameter}", span = at(&column.value))
}

/// The columns written, each with its field.
pub(super) fn outputs(function: &Function) -> impl Iterator<Item = (Ident, &Write)> {
    function.writes.iter().enumerate().map(|(index, write)| (output(index, write), write))
}

/// The field, and the variable, of a written column.
pub(super) fn output(index: usize, write: &Write) -> Ident {
    format_ident!("output_{index}", span = at(&write.kind.value))
}

/// The type of a field for a column that is read.
pub(super) fn input_type(Column { value, reading, .. }: &Column) -> TokenStream {
    match reading {
        Reading::Flat => quote_spanned!(at(value)=> ::thalweg_module::Input<#value>),
        Reading::Nested => quote_spanned!(at(value)=> ::thalweg_module::private::NestedInput<#value>),
        Reading::Field => quote_spanned!(at(value)=> ::thalweg_module::private::FieldInput<#value>),
        Reading::Any => quote_spanned!(at(value)=> ::thalweg_module::AnyInput),
    }
}

/// The type of a field for a column that is written.
pub(super) fn output_type(Write { kind: Kind { value, is_list, .. }, any, .. }: &Write) -> TokenStream {
    match is_list {
        _ if any.is_some() => quote_spanned!(at(value)=> ::thalweg_module::AnyOutput),
        true => quote_spanned!(at(value)=> ::thalweg_module::private::ListOutput<#value>),
        false => quote_spanned!(at(value)=> ::thalweg_module::Output<#value>),
    }
}

/// Finds a column in `plan`.
pub(super) fn read(Column { name, value, reading, .. }: &Column) -> TokenStream {
    let name = LitStr::new(name, at(value));
    match reading {
        Reading::Flat => quote_spanned!(at(value)=> plan.read(#name)?),
        Reading::Nested => quote_spanned!(at(value)=> ::thalweg_module::private::read_nested(&mut plan, #name)?),
        Reading::Field => quote_spanned!(at(value)=> ::thalweg_module::private::read_field(&mut plan, #name)?),
        Reading::Any => quote_spanned!(at(value)=> plan.read_any(#name)?),
    }
}

/// Looks at a column in `batch`.
pub(super) fn view(place: &Ident, Column { value, reading, .. }: &Column) -> TokenStream {
    match reading {
        Reading::Flat => quote_spanned!(at(value)=> batch.column(self.#place)?),
        Reading::Nested => quote_spanned!(at(value)=> ::thalweg_module::private::view_nested(&batch, &self.#place)?),
        Reading::Field => quote_spanned!(at(value)=> ::thalweg_module::private::view_field(&batch, &self.#place)?),
        Reading::Any => quote_spanned!(at(value)=> batch.any(&self.#place)?),
    }
}

/// Settles a written column in `plan`.
pub(super) fn write(function: &Function, write: &Write) -> TokenStream {
    let is_batch = matches!(function.form, Form::Batch);
    let decisive = columns(function).filter(|(_, column)| is_batch || !column.is_optional);
    let decisive = decisive.map(|(place, column)| match column.reading {
        Reading::Any => tokens!(#place.column_type()),
        _ => tokens!(#place),
    });
    let nullable = match write.nulls {
        Nulls::Always => tokens!(true),
        Nulls::Never => tokens!(false),
        Nulls::AsRead => tokens!(false #(|| #decisive.is_nullable())*),
    };
    let at = at(&write.kind.value);
    let name = LitStr::new(&write.name, at);
    if let Some(column_type) = &write.any {
        let column_type = match column_type {
            Some(column_type) => tokens!(#column_type.parse::<::thalweg_module::ColumnType>()),
            None => tokens!(context.input().column_type(#name)),
        };
        return tokens!(plan.write_any(#name, #column_type?.nullable(#nullable))?);
    }
    match (write.sql.as_ref().map(|sql| &sql.data_type), write.kind.is_list) {
        (Some(data_type), false) => tokens!(plan.write_as(#name, #data_type, #nullable)?),
        (None, false) => quote_spanned!(at=> plan.write(#name, #nullable)?),
        (Some(element), true) => {
            tokens!(::thalweg_module::private::write_list_as(&mut plan, #name, #element, #nullable)?)
        }
        (None, true) => quote_spanned!(at=> ::thalweg_module::private::write_list(&mut plan, #name, #nullable)?),
    }
}
