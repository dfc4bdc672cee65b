//! The members of a JSON object and the elements of a list, one after another as texts.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls a function with the name and the text of each member of an object, until it says no.
pub(super) struct EachMember<F>(pub(super) F);

impl<'de, F: FnMut(String, &'de str) -> bool> Visitor<'de> for EachMember<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
            if !(self.0)(name, value.get()) {
                return Err(A::Error::custom("it does not fit"));
            }
        }
        Ok(())
    }
}

/// The same with the text of each element of a list.
pub(super) struct EachElement<F>(pub(super) F);

impl<'de, F: FnMut(&'de str) -> bool> Visitor<'de> for EachElement<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&RawValue>()? {
            if !(self.0)(value.get()) {
                return Err(A::Error::custom("it does not fit"));
            }
        }
        Ok(())
    }
}
