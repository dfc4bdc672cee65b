//! Column types as SQL writes them: `DECIMAL(10, 2)`.

use quote::{format_ident, quote_spanned};
use syn::{Error, LitStr, Result};

use crate::facts::{Kind, Sql};

/// Word, `DataType`, and the numbers in parentheses: how many at most, and the range of the first.
const TYPES: [(&str, &str, usize, std::ops::RangeInclusive<u32>); 16] = [
    ("BOOLEAN", "Boolean", 0, 0..=0),
    ("TINYINT", "Tinyint", 0, 0..=0),
    ("SMALLINT", "Smallint", 0, 0..=0),
    ("INT", "Int", 0, 0..=0),
    ("BIGINT", "Bigint", 0, 0..=0),
    ("FLOAT", "Float", 0, 0..=0),
    ("DOUBLE", "Double", 0, 0..=0),
    ("DECIMAL", "Decimal", 2, 1..=38),
    ("CHAR", "FixedText", 1, 1..=i32::MAX as u32),
    ("STRING", "Text", 0, 0..=0),
    ("BINARY", "FixedBytes", 1, 1..=i32::MAX as u32),
    ("BYTES", "Bytes", 0, 0..=0),
    ("DATE", "Date", 0, 0..=0),
    ("TIME", "Time", 1, 0..=9),
    ("TIMESTAMP", "Timestamp", 1, 0..=9),
    ("TIMESTAMP_LTZ", "TimestampLtz", 1, 0..=9),
];

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
    let value = text.value();
    let value = value.trim();
    let is_array = value.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("ARRAY<"));
    match value.strip_suffix('>').filter(|_| is_array) {
        Some(array) => Ok(Sql { is_list: true, ..flat(&array[6..], text)? }),
        None => flat(value, text),
    }
}

/// Reads a type without others within.
fn flat(value: &str, text: &LitStr) -> Result<Sql> {
    let (word, numbers) = split(value).ok_or_else(|| {
        Error::new(text.span(), "write a column type as SQL does: `INT`, `DECIMAL(10, 2)`, `TIMESTAMP(6)`")
    })?;
    let Some((_, case, most, range)) = TYPES.iter().find(|(known, ..)| *known == word) else {
        let known: Vec<_> = TYPES.iter().map(|(known, ..)| *known).collect();
        return Err(Error::new(text.span(), format!("there is no type {word}; the types are {}", known.join(", "))));
    };
    let fits = match numbers[..] {
        [] => *most == 0,
        [first] => *most == 1 && range.contains(&first),
        [first, second] => *most == 2 && range.contains(&first) && second <= first,
        _ => false,
    };
    if !fits {
        let shape = match word.as_str() {
            "DECIMAL" => "DECIMAL(precision, scale), with a precision of 1 to 38 and no greater scale".to_owned(),
            "CHAR" | "BINARY" => format!("{word}(length), with a length from 1 on"),
            _ if *most == 1 => format!("{word}(precision), with a precision of 0 to 9"),
            _ => format!("{word} alone"),
        };
        return Err(Error::new(text.span(), format!("write {shape}")));
    }
    let case = format_ident!("{case}");
    let narrow = numbers.iter().map(|number| *number as u8);
    let data_type = match numbers[..] {
        [] => quote_spanned!(text.span()=> ::thalweg_module::DataType::#case),
        [length] if matches!(word.as_str(), "CHAR" | "BINARY") => {
            quote_spanned!(text.span()=> ::thalweg_module::DataType::#case(#length))
        }
        [_] => quote_spanned!(text.span()=> ::thalweg_module::DataType::#case(#(#narrow)*)),
        _ => quote_spanned!(text.span()=> ::thalweg_module::DataType::#case((#(#narrow),*))),
    };
    Ok(Sql { data_type, word, is_list: false, span: text.span() })
}

/// The word in capitals, and the numbers in parentheses.
fn split(text: &str) -> Option<(String, Vec<u32>)> {
    let text = text.trim();
    let (word, numbers) = match text.split_once('(') {
        Some((word, rest)) => (word, rest.strip_suffix(')')?.split(',').map(|it| it.trim().parse().ok()).collect()),
        None => (text, Some(Vec::new())),
    };
    Some((word.trim().to_ascii_uppercase(), numbers?))
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
