//! What values of JSON were seen at a place, and the type that holds all of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field};
use serde::de::Deserializer;

use super::each::{EachElement, EachMember};
use super::number::Number;
use crate::formats::json::{Problem, in_column};
use crate::formats::scalar::Shown;

/// How deep values may be nested in each other.
const DEPTH: usize = 64;
/// How many different members the objects at one place may have.
const MOST_MEMBERS: usize = 10_000;

/// The members of objects, in the order in which they came first.
#[derive(Debug, Default)]
pub(super) struct Members {
    members: Vec<Member>,
    places: HashMap<String, usize>,
    /// How many objects were seen.
    objects: u64,
}

#[derive(Debug)]
struct Member {
    name: String,
    seen: Seen,
    /// The last object that had it.
    object: u64,
}

/// The values at one place.
#[derive(Debug, Default)]
struct Seen {
    kind: Option<Kind>,
    /// Where the first that is not null stands.
    line: u64,
}

#[derive(Debug)]
enum Kind {
    Boolean,
    Number(Number),
    Text,
    List(Box<Seen>),
    Object(Box<Members>),
}

/// What people should know of the columns.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Columns without a value.
    pub(super) empty: Vec<String>,
    /// Columns of DOUBLE with whole numbers that it does not hold.
    pub(super) inexact: Vec<String>,
}

impl Members {
    /// Looks at an object that begins in a line.
    pub(super) fn read(&mut self, object: &str, line: u64) -> Result<(), Problem> {
        self.see(object, &Place { line, depth: 0 }).map_err(|misfit| Problem {
            line: misfit.line,
            text: if misfit.path.is_empty() { misfit.reason } else { in_column(&misfit.path, &misfit.reason) },
        })
    }

    fn see(&mut self, object: &str, place: &Place) -> Result<(), Misfit> {
        self.objects += 1;
        let mut misfit = None;
        let mut json = serde_json::Deserializer::from_str(object);
        let read = json.deserialize_map(EachMember(|name, value| match self.see_member(name, value, place) {
            Ok(()) => true,
            Err(found) => {
                misfit = Some(found);
                false
            }
        }));
        let read = read.and_then(|()| json.end());
        read.map_err(|error| misfit.unwrap_or_else(|| error.into()))
    }

    fn see_member(&mut self, name: String, value: &str, place: &Place) -> Result<(), Misfit> {
        let at = self.places.get(&name).copied().unwrap_or(self.members.len());
        if at == MOST_MEMBERS {
            let reason =
                format!("objects have more than {MOST_MEMBERS} different members; say --schema, perhaps with a MAP");
            return Err(Misfit::new(reason));
        }
        if at == self.members.len() {
            self.members.push(Member { name: name.clone(), seen: Seen::default(), object: 0 });
            self.places.insert(name.clone(), at);
        }
        let Some(member) = self.members.get_mut(at) else { return Ok(()) };
        if member.object == self.objects {
            return Err(Misfit::new("it stands there twice".into()).within(&name));
        }
        member.object = self.objects;
        member.seen.see(value, place).map_err(|misfit| misfit.within(&name))
    }

    /// The fields that hold every object; `within` is the path of them.
    pub(super) fn fields(&self, within: &str, notes: &mut Notes) -> Result<Vec<Field>, String> {
        let field = |member: &Member| {
            let path = format!("{within}{}", member.name);
            Ok(Field::new(&member.name, member.seen.data_type(&path, notes)?, true))
        };
        self.members.iter().map(field).collect()
    }
}

/// Where an object or a list stands.
struct Place {
    line: u64,
    /// So many others are around it.
    depth: usize,
}

/// Values that no type holds.
struct Misfit {
    /// So many lines below the row's first.
    line: u64,
    path: String,
    reason: String,
}

impl Misfit {
    fn new(reason: String) -> Self {
        Self { line: 0, path: String::new(), reason }
    }

    /// The same in the member of this name.
    fn within(self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{separator}{}", self.path), ..self }
    }
}

impl From<serde_json::Error> for Misfit {
    fn from(error: serde_json::Error) -> Self {
        let problem = Problem::from(error);
        Self { line: problem.line, path: String::new(), reason: problem.text }
    }
}

impl Seen {
    /// The kind of a value at a line, which must be that of the others.
    fn meet(&mut self, line: u64, found: &str, new: impl FnOnce() -> Kind) -> Result<&mut Kind, String> {
        match &self.kind {
            None => self.line = line,
            Some(kind) if kind.name() == found => {}
            Some(kind) => {
                return Err(format!(
                    "it is {found} here and {} in line {}; no type holds both",
                    kind.name(),
                    self.line
                ));
            }
        }
        Ok(self.kind.get_or_insert_with(new))
    }

    /// Looks at a value: JSON without blanks around.
    fn see(&mut self, json: &str, place: &Place) -> Result<(), Misfit> {
        let line = place.line;
        let deeper = Place { line, depth: place.depth + 1 };
        match json.as_bytes().first() {
            Some(b'n') => Ok(()),
            Some(b't' | b'f') => self.meet(line, "a truth value", || Kind::Boolean).map(|_| ()).map_err(Misfit::new),
            Some(b'"') => self.text(line, json).map_err(Misfit::new),
            Some(b'{' | b'[') if place.depth == DEPTH => {
                Err(Misfit::new(format!("it is nested deeper than {DEPTH} times")))
            }
            Some(b'[') => match self.meet(line, "a list", || Kind::List(Box::default())).map_err(Misfit::new)? {
                Kind::List(element) => element.see_elements(json, &deeper),
                _ => Ok(()),
            },
            Some(b'{') => match self.meet(line, "an object", || Kind::Object(Box::default())).map_err(Misfit::new)? {
                Kind::Object(members) => members.see(json, &deeper),
                _ => Ok(()),
            },
            _ => self.number(line, json).map_err(Misfit::new),
        }
    }

    fn see_elements(&mut self, json: &str, place: &Place) -> Result<(), Misfit> {
        let mut misfit = None;
        let read = serde_json::Deserializer::from_str(json).deserialize_seq(EachElement(|value| {
            misfit = self.see(value, place).err();
            misfit.is_none()
        }));
        read.map_err(|error| match misfit {
            Some(misfit) => misfit.within("[]"),
            None => error.into(),
        })
    }

    fn text(&mut self, line: u64, json: &str) -> Result<(), String> {
        if json.contains('\\') && serde_json::from_str::<String>(json).is_err() {
            return Err(format!("{} is no text: it holds half of a surrogate pair", Shown(json)));
        }
        self.meet(line, "a text", || Kind::Text).map(|_| ())
    }

    fn number(&mut self, line: u64, text: &str) -> Result<(), String> {
        if !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(format!("the number {} is too large for any type", Shown(text)));
        }
        if let Kind::Number(number) = self.meet(line, "a number", || Kind::Number(Number::default()))? {
            number.see(text);
        }
        Ok(())
    }

    /// The type that holds every value.
    fn data_type(&self, path: &str, notes: &mut Notes) -> Result<DataType, String> {
        Ok(match &self.kind {
            None => {
                notes.empty.push(path.to_owned());
                DataType::Utf8
            }
            Some(Kind::Boolean) => DataType::Boolean,
            Some(Kind::Text) => DataType::Utf8,
            Some(Kind::Number(number)) => {
                let data_type = number.data_type();
                if number.is_long && data_type == DataType::Float64 {
                    notes.inexact.push(path.to_owned());
                }
                data_type
            }
            Some(Kind::List(element)) => {
                let element = element.data_type(&format!("{path}[]"), notes)?;
                DataType::List(Arc::new(Field::new("element", element, true)))
            }
            Some(Kind::Object(members)) if members.members.is_empty() => {
                let reason = "there are only objects without members, the first in line";
                return Err(in_column(path, &format!("{reason} {}, and a ROW must have fields", self.line)));
            }
            Some(Kind::Object(members)) => DataType::Struct(members.fields(&format!("{path}."), notes)?.into()),
        })
    }
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Boolean => "a truth value",
            Self::Number(_) => "a number",
            Self::Text => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}
