//! Reads JSON into a column that is being built.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::scalar::Scalar;
use crate::Unfit;
use crate::any::{AnyBuilder, Nest, Node, Nulls};

/// Why a JSON text is no value of a column.
///
/// Its text is fit for [`Refusals::push`](crate::Refusals::push).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where in the value: `.a[3]`; empty for the value itself.
    path: String,
    problem: String,
}

impl JsonError {
    pub(crate) fn new(problem: impl fmt::Display) -> Self {
        Self { path: String::new(), problem: problem.to_string() }
    }

    /// The same error, found within something.
    pub(crate) fn within(mut self, place: impl fmt::Display) -> Self {
        self.path = format!("{place}{}", self.path);
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.strip_prefix('.').unwrap_or(&self.path) {
            "" => f.write_str(&self.problem),
            path => write!(f, "at `{path}`: {}", self.problem),
        }
    }
}

impl std::error::Error for JsonError {}

impl From<Unfit> for JsonError {
    fn from(unfit: Unfit) -> Self {
        Self::new(unfit)
    }
}

/// Calls `f` with the name and the JSON text of each member of an object, in order.
///
/// ```
/// use thalweg_module::json::members;
/// let mut found = Vec::new();
/// members(r#"{"a": 1, "b": ["x"]}"#, |name, json| found.push(format!("{name}={json}")))?;
/// assert_eq!(found, ["a=1", "b=[\"x\"]"]);
/// # Ok::<(), thalweg_module::json::JsonError>(())
/// ```
///
/// # Errors
/// If the text is no JSON object. `f` may have been called by then.
pub fn members(json: &str, f: impl FnMut(&str, &str)) -> Result<(), JsonError> {
    let mut text = serde_json::Deserializer::from_str(json);
    text.deserialize_map(Members(f))
        .and_then(|()| text.end())
        .map_err(|error| JsonError::new(format!("it is no JSON object: {error}")))
}

struct Members<F>(F);

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut name = String::new();
        while map.next_key_seed(Name(&mut name))?.is_some() {
            (self.0)(&name, map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}

/// Reads a name into a text that is used again.
struct Name<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(name);
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&str) -> Result<(), JsonError>> Visitor<'de> for Elements<F> {
    type Value = Result<(), JsonError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut done = Ok(());
        let mut at = 0;
        while let Some(element) = list.next_element::<&RawValue>()? {
            if done.is_ok() {
                done = (self.0)(element.get()).map_err(|error| error.within(format_args!("[{at}]")));
            }
            at += 1;
        }
        Ok(done)
    }
}

/// Calls `f` with the text of each element of a list, until it fails.
fn elements(json: &str, f: impl FnMut(&str) -> Result<(), JsonError>) -> Result<(), JsonError> {
    let mut text = serde_json::Deserializer::from_str(json);
    text.deserialize_seq(Elements(f)).unwrap_or_else(|error| Err(JsonError::new(error)))
}

impl AnyBuilder {
    /// Adds the value of a JSON text, in the forms that [`json`](mod@crate::json) describes. JSON's `null` is a null.
    ///
    /// # Errors
    /// If it is no JSON, or not of the column's type. The row then stands there [without a value](Self::skip): refuse it.
    pub fn push_json(&mut self, json: &str) -> Result<(), JsonError> {
        self.node.push_json(json)
    }
}

impl Node {
    /// Adds a value, or on an error a row without one.
    pub(crate) fn push_json(&mut self, json: &str) -> Result<(), JsonError> {
        match serde_json::from_str::<&RawValue>(json) {
            Ok(raw) => self.push_raw(raw.get()),
            Err(error) => {
                self.skip();
                Err(JsonError::new(format!("it is no JSON: {error}")))
            }
        }
    }

    /// The same of a text that is known to be JSON, without blanks around.
    fn push_raw(&mut self, json: &str) -> Result<(), JsonError> {
        if json == "null" {
            self.push_null();
            return if self.is_nullable { Ok(()) } else { Err(JsonError::new("it is NOT NULL, and null or missing")) };
        }
        let before = self.len();
        let done = match &mut self.cells {
            Nest::Array(nulls, offsets, element) => {
                let done = match json.starts_with('[') {
                    true => elements(json, |json| element.push_raw(json)),
                    false => Err(mismatch("a list", json)),
                };
                close(nulls, offsets, element.len()).and(done)
            }
            Nest::Map(nulls, offsets, entries) => {
                let [key, value] = &mut **entries;
                let done = push_entries(key, value, json);
                close(nulls, offsets, key.len()).and(done)
            }
            Nest::Row(nulls, fields) => {
                nulls.push(true);
                push_fields(fields, before, json)
            }
            Nest::Other(_) => Err(JsonError::new(format!("values of {} cannot be written", self.data_type))),
            _ => Scalar::read(json).and_then(|scalar| self.push_scalar(&scalar)),
        };
        if self.len() == before {
            self.skip();
        }
        done
    }
}

/// Ends an array or a map behind so many children.
fn close(nulls: &mut Nulls, offsets: &mut Vec<i32>, children: usize) -> Result<(), JsonError> {
    nulls.push(true);
    let end = i32::try_from(children);
    offsets.push(end.unwrap_or(i32::MAX));
    end.map(|_| ()).map_err(|_| JsonError::new("the elements of this batch are more than 2^31"))
}

fn push_entries(key: &mut Node, value: &mut Node, json: &str) -> Result<(), JsonError> {
    let mut done = Ok(());
    if json.starts_with('[') {
        return elements(json, |entry| push_entry(key, value, entry));
    }
    members(json, |name, json| {
        if done.is_ok() {
            // A name is a JSON text, as a key must be one.
            let name = serde_json::Value::from(name).to_string();
            done =
                key.push_raw(&name).and(value.push_raw(json)).map_err(|error| error.within(format_args!("[{name}]")));
            even(key, value);
        }
    })
    .map_err(|_| mismatch("an object, or a list of {\"key\": .., \"value\": ..}", json))?;
    done
}

/// One `{"key": .., "value": ..}`.
fn push_entry(key: &mut Node, value: &mut Node, json: &str) -> Result<(), JsonError> {
    let (keys, values) = (key.len() + 1, value.len() + 1);
    let mut done = Ok(());
    let read = members(json, |name, json| {
        let part = match name {
            "key" if key.len() < keys => key.push_raw(json),
            "value" if value.len() < values => value.push_raw(json),
            _ => Err(JsonError::new("an entry of a MAP has just the members `key` and `value`")),
        };
        if done.is_ok() {
            done = part;
        }
    });
    let is_whole = key.len() == keys && value.len() == values;
    even(key, value);
    read.and(done)?;
    if is_whole { Ok(()) } else { Err(JsonError::new("an entry of a MAP has just the members `key` and `value`")) }
}

/// As many keys as values, whatever failed.
fn even(key: &mut Node, value: &mut Node) {
    while key.len() < value.len() {
        key.skip();
    }
    while value.len() < key.len() {
        value.skip();
    }
}

/// Adds the fields of a row behind `before` others.
fn push_fields(fields: &mut [(String, Node)], before: usize, json: &str) -> Result<(), JsonError> {
    let mut done = Ok(());
    let read = members(json, |name, json| {
        let part = match fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, field)) if field.len() == before => field.push_raw(json),
            Some(_) => Err(JsonError::new("it stands there twice")),
            None => Err(JsonError::new("there is no such field")),
        };
        if done.is_ok() {
            done = part.map_err(|error| error.within(format_args!(".{name}")));
        }
    })
    .map_err(|_| mismatch("an object", json));
    for (name, field) in fields {
        if field.len() == before {
            let missing = field.push_raw("null").map_err(|error| error.within(format_args!(".{name}")));
            done = done.and(missing);
        }
    }
    read.and(done)
}

/// Another kind of JSON than is expected.
pub(super) fn mismatch(expected: impl fmt::Display, found: &str) -> JsonError {
    let mut end = found.len().min(40);
    while !found.is_char_boundary(end) {
        end -= 1;
    }
    let rest = if end < found.len() { ".." } else { "" };
    JsonError::new(format!("expected {expected}, found {}{rest}", &found[..end]))
}
