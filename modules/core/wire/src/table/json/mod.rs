//! The JSON forms of `fluss.md` 2.13, with the keys in the order in which Fluss's Java side writes them.

mod data_type;
mod descriptor;
mod schema;

pub use data_type::{type_from_json, type_to_json};

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{MAX_TYPE_DEPTH, SchemaError};

/// JSON that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A value is missing, or is not what it should be.
    #[error("at {path}: expected {expected}, found {found}")]
    Unexpected {
        /// Where, as `schema.columns[2].data_type`; `$` is the whole.
        path: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It describes a table that Fluss would refuse.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl JsonError {
    fn unexpected(expected: impl Into<String>, found: impl Into<String>) -> JsonError {
        JsonError::Unexpected { path: "$".to_owned(), expected: expected.into(), found: found.into() }
    }

    /// The same error, seen from one level higher.
    fn within(self, segment: &str) -> JsonError {
        match self {
            JsonError::Unexpected { path, expected, found } => {
                let path = match path.as_str() {
                    "$" => segment.to_owned(),
                    deeper if deeper.starts_with('[') => format!("{segment}{deeper}"),
                    deeper => format!("{segment}.{deeper}"),
                };
                JsonError::Unexpected { path, expected, found }
            }
            other => other,
        }
    }
}

type Object = Map<String, Value>;

fn parse(json: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice(json).map_err(|error| JsonError::Syntax(error.to_string()))
}

/// A value for an error message: its kind, and itself if it is short.
fn show(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) if text.len() > 40 => "a long text".to_owned(),
        short => short.to_string(),
    }
}

fn object(value: &Value) -> Result<&Object, JsonError> {
    value.as_object().ok_or_else(|| JsonError::unexpected("an object", show(value)))
}

fn array(value: &Value) -> Result<&[Value], JsonError> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| JsonError::unexpected("an array", show(value)))
}

fn text(value: &Value) -> Result<String, JsonError> {
    value.as_str().map(str::to_owned).ok_or_else(|| JsonError::unexpected("a text", show(value)))
}

fn integer(value: &Value, least: i32, most: i32) -> Result<i32, JsonError> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| JsonError::unexpected(format!("an integer of {least} to {most}"), show(value)))
}

/// Reads a member that must be there.
fn member<'a, T>(
    object: &'a Object,
    key: &str,
    read: impl FnOnce(&'a Value) -> Result<T, JsonError>,
) -> Result<T, JsonError> {
    let value = object.get(key).ok_or_else(|| JsonError::unexpected("a value", "nothing").within(key))?;
    read(value).map_err(|error| error.within(key))
}

/// Reads a member that may be absent or null.
fn optional<'a, T>(
    object: &'a Object,
    key: &str,
    read: impl FnOnce(&'a Value) -> Result<T, JsonError>,
) -> Result<Option<T>, JsonError> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).map_err(|error| error.within(key)),
    }
}

fn each<T>(value: &Value, read: impl Fn(&Value) -> Result<T, JsonError>) -> Result<Vec<T>, JsonError> {
    let items = array(value)?.iter().enumerate();
    items.map(|(at, item)| read(item).map_err(|error| error.within(&format!("[{at}]")))).collect()
}

fn texts(value: &Value) -> Result<Vec<String>, JsonError> {
    each(value, text)
}

fn text_map(value: &Value) -> Result<BTreeMap<String, String>, JsonError> {
    let members = object(value)?.iter();
    let mut texts = BTreeMap::new();
    for (key, value) in members {
        texts.insert(key.clone(), text(value).map_err(|error| error.within(key))?);
    }
    Ok(texts)
}

fn to_text(form: &impl serde::Serialize) -> String {
    // Serialization of texts, numbers and maps with text keys to memory cannot fail.
    serde_json::to_string(form).unwrap_or_default()
}
