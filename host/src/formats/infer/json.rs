//! The columns that the objects of a JSON file suggest.

use std::io::BufReader;

use super::super::json::plain;
use super::super::{FormatError, Input};
use super::{InferOptions, Inferred};

pub(super) fn infer(input: &Input, options: &InferOptions) -> Result<Inferred, FormatError> {
    arrow_json::reader::infer_json_schema(BufReader::new(input.open_file()?), options.sample)
        .map(|(schema, _)| schema.into())
        .map_err(|e| FormatError::Malformed { place: input.name().to_string(), problem: plain(&e) })
}
