//! MAP values in JSON: an object where the keys have a text of their own, else a list of `{"key": .., "value": ..}`.
//!
//! Texts, whole numbers, decimals, bytes, dates and times become the names of an object's members (written as they are
//! as values, in quotes). BOOLEAN, FLOAT, DOUBLE and nested keys are written in a list. Either form is read.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::OffsetBuffer;
use arrow_json::writer::{NullableEncoder, make_encoder};
use arrow_json::{Encoder, EncoderOptions};
use arrow_schema::{ArrowError, DataType, FieldRef};

/// The encoder of a map.
pub(super) fn encoder<'a>(
    array: &'a dyn Array,
    options: &'a EncoderOptions,
) -> Result<NullableEncoder<'a>, ArrowError> {
    let DataType::Map(entries, _) = array.data_type() else {
        return Err(ArrowError::SchemaError(format!("{} is no map", array.data_type())));
    };
    let [key, value] = fields_of(entries)?;
    let map = array.as_map();
    let encoder = MapEncoder {
        offsets: map.offsets().clone(),
        named: has_name(key.data_type()),
        keys: make_encoder(key, map.keys(), options)?,
        values: make_encoder(value, map.values(), options)?,
    };
    Ok(NullableEncoder::new(Box::new(encoder), map.nulls().cloned()))
}

/// Whether values of this type can name the members of an object.
fn has_name(key: &DataType) -> bool {
    let text = matches!(key, DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_));
    text || key.is_integer() || key.is_temporal() || key.is_decimal()
}

pub(super) fn fields_of(entries: &FieldRef) -> Result<&[FieldRef; 2], ArrowError> {
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
