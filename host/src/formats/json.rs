//! JSON lines in: one object a line, read as the table's columns.
//!
//! Lines are decoded many at a time; only when that fails is each line tried alone, to name the one at fault.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use arrow_schema::{ArrowError, SchemaRef};

use super::{FormatError, Input, Place, Rows, RowsIn, Unit};

/// The longest line that is read, in bytes.
const LINE_LIMIT: u64 = 64 << 20;
/// A batch is closed at this many bytes of text.
const BATCH_BYTES: usize = 16 << 20;

/// Reads JSON lines as batches of at most `batch_rows` rows of the table.
pub(super) fn read(input: &Input, table: SchemaRef, batch_rows: usize) -> Result<RowsIn, FormatError> {
    let lines = Lines {
        source: Box::new(BufReader::with_capacity(1 << 20, input.open()?)),
        name: input.name(),
        table,
        batch_rows,
        line: 0,
        ended: false,
    };
    Ok(Box::new(lines))
}

struct Lines {
    source: Box<dyn BufRead + Send>,
    name: Arc<str>,
    table: SchemaRef,
    batch_rows: usize,
    /// Lines read so far.
    line: u64,
    ended: bool,
}

/// Some lines of text: all of it, and for each line that is not blank its number and its end.
#[derive(Default)]
struct Chunk {
    text: Vec<u8>,
    lines: Vec<(u64, usize)>,
}

impl Iterator for Lines {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.chunk() {
            Ok(chunk) if chunk.lines.is_empty() => None,
            Ok(chunk) => {
                let rows = self.decode(chunk);
                self.ended |= rows.is_err();
                Some(rows)
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

impl Lines {
    /// Reads up to `batch_rows` lines that are not blank.
    fn chunk(&mut self) -> Result<Chunk, FormatError> {
        let mut chunk = Chunk::default();
        while chunk.lines.len() < self.batch_rows && chunk.text.len() < BATCH_BYTES {
            let start = chunk.text.len();
            let read = std::io::Read::take(&mut self.source, LINE_LIMIT)
                .read_until(b'\n', &mut chunk.text)
                .map_err(|source| FormatError::Io { name: self.name.to_string(), source })?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.line += 1;
            if read as u64 == LINE_LIMIT {
                let problem = format!("the line is longer than {LINE_LIMIT} bytes");
                return Err(self.malformed(self.line, problem));
            }
            if chunk.text[start..].trim_ascii().is_empty() {
                chunk.text.truncate(start);
            } else {
                chunk.lines.push((self.line, chunk.text.len()));
            }
        }
        Ok(chunk)
    }

    fn decode(&self, chunk: Chunk) -> Result<Rows, FormatError> {
        let batch = match self.all_at_once(&chunk) {
            Some(batch) => batch,
            None => return Err(self.fault(&chunk)),
        };
        let numbers = chunk.lines.iter().map(|(line, _)| *line).collect();
        Ok(Rows { batch, place: Place::numbered(self.name.clone(), Unit::Line, numbers) })
    }

    /// Decodes all lines; `None` if that fails or does not give one row a line.
    fn all_at_once(&self, chunk: &Chunk) -> Option<RecordBatch> {
        let mut decoder = self.decoder(chunk.lines.len()).ok()?;
        let read = decoder.decode(&chunk.text).ok()?;
        let whole = read == chunk.text.len() && !decoder.has_partial_record() && decoder.len() == chunk.lines.len();
        if !whole {
            return None;
        }
        decoder.flush().ok()?.filter(|batch| batch.num_rows() == chunk.lines.len())
    }

    /// Finds the line at fault by trying each alone.
    fn fault(&self, chunk: &Chunk) -> FormatError {
        let mut start = 0;
        for (line, end) in &chunk.lines {
            let text = &chunk.text[start..*end];
            start = *end;
            if let Err(problem) = self.one_line(text) {
                return self.malformed(*line, problem);
            }
        }
        let first = chunk.lines.first().map_or(1, |(line, _)| *line);
        self.malformed(first, "these lines cannot be read together".into())
    }

    fn one_line(&self, text: &[u8]) -> Result<(), String> {
        let mut decoder = self.decoder(2).map_err(|e| plain(&e))?;
        decoder.decode(text).map_err(|e| plain(&e))?;
        if decoder.has_partial_record() {
            return Err("the JSON object does not end on its line".into());
        }
        match decoder.len() {
            1 => decoder.flush().map(drop).map_err(|e| plain(&e)),
            _ => Err("a line must hold one JSON object".into()),
        }
    }

    fn decoder(&self, rows: usize) -> Result<Decoder, ArrowError> {
        ReaderBuilder::new(self.table.clone()).with_batch_size(rows.max(1) + 1).with_strict_mode(true).build_decoder()
    }

    fn malformed(&self, line: u64, problem: String) -> FormatError {
        FormatError::Malformed { place: format!("{}, line {line}", self.name), problem }
    }
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

    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    fn rows(text: &str, batch_rows: usize) -> Vec<Result<Rows, FormatError>> {
        let mut file = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        let schema =
            Schema::new(vec![Field::new("id", DataType::Int32, false), Field::new("name", DataType::Utf8, true)]);
        read(&Input::File(file.path().into()), schema.into(), batch_rows).expect("opens").collect()
    }

    #[test]
    fn lines_become_batches() {
        let read = rows("{\"id\":1}\n\n{\"id\":2,\"name\":\"b\"}\n{\"id\":3}", 2);
        let sizes: Vec<_> = read.iter().map(|r| r.as_ref().expect("read").batch.num_rows()).collect();
        assert_eq!(sizes, [2, 1]);
        assert!(read[0].as_ref().expect("read").place.of(1).ends_with("line 3"));
    }

    #[test]
    fn the_line_at_fault_is_named() {
        let cases = [
            ("{\"id\":1}\n{\"id\":\n{\"id\":3}\n", "line 2", "does not end on its line"),
            ("{\"id\":1}\n{\"id\":\"x\"}\n", "line 2", "x"),
            ("{\"id\":1}\n{\"name\":\"a\"}\n", "line 2", "id"),
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
