//! The names of a file's columns: as its first record gives them, or by their place.

use std::collections::HashSet;

use arrow_schema::{Schema, SchemaRef};

use super::records::{Records, Stream, delimiter_within, say_delimiter};
use crate::formats::FormatError;
use crate::formats::error::arrow_reason;
use crate::formats::scalar::{quoted, sql_name};

/// How many of a table's columns an error names.
const KNOWN: usize = 12;

/// The names in a header. A column without one is called by its place, as `column_3`.
pub(in crate::formats) fn names(stream: &Stream, header: &Records) -> Result<Vec<String>, FormatError> {
    let malformed = |problem| Err(stream.malformed(header.line(0), problem));
    let names: Vec<String> = (0..header.width()).map(|at| name(header.cell(0, at).0, at)).collect();
    let mut seen = HashSet::with_capacity(names.len());
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => malformed(format!("column {} stands there twice", quoted(twice))),
        None => Ok(names),
    }
}

/// The name of the column at a place, counted from 0.
pub(in crate::formats) fn name(text: &str, at: usize) -> String {
    if text.trim().is_empty() { format!("column_{}", at + 1) } else { text.to_owned() }
}

/// The table's columns that a header names; spaces around a name do not count unless the table's have them.
pub(in crate::formats) fn columns(
    stream: &Stream,
    header: &Records,
    table: &SchemaRef,
) -> Result<SchemaRef, FormatError> {
    let malformed = |problem| stream.malformed(header.line(0), problem);
    let mut positions = Vec::with_capacity(header.width());
    let mut seen = HashSet::with_capacity(header.width());
    for name in names(stream, header)? {
        let known = table.index_of(&name).or_else(|_| table.index_of(name.trim()));
        let position = known.map_err(|_| malformed(unknown(&name, header, table)))?;
        if !seen.insert(position) {
            return Err(malformed(format!("column {} stands there twice", quoted(name.trim()))));
        }
        positions.push(position);
    }
    let schema = table.project(&positions).map_err(|error| malformed(arrow_reason(&error)))?;
    flat(stream, schema.into())
}

/// Columns, if none is nested.
pub(super) fn flat(stream: &Stream, schema: SchemaRef) -> Result<SchemaRef, FormatError> {
    match nested(&schema) {
        Some(problem) => Err(stream.malformed(1, problem)),
        None => Ok(schema),
    }
}

/// Why columns cannot stand in CSV; `None` if they can.
pub(super) fn nested(schema: &Schema) -> Option<String> {
    let nested = schema.fields().iter().find(|field| field.data_type().is_nested())?;
    let (name, kind) = (quoted(nested.name()), sql_name(nested.data_type()));
    Some(format!("column {name} is {kind}, which CSV cannot hold; use JSON"))
}

fn unknown(name: &str, header: &Records, table: &Schema) -> String {
    let mut known: Vec<_> = table.fields().iter().take(KNOWN).map(|field| field.name().as_str()).collect();
    let more = format!("and {} more", table.fields().len() - known.len());
    if table.fields().len() > KNOWN {
        known.push(&more);
    }
    let problem = format!("the table has no column {}; it has {}", quoted(name), known.join(", "));
    match delimiter_within(header) {
        Some(delimiter) => format!("{problem}; {}", say_delimiter(delimiter)),
        None => problem,
    }
}
