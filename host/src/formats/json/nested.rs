//! How serde_json hands values to columns: as texts to those of flat types, part by part to nested ones.

use std::borrow::Cow;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::column::{Cells, Column};
use crate::formats::scalar::{Shown, sql_name};

impl<'de> DeserializeSeed<'de> for &mut Column {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Cells::Leaf(leaf) = &mut self.cells else { return json.deserialize_any(Nested(self)) };
        let value = <&RawValue>::deserialize(json)?.get();
        let pushed = if value == "null" { self.push_null() } else { leaf.push_json(value, &self.field) };
        pushed.map_err(|reason| self.refuse(reason))
    }
}

/// A value of a nested type.
struct Nested<'a>(&'a mut Column);

impl Nested<'_> {
    fn scalar<E: Error>(self, found: String) -> Result<(), E> {
        let reason = format!("{} is no {}", Shown(&found), sql_name(self.0.field.data_type()));
        Err(self.0.refuse(reason))
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&sql_name(self.0.field.data_type()))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push_null().map_err(|reason| self.0.refuse(reason))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(format!("\"{value}\""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let ended = match &mut self.0.cells {
            Cells::List(spans, element) => {
                while list.next_element_seed(&mut **element)?.is_some() {}
                spans.push(true, element.len())
            }
            Cells::Map(spans, entries) => {
                while list.next_element_seed(Entry(entries))?.is_some() {}
                spans.push(true, entries[0].len())
            }
            _ => Err(format!("a list is no {}", sql_name(self.0.field.data_type()))),
        };
        ended.map_err(|reason| self.0.refuse(reason))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let ended = match &mut self.0.cells {
            Cells::Map(spans, entries) => {
                let [key, value] = &mut **entries;
                while object.next_key_seed(Key(key))?.is_some() {
                    object.next_value_seed(&mut *value)?;
                }
                spans.push(true, key.len())
            }
            Cells::Row(valid, row) => {
                row.read(object)?;
                valid.push(true);
                Ok(())
            }
            _ => Err(format!("an object is no {}", sql_name(self.0.field.data_type()))),
        };
        ended.map_err(|reason| self.0.refuse(reason))
    }
}

/// The name of an object's member as a map's key.
struct Key<'a>(&'a mut Column);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.0.push_name(name).map_err(|reason| self.0.refuse(reason))
    }
}

/// One `{"key": .., "value": ..}` of a map.
struct Entry<'a>(&'a mut [Column; 2]);

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an entry of a MAP, with just the members \"key\" and \"value\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let [key, value] = self.0;
        let ends = (key.len() + 1, value.len() + 1);
        while let Some(name) = object.next_key::<Cow<'de, str>>()? {
            match name.as_ref() {
                "key" if key.len() < ends.0 => object.next_value_seed(&mut *key)?,
                "value" if value.len() < ends.1 => object.next_value_seed(&mut *value)?,
                _ => return Err(key.refuse("an entry of a MAP has just the members \"key\" and \"value\"".into())),
            }
        }
        if (key.len(), value.len()) != ends {
            return Err(key.refuse("an entry of a MAP has just the members \"key\" and \"value\"".into()));
        }
        Ok(())
    }
}
