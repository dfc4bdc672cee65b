//! JSON lines in: one object a line, read as the table's columns.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_json::ReaderBuilder;
use arrow_json::reader::{ArrayDecoder, Decoder, DecoderContext, DecoderFactory, Tape, TapeElement};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef};

use super::json_map::MapDecoder;
use super::text::{Source, Syntax, Text};
use super::{FormatError, Input, ReadOptions, RowsIn};

/// Reads JSON lines as batches of rows of the table.
pub(super) fn read(input: &Input, table: SchemaRef, options: ReadOptions) -> Result<RowsIn, FormatError> {
    let source = Source::new(input.open(&options)?, input.name());
    Ok(Box::new(Text::new(source, Lines { table }, options)))
}

/// Reads a text of JSON lines as batches of rows of the table; `name` is what errors call it.
pub(crate) fn json_rows(text: Vec<u8>, name: Arc<str>, table: SchemaRef) -> RowsIn {
    let source = Source::new(Box::new(Cursor::new(text)), name);
    Box::new(Text::new(source, Lines { table }, ReadOptions { batch_rows: 8192, ..ReadOptions::default() }))
}

struct Lines {
    table: SchemaRef,
}

impl Syntax for Lines {
    const QUOTED: bool = false;

    fn is_blank(record: &[u8]) -> bool {
        record.trim_ascii().is_empty()
    }

    fn decode(&self, text: &[u8], records: usize) -> Option<RecordBatch> {
        let mut decoder = decoder(&self.table, records).ok()?;
        let read = decoder.decode(text).ok()?;
        let whole = read == text.len() && !decoder.has_partial_record() && decoder.len() == records;
        if !whole {
            return None;
        }
        decoder.flush().ok()?.filter(|batch| batch.num_rows() == records)
    }

    fn problem(&self, record: &[u8]) -> Option<String> {
        let problem = one_line(&self.table, record).err()?;
        // A null where none may be is said in Arrow's words; without that rule the row shows which.
        let lenient = self.table.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let lenient = one_line(&Arc::new(Schema::new(lenient.collect::<Vec<_>>())), record).ok().flatten();
        let fields = self.table.fields().iter();
        let missing = lenient.and_then(|row| {
            fields.zip(row.columns()).find(|(field, column)| !field.is_nullable() && column.is_null(0)).map(|at| at.0)
        });
        Some(missing.map_or(problem, |field| format!("column {:?} is NOT NULL, and null or missing", field.name())))
    }
}

/// The row of one line.
fn one_line(table: &SchemaRef, text: &[u8]) -> Result<Option<RecordBatch>, String> {
    let mut decoder = decoder(table, 2).map_err(|e| plain(&e))?;
    decoder.decode(text).map_err(|e| plain(&e))?;
    if decoder.has_partial_record() {
        return Err("the JSON object does not end on its line".into());
    }
    match decoder.len() {
        1 => decoder.flush().map_err(|e| plain(&e)),
        _ => Err("a line must hold one JSON object".into()),
    }
}

fn decoder(table: &SchemaRef, rows: usize) -> Result<Decoder, ArrowError> {
    ReaderBuilder::new(Arc::clone(table))
        .with_batch_size(rows.max(1) + 1)
        .with_strict_mode(true)
        .with_decoder_factory(Arc::new(Decoders))
        .build_decoder()
}

/// Refuses numbers with a fraction where only whole ones fit (Arrow's own decoder would cut the fraction off), and reads
/// maps of any keys.
#[derive(Debug)]
struct Decoders;

impl DecoderFactory for Decoders {
    fn make_default_decoder(
        &self,
        context: &DecoderContext,
        field: &FieldRef,
        is_nullable: bool,
    ) -> Result<Option<Box<dyn ArrayDecoder>>, ArrowError> {
        if let DataType::Map(entries, _) = field.data_type() {
            return Ok(Some(Box::new(MapDecoder::new(context, field.name(), entries)?)));
        }
        if !field.data_type().is_integer() && !field.data_type().is_temporal() {
            return Ok(None);
        }
        let arrow = context.make_builtin_decoder(field, is_nullable)?;
        Ok(Some(Box::new(Whole { arrow, name: field.name().clone() })))
    }
}

struct Whole {
    arrow: Box<dyn ArrayDecoder>,
    name: String,
}

impl ArrayDecoder for Whole {
    fn decode(&mut self, tape: &Tape<'_>, positions: &[u32]) -> Result<ArrayRef, ArrowError> {
        for position in positions {
            if let TapeElement::Number(text) = tape.get(*position)
                && !is_whole(tape.get_string(text))
            {
                let text = tape.get_string(text);
                return Err(ArrowError::JsonError(format!("column {:?}: {text} is no whole number", self.name)));
            }
        }
        self.arrow.decode(tape, positions)
    }
}

/// Whether a JSON number has no fraction; with an exponent or a point it must also be exact as a double.
fn is_whole(text: &str) -> bool {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
        || text.parse::<f64>().is_ok_and(|number| number.fract() == 0.0 && number.abs() <= EXACT)
}

/// Arrow's message without the name of its variant.
pub(super) fn plain(error: &ArrowError) -> String {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((kind, rest)) if kind.to_lowercase().ends_with("error") => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow_schema::Field;

    use super::super::Rows;
    use super::*;

    fn rows(text: &str, batch_rows: usize) -> Vec<Result<Rows, FormatError>> {
        let mut file = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        let schema =
            Schema::new(vec![Field::new("id", DataType::Int32, false), Field::new("name", DataType::Utf8, true)]);
        read(&Input::File(file.path().into()), schema.into(), ReadOptions { batch_rows, ..ReadOptions::default() })
            .expect("opens")
            .collect()
    }

    #[test]
    fn lines_become_batches() {
        let read = rows("\u{feff}{\"id\":1}\r\n\n{\"id\":2,\"name\":\"b\"}\n{\"id\":3}", 2);
        let sizes: Vec<_> = read.iter().map(|r| r.as_ref().expect("read").batch.num_rows()).collect();
        assert_eq!(sizes, [2, 1]);
        assert!(read[0].as_ref().expect("read").place.of(1).ends_with("line 3"));
    }

    #[test]
    fn the_line_at_fault_is_named() {
        let cases = [
            ("{\"id\":1}\n{\"id\":\n{\"id\":3}\n", "line 2", "does not end on its line"),
            ("{\"id\":1}\n{\"id\":\"x\"}\n", "line 2", "x"),
            ("{\"id\":1}\n{\"name\":\"a\"}\n", "line 2", "column \"id\" is NOT NULL, and null or missing"),
            ("{\"id\":1}\n\n{\"id\":2,\"nam\":1}\n", "line 3", "nam"),
            ("{\"id\":1}{\"id\":2}\n", "line 1", "one JSON object"),
            ("[1]\n", "line 1", ""),
        ];
        for (text, line, problem) in cases {
            let read = rows(text, 100);
            let error = read.last().expect("something").as_ref().expect_err(text).to_string();
            assert!(error.contains(line) && error.contains(problem), "{text:?}: {error}");
        }
    }
}
