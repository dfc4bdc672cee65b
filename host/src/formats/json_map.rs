//! MAP values in JSON: an object where the keys have a text of their own, else a list of `{"key": .., "value": ..}`.
//!
//! Texts, whole numbers, decimals, bytes, dates and times become the names of an object's members (written as they are
//! as values, in quotes). BOOLEAN, FLOAT, DOUBLE and nested keys are written in a list. Either form is read.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_json::reader::{ArrayDecoder, DecoderContext, Tape, TapeElement};
use arrow_json::writer::{NullableEncoder, make_encoder};
use arrow_json::{Encoder, EncoderFactory, EncoderOptions};
use arrow_schema::{ArrowError, DataType, FieldRef};

/// Writes maps.
#[derive(Debug)]
pub(super) struct MapEncoders;

impl EncoderFactory for MapEncoders {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let DataType::Map(entries, _) = array.data_type() else { return Ok(None) };
        let [key, value] = fields_of(entries)?;
        let map = array.as_map();
        let encoder = MapEncoder {
            offsets: map.offsets().clone(),
            named: has_name(key.data_type()),
            keys: make_encoder(key, map.keys(), options)?,
            values: make_encoder(value, map.values(), options)?,
        };
        Ok(Some(NullableEncoder::new(Box::new(encoder), map.nulls().cloned())))
    }
}

/// Whether values of this type can name the members of an object.
fn has_name(key: &DataType) -> bool {
    let text = matches!(key, DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_));
    text || key.is_integer() || key.is_temporal() || key.is_decimal()
}

fn fields_of(entries: &FieldRef) -> Result<&[FieldRef; 2], ArrowError> {
    let fields = match entries.data_type() {
        DataType::Struct(fields) => fields.as_ref().try_into().ok(),
        _ => None,
    };
    fields.ok_or_else(|| ArrowError::SchemaError(format!("{} are no entries of a map", entries.data_type())))
}

struct MapEncoder<'a> {
    offsets: OffsetBuffer<i32>,
    named: bool,
    keys: NullableEncoder<'a>,
    values: NullableEncoder<'a>,
}

impl MapEncoder<'_> {
    /// A key in quotes.
    fn name(&mut self, at: usize, out: &mut Vec<u8>) {
        let begin = out.len();
        self.keys.encode(at, out);
        if out.get(begin) != Some(&b'"') {
            out.insert(begin, b'"');
            out.push(b'"');
        }
    }

    fn value(&mut self, at: usize, out: &mut Vec<u8>) {
        if self.values.is_null(at) {
            out.extend_from_slice(b"null");
        } else {
            self.values.encode(at, out);
        }
    }
}

impl Encoder for MapEncoder<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let entries = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        out.push(if self.named { b'{' } else { b'[' });
        for at in entries.clone() {
            if at > entries.start {
                out.push(b',');
            }
            if self.named {
                self.name(at, out);
                out.push(b':');
                self.value(at, out);
            } else {
                out.extend_from_slice(b"{\"key\":");
                self.keys.encode(at, out);
                out.extend_from_slice(b",\"value\":");
                self.value(at, out);
                out.push(b'}');
            }
        }
        out.push(if self.named { b'}' } else { b']' });
    }
}

/// Reads maps.
pub(super) struct MapDecoder {
    name: String,
    entries: FieldRef,
    keys: Box<dyn ArrayDecoder>,
    values: Box<dyn ArrayDecoder>,
}

impl MapDecoder {
    /// For a field of the type MAP with these entries.
    pub(super) fn new(context: &DecoderContext, name: &str, entries: &FieldRef) -> Result<Self, ArrowError> {
        let [key, value] = fields_of(entries)?;
        Ok(Self {
            name: name.to_owned(),
            entries: Arc::clone(entries),
            keys: context.make_decoder(key, key.is_nullable())?,
            values: context.make_decoder(value, value.is_nullable())?,
        })
    }

    /// Where key and value of each entry stand.
    fn find(&self, tape: &Tape<'_>, position: u32, found: &mut Positions) -> Result<(), ArrowError> {
        match tape.get(position) {
            TapeElement::StartObject(end) => {
                let mut at = position + 1;
                while at < end {
                    let value = tape.next(at, "a map's key")?;
                    found.keys.push(at);
                    found.values.push(value);
                    at = tape.next(value, "a map's value")?;
                }
                Ok(())
            }
            TapeElement::StartList(end) => {
                let mut at = position + 1;
                while at < end {
                    self.find_entry(tape, at, found)?;
                    at = tape.next(at, "a map's entry")?;
                }
                Ok(())
            }
            _ => Err(self.error("it is a MAP: an object, or a list of {\"key\": .., \"value\": ..}")),
        }
    }

    /// The same of one `{"key": .., "value": ..}`.
    fn find_entry(&self, tape: &Tape<'_>, position: u32, found: &mut Positions) -> Result<(), ArrowError> {
        let wrong = || self.error("an entry of a MAP in a list has just the members \"key\" and \"value\"");
        let TapeElement::StartObject(end) = tape.get(position) else { return Err(wrong()) };
        let (mut key, mut value) = (None, None);
        let mut at = position + 1;
        while at < end {
            let TapeElement::String(name) = tape.get(at) else { return Err(wrong()) };
            let member = tape.next(at, "a member")?;
            let before = match tape.get_string(name) {
                "key" => key.replace(member),
                "value" => value.replace(member),
                _ => return Err(wrong()),
            };
            if before.is_some() {
                return Err(wrong());
            }
            at = tape.next(member, "the end of an entry")?;
        }
        found.keys.push(key.ok_or_else(wrong)?);
        found.values.push(value.ok_or_else(wrong)?);
        Ok(())
    }

    fn error(&self, problem: &str) -> ArrowError {
        ArrowError::JsonError(format!("column {:?}: {problem}", self.name))
    }
}

/// Where the parts of entries stand on the tape.
#[derive(Default)]
struct Positions {
    keys: Vec<u32>,
    values: Vec<u32>,
}

impl ArrayDecoder for MapDecoder {
    fn decode(&mut self, tape: &Tape<'_>, positions: &[u32]) -> Result<ArrayRef, ArrowError> {
        let mut found = Positions::default();
        let mut offsets = Vec::with_capacity(positions.len() + 1);
        let mut nulls = NullBufferBuilder::new(positions.len());
        offsets.push(0);
        for &position in positions {
            let null = tape.get(position) == TapeElement::Null;
            nulls.append(!null);
            if !null {
                self.find(tape, position, &mut found)?;
            }
            offsets.push(i32::try_from(found.keys.len()).map_err(|_| self.error("too many entries at once"))?);
        }
        let DataType::Struct(fields) = self.entries.data_type() else {
            return Err(self.error("its entries have no fields"));
        };
        let columns = vec![self.keys.decode(tape, &found.keys)?, self.values.decode(tape, &found.values)?];
        let entries = StructArray::try_new_with_length(fields.clone(), columns, None, found.keys.len())?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(MapArray::try_new(Arc::clone(&self.entries), offsets, entries, nulls.finish(), false)?))
    }
}
