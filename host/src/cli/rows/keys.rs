//! Keys as they stand on a command line: `1`, `a,b` or `id=1,region=eu`.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, SchemaRef};

use crate::formats::{Rounding, column_of_texts};

/// Reads keys of these columns. Bytes are hexadecimal digits. The error names the key and the column.
pub(super) fn read_keys(texts: &[String], columns: &SchemaRef) -> Result<RecordBatch, String> {
    let names: Vec<&str> = columns.fields().iter().map(|field| field.name().as_str()).collect();
    let keys = texts.iter().map(|text| values(text, &names)).collect::<Result<Vec<_>, _>>()?;
    let column = |(at, field): (usize, &Arc<Field>)| {
        let texts: Vec<&str> = keys.iter().filter_map(|key| key.get(at)).map(String::as_str).collect();
        typed(&texts, field)
    };
    let arrays = columns.fields().iter().enumerate().map(column).collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(columns.clone(), arrays).map_err(|error| error.to_string())
}

fn typed(texts: &[&str], field: &Field) -> Result<ArrayRef, String> {
    column_of_texts(texts.iter().map(|text| Some(*text)), field, Rounding::Refuse)
        .map_err(|misfit| format!("column `{}`: {}", field.name(), misfit.reason))
}

/// The values of a key, in the order of the columns.
fn values(text: &str, columns: &[&str]) -> Result<Vec<String>, String> {
    let named = |part: &str| {
        let (name, value) = part.split_once('=')?;
        columns.iter().position(|column| *column == name.trim()).map(|at| (at, value.to_owned()))
    };
    // The value of one column needs no quotes, whatever it holds.
    let parts = if columns.len() == 1 { vec![text.to_owned()] } else { split(text) };
    let listed = columns.join(", ");
    let pairs: Option<Vec<(usize, String)>> = parts.iter().map(|part| named(part)).collect();
    let Some(pairs) = pairs else {
        return match parts.len() == columns.len() {
            true => Ok(parts),
            false => Err(format!(
                "key {text:?} has {} values, and must have {}: {listed}; values with commas stand in quotes",
                parts.len(),
                columns.len()
            )),
        };
    };
    let mut values: Vec<Option<String>> = vec![None; columns.len()];
    for (at, value) in pairs {
        if values[at].replace(value).is_some() {
            return Err(format!("key {text:?} names column `{}` twice", columns[at]));
        }
    }
    let missing = values.iter().position(Option::is_none);
    match missing {
        Some(at) => Err(format!("key {text:?} lacks column `{}`; it must have {listed}", columns[at])),
        None => Ok(values.into_iter().flatten().collect()),
    }
}

/// Cuts at commas outside of double quotes, which stand around a value; two in quotes are one.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => part.extend(chars.next()),
            '"' if quoted => quoted = false,
            '"' if part.is_empty() || part.ends_with('=') => quoted = true,
            ',' if !quoted => parts.push(std::mem::take(&mut part)),
            char => part.push(char),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use arrow_schema::DataType;

    use super::*;

    #[test]
    fn keys_are_values_or_names_with_values() {
        let two: &[&str] = &["id", "region"];
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("1", &["id"], &["1"]),
            ("id=1", &["id"], &["1"]),
            ("a,b", &["id"], &["a,b"]),
            ("x=1", &["id"], &["x=1"]),
            ("", &["id"], &[""]),
            ("1,eu", two, &["1", "eu"]),
            ("region=eu,id=1", two, &["1", "eu"]),
            ("id=1,region=\"a,\"\"b\"", two, &["1", "a,\"b"]),
            ("\"a,b\",", two, &["a,b", ""]),
            ("1,a=b", two, &["1", "a=b"]),
        ];
        for (text, columns, expected) in cases {
            let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(values(text, columns), Ok(expected), "{text:?}");
        }
        for (text, problem) in [
            ("1", "has 1 values, and must have 2: id, region"),
            ("1,2,3", "has 3 values"),
            ("id=1,id=2", "names column `id` twice"),
        ] {
            assert!(values(text, two).is_err_and(|error| error.contains(problem)), "{text:?}");
        }
    }

    #[test]
    fn values_have_the_types_of_their_columns() {
        let types = [
            (DataType::Int64, "7", "x"),
            (DataType::Boolean, "true", "maybe"),
            (DataType::Date32, "2026-01-31", "yesterday"),
            (DataType::Binary, "00ff", "0"),
            (DataType::FixedSizeBinary(2), "00ff", "00"),
            (DataType::Decimal128(5, 2), "1.25", "1.2.5"),
            (DataType::Utf8, "é", ""),
        ];
        for (data_type, good, bad) in types {
            let columns: SchemaRef =
                Arc::new(arrow_schema::Schema::new(vec![Field::new("k", data_type.clone(), false)]));
            let keys = read_keys(&[good.to_owned()], &columns).expect("it fits");
            assert_eq!((keys.num_rows(), keys.column(0).data_type()), (1, &data_type));
            if !bad.is_empty() {
                let error = read_keys(&[good.to_owned(), bad.to_owned()], &columns).expect_err(bad);
                assert!(error.contains("`k`") && error.contains(bad), "{error}");
            }
        }
    }
}
