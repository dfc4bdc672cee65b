//! What a module says of itself: its summary and its parameters. No schema and no rows are needed.

use std::sync::Arc;

use serde_json::{Map, Value};
use thalweg_chain::Cause;
use thalweg_chain::text::message;

use crate::runtime::Runtime;

use crate::module::error::ModuleError;
use crate::module::sandbox::instance::Template;
use crate::module::spec::{ModuleSpec, Source};

/// What a module says of itself. Control characters are replaced, so that it may be printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// One sentence: what it does.
    pub summary: String,
    /// Its configuration as a JSON Schema: an object.
    pub schema: Value,
    /// What can be set, by the schema's properties, those required first.
    pub parameters: Vec<Parameter>,
}

/// A key of a module's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The key.
    pub name: String,
    /// What its value may be, in words: `integer`, `list of string`, `"hash" or "redact"`.
    pub value_type: String,
    /// Whether it must be there.
    pub required: bool,
    /// The value that it has when it is not there, where the module says so.
    pub default: Option<Value>,
    /// What it means; empty where the module does not say.
    pub text: String,
}

/// The longest JSON Schema that is read, in bytes: read, it takes many times as much.
const SCHEMA: usize = 1 << 20;

/// Asks a module what it is. Nothing of `spec.config` is looked at.
///
/// # Errors
/// When it cannot be loaded, is no module, or fails; and when its parameters are no JSON Schema of an object.
pub fn describe(runtime: &Runtime, spec: &ModuleSpec) -> Result<Description, ModuleError> {
    let name: Arc<str> = Arc::from(spec.name.as_str());
    let component = match &spec.source {
        Source::Builtin(stock) => runtime.stock_module(stock),
        Source::File(path) => runtime.component_file_within(path, spec.limits.compilation()),
    };
    let component = component.map_err(|cause| ModuleError::Runtime { module: name.to_string(), cause })?;
    // Starts the clock of the deadlines.
    runtime.engine();
    let failed = |cause| ModuleError::failed(&name, cause);
    let mut instance = Template::new(&component, &name, spec.limits)?.start().map_err(failed)?;
    let said = instance.call(|guest, store| guest.call_describe(store)).map_err(failed)?;
    if said.parameters.len() > SCHEMA {
        return Err(failed(Cause::Answer(format!("its parameters are longer than {SCHEMA} bytes"))));
    }
    let schema = match serde_json::from_str(&said.parameters) {
        Ok(schema @ Value::Object(_)) => schema,
        Ok(_) => return Err(failed(Cause::Answer("its parameters are no JSON object".to_owned()))),
        Err(error) => return Err(failed(Cause::Answer(format!("its parameters are no JSON: {error}")))),
    };
    let parameters = parameters(&schema);
    Ok(Description { summary: message(&said.summary), schema, parameters })
}

/// The properties of a JSON Schema, those required first.
fn parameters(schema: &Value) -> Vec<Parameter> {
    let required = |name: &str| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    let parameter = |(name, property): (&String, &Value)| Parameter {
        name: message(name),
        value_type: message(&in_words(property)),
        required: required(name),
        default: property.get("default").cloned(),
        text: message(property["description"].as_str().unwrap_or_default()).replace('\n', " "),
    };
    let properties = schema["properties"].as_object().map_or_else(Map::new, Map::clone);
    let mut parameters: Vec<_> = properties.iter().map(parameter).collect();
    parameters.sort_by_key(|parameter| !parameter.required);
    parameters
}

/// A JSON Schema of a value, in words. How deep it goes is bounded by the parser of JSON.
fn in_words(schema: &Value) -> String {
    let list = |values: &[Value], word: fn(&Value) -> String| values.iter().map(word).collect::<Vec<_>>().join(" or ");
    let choice = ["enum", "anyOf", "oneOf"].into_iter().find_map(|key| Some((key, schema[key].as_array()?)));
    match (choice, &schema["const"], &schema["type"]) {
        (Some(("enum", values)), ..) => list(values, Value::to_string),
        (Some((_, schemas)), ..) => list(schemas, in_words),
        (_, constant, _) if !constant.is_null() => constant.to_string(),
        (.., Value::Array(types)) => list(types, |name| name.as_str().unwrap_or("any").to_owned()),
        (.., Value::String(name)) => match (name.as_str(), schema.get("items"), schema.get("additionalProperties")) {
            ("array", Some(items), _) => format!("list of {}", in_words(items)),
            ("array", None, _) => "list".to_owned(),
            ("object", _, Some(values @ Value::Object(_))) => format!("object of {}", in_words(values)),
            _ => name.clone(),
        },
        _ => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_said_in_words() {
        let cases = [
            (json!({"type": "integer"}), "integer"),
            (json!({"type": ["number", "string"]}), "number or string"),
            (json!({"type": "array", "items": {"type": "string"}}), "list of string"),
            (json!({"type": "array"}), "list"),
            (json!({"enum": ["hash", "redact"]}), "\"hash\" or \"redact\""),
            (json!({"anyOf": [{"type": "integer"}, {"const": "all"}]}), "integer or \"all\""),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "object of string"),
            (json!({"type": "object", "additionalProperties": false}), "object"),
            (json!({}), "any"),
            (json!(true), "any"),
            (json!({"type": 3}), "any"),
        ];
        for (schema, words) in cases {
            assert_eq!(in_words(&schema), words);
        }
    }

    #[test]
    fn parameters_come_from_the_properties() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": {"type": "integer", "default": 3, "description": "How\nmany\u{1b}[2J."},
                "b": {"type": "string"},
            },
            "required": ["b"],
        });
        let found = parameters(&schema);
        let names: Vec<_> = found.iter().map(|parameter| (parameter.name.as_str(), parameter.required)).collect();
        assert_eq!(names, [("b", true), ("a", false)]);
        assert_eq!((found[1].default.as_ref(), found[1].text.as_str()), (Some(&json!(3)), "How many\u{fffd}[2J."));
        assert_eq!(parameters(&json!({"properties": [], "required": "b"})), []);
    }
}
