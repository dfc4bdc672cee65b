//! JSON out: a line an object, in the forms that JSON in reads. What is not finite is written as `"NaN"`, `"Infinity"`
//! and `"-Infinity"`.

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch};
use arrow_json::writer::{LineDelimited, NullableEncoder};
use arrow_json::{Encoder, EncoderFactory, EncoderOptions, WriterBuilder};
use arrow_schema::{ArrowError, DataType, FieldRef};
use serde::Serialize;

use super::map;

/// Rows as JSON, a text each, as the JSON format has them.
///
/// # Errors
/// Of a column that has no form in JSON.
pub fn json_lines(batch: &RecordBatch) -> Result<Vec<String>, ArrowError> {
    let mut writer = json_writer(Vec::new());
    arrow_json::Writer::write(&mut writer, batch)?;
    arrow_json::Writer::finish(&mut writer)?;
    let text = String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::JsonError(error.to_string()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// A writer of rows as JSON.
pub(crate) fn json_writer<W: Write>(out: W) -> arrow_json::Writer<W, LineDelimited> {
    WriterBuilder::new().with_explicit_nulls(true).with_encoder_factory(Arc::new(Encoders)).build(out)
}

/// Writes maps and floats in forms of our own.
#[derive(Debug)]
struct Encoders;

impl EncoderFactory for Encoders {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Map(..) => return map::encoder(array, options).map(Some),
            DataType::Float32 => Box::new(Floats(array.as_primitive::<Float32Type>())),
            DataType::Float64 => Box::new(Floats(array.as_primitive::<Float64Type>())),
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

/// Writes floats in as few digits as give them back, also those that are not finite.
struct Floats<'a, T: ArrowPrimitiveType>(&'a PrimitiveArray<T>);

impl<T: ArrowPrimitiveType<Native: Into<f64> + Serialize>> Encoder for Floats<'_, T> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let value = self.0.value(row);
        match value.into() {
            f64::INFINITY => out.extend_from_slice(b"\"Infinity\""),
            f64::NEG_INFINITY => out.extend_from_slice(b"\"-Infinity\""),
            wide if wide.is_nan() => out.extend_from_slice(b"\"NaN\""),
            // Writing to memory cannot fail.
            _ => serde_json::to_writer(out, &value).unwrap_or_default(),
        }
    }
}
