//! Column types as SQL writes them: `DECIMAL(10, 2)`.

use quote::{format_ident, quote, quote_spanned};
use syn::{Error, LitStr, Result};
use thalweg_types::{ColumnType, DataType, SqlError};

use crate::facts::{Kind, Sql};

/// Which types a Rust type is written as.
const WRITTEN: [(&str, &[&str]); 14] = [
    ("bool", &["BOOLEAN"]),
    ("i8", &["TINYINT"]),
    ("i16", &["SMALLINT"]),
    ("i32", &["INT"]),
    ("i64", &["BIGINT"]),
    ("f32", &["FLOAT"]),
    ("f64", &["DOUBLE"]),
    ("str", &["STRING", "CHAR"]),
    ("[u8]", &["BYTES", "BINARY"]),
    ("Decimal", &["DECIMAL"]),
    ("Date", &["DATE"]),
    ("Time", &["TIME"]),
    ("Timestamp", &["TIMESTAMP"]),
    ("TimestampLtz", &["TIMESTAMP_LTZ"]),
];

/// Reads a type; the error points at the string.
pub(crate) fn parse(text: &LitStr) -> Result<Sql> {
    let column: ColumnType = text.value().parse().map_err(|error: SqlError| Error::new(text.span(), error))?;
    match &column.data_type {
        DataType::Array(element) => Ok(Sql { is_list: true, ..flat(element, text)? }),
        _ => flat(&column, text),
    }
    .and_then(|sql| match column.nullable {
        true => Ok(sql),
        false => Err(not_null(text)),
    })
}

fn not_null(text: &LitStr) -> Error {
    let reason =
        "write the type without NOT NULL: the Rust type says whether there are nulls, an `Option` that there are";
    Error::new(text.span(), reason)
}

/// A type without others within.
fn flat(column: &ColumnType, text: &LitStr) -> Result<Sql> {
    if !column.nullable {
        return Err(not_null(text));
    }
    let (case, numbers) = match &column.data_type {
        DataType::Boolean => ("Boolean", None),
        DataType::TinyInt => ("Tinyint", None),
        DataType::SmallInt => ("Smallint", None),
        DataType::Int => ("Int", None),
        DataType::BigInt => ("Bigint", None),
        DataType::Float => ("Float", None),
        DataType::Double => ("Double", None),
        DataType::Decimal { precision, scale } => ("Decimal", Some(quote!((#precision, #scale)))),
        DataType::Char(length) => ("FixedText", Some(quote!(#length))),
        DataType::String => ("Text", None),
        DataType::Binary(length) => ("FixedBytes", Some(quote!(#length))),
        DataType::Bytes => ("Bytes", None),
        DataType::Date => ("Date", None),
        DataType::Time(precision) => ("Time", Some(quote!(#precision))),
        DataType::Timestamp(precision) => ("Timestamp", Some(quote!(#precision))),
        DataType::TimestampLtz(precision) => ("TimestampLtz", Some(quote!(#precision))),
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) => {
            let reason =
                format!("{} has types within; a function writes flat types and arrays of them", column.data_type);
            return Err(Error::new(text.span(), reason));
        }
    };
    let case = format_ident!("{case}");
    let numbers = numbers.map(|numbers| quote!((#numbers)));
    let data_type = quote_spanned!(text.span()=> ::thalweg_module::DataType::#case #numbers);
    let name = column.data_type.to_string();
    let word = name.split('(').next().unwrap_or_default().to_owned();
    Ok(Sql { data_type, word, is_list: false, span: text.span() })
}

/// Refuses a type that a value of this kind is not written as.
pub(crate) fn check(kind: &Kind, sql: &Sql) -> Result<()> {
    if kind.is_list != sql.is_list {
        let article = if kind.is_list { "a list is" } else { "only a list is" };
        return Err(Error::new(sql.span, format!("{article} written as ARRAY<..>")));
    }
    let value = kind.value.to_string().replace(' ', "");
    let value = value.rsplit("::").next().unwrap_or(&value);
    let Some((_, words)) = WRITTEN.iter().find(|(known, _)| *known == value) else { return Ok(()) };
    if words.contains(&sql.word.as_str()) {
        return Ok(());
    }
    Err(Error::new(sql.span, format!("`{value}` is written as {}, not as {}", words.join(" or "), sql.word)))
}
