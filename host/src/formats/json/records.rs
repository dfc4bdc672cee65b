//! The rows of a JSON text: objects one after another, of one line each or of many, or the elements of one array.
//!
//! A line that is one object is read at once. Where objects are written otherwise, serde_json finds the end of each
//! before it is read; so text is never taken before the whole object has come.

use serde::de::IgnoredAny;

use super::source::{More, Source};
use crate::formats::FormatError;

/// The longest object that is read, in bytes.
const LIMIT: usize = 64 << 20;

/// What takes the objects of a JSON text.
pub(crate) trait Rows {
    /// Takes one object, which begins in a line. Of a text that is not one object, nothing is taken.
    fn take(&mut self, object: &str, line: u64) -> Result<(), Problem>;
}

/// What is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// So many lines below its first.
    pub(crate) line: u64,
    pub(crate) text: String,
}

impl Problem {
    /// One of the object as a whole.
    pub(crate) fn new(text: String) -> Self {
        Self { line: 0, text }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let cause = text.rsplit_once(" at line ").map_or(text.as_str(), |(cause, _)| cause);
        // An error at the end of a line is counted to the next one.
        let (line, place) = match error.column() {
            0 => (error.line().saturating_sub(2), "the end of the line".to_owned()),
            column => (error.line().saturating_sub(1), format!("column {column}")),
        };
        Self { line: line as u64, text: format!("this is no JSON: {cause}, at {place}") }
    }
}

/// What came of reading one object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// It was taken: the line where it begins, and its bytes.
    Object { line: u64, bytes: usize },
    /// Nothing more for now; a part of an object may be there.
    NotNow,
    /// Nothing more ever.
    End,
}

/// The objects of a JSON text.
pub(crate) struct Records {
    source: Source,
    expected: Expected,
    /// Whether every object so far had its line for itself.
    lines: bool,
    /// So many bytes are known to be no whole object.
    partial: usize,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// An object or an array.
    Anything,
    /// An object.
    Object,
    /// The first element of the array that begins in a line, or its end.
    First(u64),
    /// Another element.
    Element(u64),
    /// A comma or the end of the array.
    Comma(u64),
    /// Nothing.
    Nothing,
}

impl Records {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, expected: Expected::Anything, lines: true, partial: 0 }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Hands the next object on.
    pub(crate) fn next(&mut self, rows: &mut impl Rows) -> Result<Got, FormatError> {
        loop {
            let Some(found) = self.peek() else {
                match self.source.more()? {
                    More::Some => continue,
                    More::NotNow => return Ok(Got::NotNow),
                    More::End => return self.end(),
                }
            };
            let line = self.source.line();
            self.expected = match (self.expected, found) {
                (Expected::Anything | Expected::Object, '{') => return self.object(rows, Expected::Object),
                (Expected::First(begin) | Expected::Element(begin), '{') => {
                    return self.object(rows, Expected::Comma(begin));
                }
                (Expected::Anything, '[') => Expected::First(line),
                (Expected::Comma(begin), ',') => Expected::Element(begin),
                (Expected::First(_) | Expected::Comma(_), ']') => Expected::Nothing,
                (expected, found) => return Err(self.source.malformed(line, unexpected(expected, found))),
            };
            self.source.take(1);
        }
    }

    /// Takes blanks; the character behind them.
    fn peek(&mut self) -> Option<char> {
        let text = self.source.text();
        let rest = text.trim_start_matches([' ', '\t', '\n', '\r']);
        let (found, blanks) = (rest.chars().next(), text.len() - rest.len());
        self.source.take(blanks);
        found
    }

    fn end(&self) -> Result<Got, FormatError> {
        match self.expected {
            Expected::Anything | Expected::Object | Expected::Nothing => Ok(Got::End),
            Expected::First(line) | Expected::Element(line) | Expected::Comma(line) => {
                Err(self.source.malformed(line, "the array that begins here does not end".into()))
            }
        }
    }

    /// Hands on the object that the text begins with.
    fn object(&mut self, rows: &mut impl Rows, then: Expected) -> Result<Got, FormatError> {
        let line = self.source.line();
        let bytes = match self.one_line(rows) {
            Some(bytes) => bytes,
            None => {
                let Some(bytes) = self.find_end()? else { return Ok(Got::NotNow) };
                let object = self.source.text().get(..bytes).unwrap_or_default();
                rows.take(object, line).map_err(|problem| self.source.malformed(line + problem.line, problem.text))?;
                bytes
            }
        };
        self.source.take(bytes);
        (self.expected, self.partial) = (then, 0);
        Ok(Got::Object { line, bytes })
    }

    /// Hands the object on if it stands alone on its line; its bytes.
    fn one_line(&mut self, rows: &mut impl Rows) -> Option<usize> {
        if !self.lines {
            return None;
        }
        let text = self.source.text();
        let line = text.get(..text.find('\n')?)?.trim_ascii_end();
        let object = line.strip_suffix(',').map_or(line, str::trim_ascii_end);
        if !object.ends_with('}') {
            return None;
        }
        self.lines = rows.take(object, self.source.line()).is_ok();
        self.lines.then_some(object.len())
    }

    /// The bytes of the object, once it is whole.
    fn find_end(&mut self) -> Result<Option<usize>, FormatError> {
        let mut ended = false;
        loop {
            // Asked for only when there is twice as much, so that a long object is not gone over again and again.
            let text = self.source.text();
            let mut came = More::Some;
            if !ended && text.len() < self.partial.saturating_mul(2) {
                came = self.source.more()?;
                if came == More::Some {
                    continue;
                }
                ended = true;
            }
            let text = self.source.text();
            if came == More::NotNow && text.len() <= self.partial {
                return Ok(None);
            }
            let line = self.source.line();
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
            match values.next() {
                Some(Ok(_)) => {
                    let bytes = values.byte_offset();
                    // Where more stands on its line, to look for the end of the line is in vain.
                    let rest = text.get(bytes..).unwrap_or_default().trim_start_matches([' ', '\t', '\r', ',']);
                    self.lines &= rest.is_empty() || rest.starts_with('\n');
                    return Ok(Some(bytes));
                }
                Some(Err(error)) if !error.is_eof() && (came == More::End || !is_at_end(text, &error)) => {
                    let problem = Problem::from(error);
                    return Err(self.source.malformed(line + problem.line, problem.text));
                }
                _ if text.len() > LIMIT => {
                    return Err(self.source.malformed(line, format!("this object is longer than {} MiB", LIMIT >> 20)));
                }
                _ if came == More::End => {
                    return Err(self.source.malformed(line, "the object that begins here does not end".into()));
                }
                _ if came == More::NotNow => {
                    self.partial = text.len();
                    return Ok(None);
                }
                _ => self.partial = text.len().max(1),
            }
        }
    }
}

/// Whether an error stands at the end of a text, as that of a number which is cut off.
fn is_at_end(text: &str, error: &serde_json::Error) -> bool {
    let last = text.rfind('\n').map_or(0, |newline| newline + 1);
    error.column() >= text.len() - last && error.line() > text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Why something may not stand there.
fn unexpected(expected: Expected, found: char) -> String {
    match expected {
        Expected::Object if found == ',' => {
            "objects one after another have no comma between them; those of an array stand in [ ]".into()
        }
        Expected::Anything | Expected::Object => {
            format!("a row is an object, which begins with {{, not with {found:?}")
        }
        Expected::First(_) | Expected::Element(_) => {
            format!("an element of the array must be an object, and begins with {found:?}")
        }
        Expected::Comma(_) => format!("between the elements of the array a comma must stand, not {found:?}"),
        Expected::Nothing => format!("behind the end of the array nothing may stand, and {found:?} does"),
    }
}
