//! How the code that [`config`](macro@crate::config) writes makes a JSON Schema.

use serde_json::{Map, Value, json};

use super::Parameter;

/// One key of a configuration.
pub struct Property {
    name: &'static str,
    schema: Value,
    is_required: bool,
}

/// A key whose value is read as `T`. `default` is what stands for it if it is left out.
pub fn property<T: Parameter>(name: &'static str, description: &str, default: Option<T>) -> Property {
    let mut schema = described(T::schema(), description);
    let is_required = default.is_none() && !T::is_optional();
    if let (Some(default), Value::Object(schema)) = (default.and_then(|default| default.json()), &mut schema) {
        schema.insert("default".into(), default);
    }
    Property { name, schema, is_required }
}

/// An object with these keys and no others.
pub fn object(properties: impl IntoIterator<Item = Property>) -> Value {
    let (mut all, mut required) = (Map::new(), Vec::new());
    for property in properties {
        if property.is_required {
            required.push(Value::from(property.name));
        }
        all.insert(property.name.into(), property.schema);
    }
    json!({ "type": "object", "properties": all, "required": required, "additionalProperties": false })
}

/// One of several words, each with its description.
pub fn words(words: &[(&str, &str)]) -> Value {
    let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({ "type": "string", "enum": names });
    if words.iter().any(|(_, description)| !description.is_empty()) {
        schema["oneOf"] = words.iter().map(|(name, description)| word(name, description)).collect();
    }
    schema
}

/// One of several values.
pub fn one_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "oneOf": schemas.into_iter().collect::<Vec<_>>() })
}

/// This word.
pub fn word(name: &str, description: &str) -> Value {
    described(json!({ "const": name }), description)
}

/// An object of one key, which names the case.
pub fn named(name: &'static str, description: &str, schema: Value) -> Value {
    described(object([Property { name, schema, is_required: true }]), description)
}

/// An object that names the case under `tag`.
pub fn tagged(tag: &'static str, name: &str, description: &str, mut properties: Vec<Property>) -> Value {
    properties.insert(0, Property { name: tag, schema: word(name, ""), is_required: true });
    described(object(properties), description)
}

/// An object of values; one without JSON is left out.
pub fn values<const N: usize>(values: [(&str, Option<Value>); N]) -> Value {
    values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn described(mut schema: Value, description: &str) -> Value {
    if let (Value::Object(schema), false) = (&mut schema, description.is_empty()) {
        schema.insert("description".into(), description.into());
    }
    schema
}
