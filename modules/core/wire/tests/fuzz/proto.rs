//! Good messages of every kind, made from `proto/fluss.proto`.

use std::collections::BTreeMap;

use crate::common::Random;

const PROTO: &str = include_str!("../../proto/fluss.proto");

/// One field, as the line of it says.
struct Field {
    label: &'static str,
    kind: &'static str,
    number: u64,
}

/// The messages by name.
pub(crate) struct Proto {
    messages: BTreeMap<&'static str, Vec<Field>>,
}

impl Proto {
    pub(crate) fn read() -> Self {
        let mut messages = BTreeMap::new();
        let mut fields: &mut Vec<Field> = &mut Vec::new();
        for line in PROTO.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["message", name, "{" | "{}"] => fields = messages.entry(*name).or_default(),
                [label @ ("required" | "optional" | "repeated"), kind, _, "=", number, ..] => {
                    let number = number.trim_end_matches(';').parse().expect("a field's number");
                    fields.push(Field { label, kind, number });
                }
                _ => {}
            }
        }
        Self { messages }
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.messages.keys().copied()
    }

    /// A message with random values; most of what may be left out is there.
    pub(crate) fn message(&self, name: &str, random: &mut Random, depth: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for field in &self.messages[name] {
            let times = match field.label {
                "required" => 1,
                _ if depth > 4 => 0,
                "optional" => random.below(4).min(1),
                _ => random.below(3),
            };
            (0..times).for_each(|_| self.field(field, random, depth, &mut out));
        }
        out
    }

    fn field(&self, field: &Field, random: &mut Random, depth: usize, out: &mut Vec<u8>) {
        let key = |wire_type: u64| field.number << 3 | wire_type;
        match field.kind {
            "int32" | "int64" => {
                varint(key(0), out);
                varint(random.number() >> random.below(64), out);
            }
            "bool" => out.extend(varints([key(0), random.below(2) as u64])),
            "float" => {
                varint(key(5), out);
                out.extend((random.below(100) as f32).to_le_bytes());
            }
            "double" => {
                varint(key(1), out);
                out.extend((random.below(100) as f64).to_le_bytes());
            }
            "string" | "bytes" => {
                let text = "abcdefgh".get(..random.below(9)).unwrap_or_default();
                out.extend(varints([key(2), text.len() as u64]));
                out.extend(text.bytes());
            }
            nested => {
                let inside = self.message(nested, random, depth + 1);
                out.extend(varints([key(2), inside.len() as u64]));
                out.extend(inside);
            }
        }
    }
}

fn varints(values: [u64; 2]) -> Vec<u8> {
    let mut out = Vec::new();
    values.into_iter().for_each(|value| varint(value, &mut out));
    out
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
