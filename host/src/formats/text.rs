//! Records of text: lines, or CSV records, which span lines where a quoted value does. Read many at a time.
//!
//! Records are decoded many at once; only when that fails is each tried alone, to name the one at fault.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;

use super::growing::PATIENCE;
use super::{FormatError, Place, ReadOptions, Rows, Unit};

/// The longest record that is read, in bytes.
const RECORD_LIMIT: usize = 64 << 20;
/// A batch is closed at this many bytes of text.
const BATCH_BYTES: usize = 16 << 20;
/// A text's first bytes where its writer marked it as UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How records of text become rows.
pub(super) trait Syntax: Send {
    /// Whether values may be quoted with `"`, and then hold ends of lines.
    const QUOTED: bool;

    /// Whether a record says nothing and is skipped.
    fn is_blank(record: &[u8]) -> bool;

    /// Decodes so many records; `None` if that fails or does not give one row a record.
    fn decode(&self, text: &[u8], records: usize) -> Option<RecordBatch>;

    /// What is wrong with one record; `None` if nothing is.
    fn problem(&self, record: &[u8]) -> Option<String>;
}

/// Where text comes from, record by record.
pub(super) struct Source {
    bytes: Box<dyn BufRead + Send>,
    pub(super) name: Arc<str>,
    /// Lines read so far.
    pub(super) line: u64,
    /// The begin of a record whose rest has not come yet.
    rest: Vec<u8>,
}

/// What came of reading one record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// It is whole; its number of lines.
    Record(u64),
    /// Nothing more for now; a part of it may be there.
    NotNow,
    /// Nothing more ever.
    End,
}

impl Source {
    pub(super) fn new(bytes: Box<dyn Read + Send>, name: Arc<str>) -> Self {
        Self { bytes: Box::new(BufReader::with_capacity(1 << 20, bytes)), name, line: 0, rest: Vec::new() }
    }

    /// Reads one record behind what `text` holds.
    pub(super) fn record(&mut self, quoted: bool, text: &mut Vec<u8>) -> Result<Got, FormatError> {
        let start = text.len();
        text.append(&mut self.rest);
        let mut quotes = Quotes::default();
        let mut scanned = start;
        loop {
            let room = RECORD_LIMIT.saturating_sub(text.len() - start) as u64;
            let read = match self.bytes.by_ref().take(room).read_until(b'\n', text) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.rest = text.split_off(start);
                    return Ok(Got::NotNow);
                }
                Err(cause) => return Err(FormatError::Io { name: self.name.to_string(), cause }),
                Ok(_) if text.len() == start => return Ok(Got::End),
                Ok(_) if text.len() - start >= RECORD_LIMIT => {
                    return Err(self.malformed(self.line + 1, format!("the line is longer than {RECORD_LIMIT} bytes")));
                }
                Ok(read) => read,
            };
            let ended = read == 0 || text.last() != Some(&b'\n');
            let open = quoted && quotes.open_behind(&text[scanned..]);
            if open && ended {
                return Err(self.malformed(self.line + 1, "a quoted value does not end".into()));
            }
            scanned = text.len();
            if !open {
                break;
            }
        }
        if self.line == 0 && text[start..].starts_with(BYTE_ORDER_MARK) {
            text.drain(start..start + BYTE_ORDER_MARK.len());
        }
        let newlines = if quoted { text[start..].iter().filter(|byte| **byte == b'\n').count() as u64 } else { 1 };
        let lines = newlines.max(1);
        self.line += lines;
        Ok(Got::Record(lines))
    }

    /// An error at a line.
    pub(super) fn malformed(&self, line: u64, problem: String) -> FormatError {
        FormatError::Malformed { place: format!("{}, line {line}", self.name), problem }
    }
}

/// Whether a CSV value is open, by the rules that the decoder has: a quote opens at the begin of a value only.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    #[default]
    Begin,
    Plain,
    Open,
    /// Behind a quote in a quoted value: its end, or the first of two that stand for one.
    Behind,
}

impl Quotes {
    /// Goes over a line; whether a value is open behind it.
    fn open_behind(&mut self, line: &[u8]) -> bool {
        if *self != Self::Open && !line.contains(&b'"') {
            *self = Self::Begin;
            return false;
        }
        for byte in line {
            *self = match (*self, byte) {
                (Self::Open, b'"') => Self::Behind,
                (Self::Open, _) | (Self::Begin | Self::Behind, b'"') => Self::Open,
                (_, b',' | b'\n' | b'\r') => Self::Begin,
                _ => Self::Plain,
            };
        }
        *self == Self::Open
    }
}

/// Text as batches of rows.
pub(super) struct Text<S> {
    source: Source,
    syntax: S,
    options: ReadOptions,
    ended: bool,
}

/// Some records: their text, and for each that is not blank its first line and its end.
#[derive(Default)]
struct Chunk {
    text: Vec<u8>,
    records: Vec<(u64, usize)>,
}

impl<S: Syntax> Iterator for Text<S> {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let rows = match self.chunk() {
            Ok(chunk) if chunk.records.is_empty() => return None,
            Ok(chunk) => self.decode(chunk),
            Err(error) => Err(error),
        };
        self.ended |= rows.is_err();
        Some(rows)
    }
}

impl<S: Syntax> Text<S> {
    pub(super) fn new(source: Source, syntax: S, options: ReadOptions) -> Self {
        Self { source, syntax, options, ended: false }
    }

    /// Reads records that are not blank, until there are enough or no more for now.
    fn chunk(&mut self) -> Result<Chunk, FormatError> {
        let mut chunk = Chunk::default();
        let mut first = None;
        while chunk.records.len() < self.options.batch_rows && chunk.text.len() < BATCH_BYTES {
            let start = chunk.text.len();
            let line = self.source.line + 1;
            match self.source.record(S::QUOTED, &mut chunk.text)? {
                Got::Record(_) if S::is_blank(&chunk.text[start..]) => chunk.text.truncate(start),
                Got::Record(_) => chunk.records.push((line, chunk.text.len())),
                Got::NotNow if chunk.records.is_empty() => std::thread::sleep(PATIENCE),
                Got::NotNow => break,
                Got::End => {
                    self.ended = true;
                    break;
                }
            }
            // Rows that trickle in without a pause must not wait for a whole batch either.
            if self.options.follow && first.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                if !chunk.records.is_empty() {
                    break;
                }
                first = None;
            }
        }
        Ok(chunk)
    }

    fn decode(&self, chunk: Chunk) -> Result<Rows, FormatError> {
        let batch = match self.syntax.decode(&chunk.text, chunk.records.len()) {
            Some(batch) => batch,
            None => return Err(self.fault(&chunk)),
        };
        let numbers = chunk.records.iter().map(|(line, _)| *line).collect();
        Ok(Rows { batch, place: Place::numbered(self.source.name.clone(), Unit::Line, numbers) })
    }

    /// Finds the record at fault by trying each alone.
    fn fault(&self, chunk: &Chunk) -> FormatError {
        let mut start = 0;
        for (line, end) in &chunk.records {
            let record = &chunk.text[start..*end];
            start = *end;
            if let Some(problem) = self.syntax.problem(record) {
                return self.source.malformed(*line, problem);
            }
        }
        let first = chunk.records.first().map_or(1, |(line, _)| *line);
        self.source.malformed(first, "these lines cannot be read together".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_no_quote_is_open() {
        let cases: &[(&str, &[u64])] = &[
            ("a,b\nc\n", &[1, 1]),
            ("\"a\nb\",c\nd", &[2, 1]),
            ("a\"b\nc\n", &[1, 1]),
            ("\"a\"\"\n\",b\n\"\"\n", &[2, 1]),
            ("\"a\",\"b\r\n\"\r\nc", &[2, 1]),
        ];
        for (text, expected) in cases {
            let mut source = Source::new(Box::new(std::io::Cursor::new(*text)), "a.csv".into());
            let mut found = Vec::new();
            while let Got::Record(lines) = source.record(true, &mut Vec::new()).expect(text) {
                found.push(lines);
            }
            assert_eq!(found, *expected, "{text:?}");
        }
        let mut open = Source::new(Box::new(&b"1,2\n3,\"a\n"[..]), "a.csv".into());
        assert_eq!(open.record(true, &mut Vec::new()).expect("whole"), Got::Record(1));
        let error = open.record(true, &mut Vec::new()).expect_err("it is open").to_string();
        assert_eq!(error, "a.csv, line 2: a quoted value does not end");
    }
}
