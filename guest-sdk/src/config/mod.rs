//! Configuration: read from JSON with errors that name the key, described as a JSON Schema.

pub(crate) mod describe;

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Error;

/// A configuration that can describe itself. [`config`](macro@crate::config) writes this for a struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the configuration of a module",
    label = "write `#[config]` before this struct"
)]
pub trait Parameters: DeserializeOwned + 'static {
    /// The configuration as a JSON Schema.
    fn schema() -> Value;
}

/// A type that a field of a configuration can have.
///
/// Implement it for your own types beside `serde::Deserialize`:
/// ```
/// use thalweg_module::Parameter;
/// struct Percent(f64);
/// impl Parameter for Percent {
///     fn schema() -> serde_json::Value {
///         serde_json::json!({ "type": "number", "minimum": 0, "maximum": 100 })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a configuration's field",
    label = "write `#[config]` before this type, or implement `thalweg_module::Parameter` for it"
)]
pub trait Parameter {
    /// The type as a JSON Schema.
    fn schema() -> Value;

    /// A value as JSON, so that the schema can say a default; `None`: it says none.
    fn json(&self) -> Option<Value> {
        None
    }

    /// Whether a field of this type may be left out.
    fn is_optional() -> bool {
        false
    }
}

macro_rules! parameter {
    ($name:literal: $($type:ty),*) => {$(
        impl Parameter for $type {
            fn schema() -> Value {
                json!({ "type": $name })
            }

            fn json(&self) -> Option<Value> {
                Some(json!(self))
            }
        }
    )*};
}
parameter!("boolean": bool);
parameter!("integer": i8, i16, i32, i64, u8, u16, u32, u64, usize);
parameter!("number": f32, f64);
parameter!("string": String);

impl<T: Parameter> Parameter for Option<T> {
    fn schema() -> Value {
        T::schema()
    }

    fn json(&self) -> Option<Value> {
        self.as_ref().and_then(T::json)
    }

    fn is_optional() -> bool {
        true
    }
}

impl<T: Parameter> Parameter for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }

    fn json(&self) -> Option<Value> {
        self.iter().map(T::json).collect()
    }
}

macro_rules! map {
    ($($map:ident),*) => {$(
        impl<T: Parameter> Parameter for $map<String, T> {
            fn schema() -> Value {
                json!({ "type": "object", "additionalProperties": T::schema() })
            }

            fn json(&self) -> Option<Value> {
                let values = self.iter().map(|(key, value)| Some((key.clone(), value.json()?)));
                values.collect::<Option<serde_json::Map<_, _>>>().map(Value::from)
            }
        }
    )*};
}
map!(BTreeMap, HashMap);

impl Parameter for Value {
    fn schema() -> Value {
        json!({})
    }

    fn json(&self) -> Option<Value> {
        Some(self.clone())
    }
}

/// The JSON Schema of a module without configuration.
pub(crate) const NO_PARAMETERS: &str = r#"{"additionalProperties":false,"properties":{},"type":"object"}"#;

/// Refuses any key, for a module without configuration. It reads no more JSON than it must: such modules are half as large
/// without a parser.
pub(crate) fn expect_empty(text: &str) -> Result<(), Error> {
    let text = if text.trim().is_empty() { "{}" } else { text.trim() };
    let members = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim);
    match members {
        Some("") => Ok(()),
        Some(members) => {
            let key = members.split('"').nth(1).unwrap_or_default();
            Err(Error::config(key, "this module has no configuration"))
        }
        None => Err(Error::config("", "must be a JSON object")),
    }
}

/// Reads a configuration; the error names the key.
pub(crate) fn parse<C: DeserializeOwned>(text: &str) -> Result<C, Error> {
    serde_path_to_error::deserialize(Value::Object(object(text)?)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // serde names a missing or unknown key only in its text.
        let named = ["missing field `", "unknown field `"]
            .iter()
            .find_map(|start| message.strip_prefix(start)?.split('`').next());
        let key = match (path.as_str(), named) {
            (".", named) => named.unwrap_or_default().to_owned(),
            (path, Some(named)) if path != named && !path.ends_with(&format!(".{named}")) => format!("{path}.{named}"),
            (path, _) => path.to_owned(),
        };
        Error::config(key, message)
    })
}

fn object(text: &str) -> Result<serde_json::Map<String, Value>, Error> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let found: Result<Value, _> = serde_json::from_str(text);
    match found {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::config("", "must be a JSON object")),
        Err(error) => Err(Error::config("", format!("must be a JSON object: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        min: i32,
        #[serde(default)]
        names: Vec<String>,
    }

    #[test]
    fn errors_name_the_key() {
        for (text, key) in [
            (r#"{"min": "x"}"#, "min"),
            (r#"{}"#, "min"),
            (r#"{"min": 1, "mx": 2}"#, "mx"),
            (r#"{"min": 1, "names": ["a", 3]}"#, "names[1]"),
            (r#"[]"#, ""),
            (r#"{"#, ""),
        ] {
            let error = parse::<Limits>(text).unwrap_err();
            assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{text}: {error}");
        }
        assert_eq!(parse::<Limits>(r#"{"min": 3}"#), Ok(Limits { min: 3, names: vec![] }));
        assert!(expect_empty("{}").is_ok() && expect_empty("").is_ok());
        for (text, key) in [(r#"{"a": 1}"#, "a"), (r#" { "b c": {} } "#, "b c"), ("[]", ""), ("{", "")] {
            let error = expect_empty(text).unwrap_err();
            assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{text}: {error}");
        }
        assert!(expect_empty(" { } ").is_ok());
        assert!(serde_json::from_str::<Value>(NO_PARAMETERS).is_ok_and(|schema| schema["type"] == "object"));
    }
}
