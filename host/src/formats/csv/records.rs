//! Records of a stream of CSV, many at a time: as text that is UTF-8, with the cells of each and its line.

use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::Instant;

use super::split::{Cell, Quoting, Split, Splitter, line_ends};
use crate::formats::stream::PATIENCE;
use crate::formats::{FormatError, Place, Unit};

/// The longest record that is read, in bytes.
const RECORD_LIMIT: usize = 64 << 20;
/// A chunk is closed at this many bytes of text, or cells.
const CHUNK_BYTES: usize = 16 << 20;
const CHUNK_CELLS: usize = 4 << 20;
/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;
/// A text's first bytes where its writer marked it as UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The most columns that a file may have.
const COLUMNS: usize = 1 << 16;

/// Some records.
#[derive(Debug, Default)]
pub(in crate::formats) struct Records {
    text: String,
    /// Cells with doubled quotes, with these made one.
    unescaped: String,
    /// The cells of one record behind those of the other.
    cells: Vec<Cell>,
    /// The first line of each record.
    lines: Vec<u64>,
    /// How many cells a record has.
    width: usize,
}

/// Where a chunk of records ends.
#[derive(Debug, Clone, Copy)]
pub(in crate::formats) struct Limits {
    /// So many records at most.
    pub(in crate::formats) records: usize,
    /// Whether records are wanted soon after they come.
    pub(in crate::formats) follow: bool,
}

impl Records {
    pub(in crate::formats) fn len(&self) -> usize {
        self.lines.len()
    }

    /// How many cells a record has.
    pub(in crate::formats) fn width(&self) -> usize {
        self.width
    }

    /// A cell, and whether it was quoted.
    pub(in crate::formats) fn cell(&self, record: usize, column: usize) -> (&str, bool) {
        let Some(Cell { start, end, quoting }) = self.cells.get(record * self.width + column) else {
            return ("", false);
        };
        let text = if *quoting == Quoting::Escaped { &self.unescaped } else { &self.text };
        (text.get(*start as usize..*end as usize).unwrap_or_default(), *quoting != Quoting::Plain)
    }

    /// The line that a record begins in.
    pub(in crate::formats) fn line(&self, record: usize) -> u64 {
        self.lines.get(record).copied().unwrap_or(1)
    }

    /// Where the records stand.
    pub(in crate::formats) fn place(&self, name: Arc<str>) -> Place {
        Place::numbered(name, Unit::Line, self.lines.clone())
    }

    fn unescape(&mut self) {
        for cell in self.cells.iter_mut().filter(|cell| cell.quoting == Quoting::Escaped) {
            let raw = self.text.get(cell.start as usize..cell.end as usize).unwrap_or_default();
            let start = self.unescaped.len();
            let mut parts = raw.split("\"\"");
            self.unescaped.push_str(parts.next().unwrap_or_default());
            for part in parts {
                self.unescaped.push('"');
                self.unescaped.push_str(part);
            }
            // Neither is longer than the text that was split.
            (cell.start, cell.end) = (start as u32, self.unescaped.len() as u32);
        }
    }
}

/// A stream of CSV.
pub(in crate::formats) struct Stream {
    bytes: Box<dyn Read + Send>,
    pub(in crate::formats) name: Arc<str>,
    splitter: Splitter,
    /// What was read and not given yet.
    text: Vec<u8>,
    /// Lines that ended before it.
    line: u64,
    /// Whether a byte order mark was looked for.
    begun: bool,
    /// Whether nothing more will come.
    ended: bool,
    /// How many cells a record has; `None` for the first.
    width: Option<usize>,
    /// Whether a blank line is a record.
    blank: bool,
    /// What seems to separate the values of a first record that has only one.
    within: Option<&'static str>,
}

/// What came of reading bytes.
enum Filled {
    Some,
    /// Nothing for now.
    NotNow,
}

impl Stream {
    pub(in crate::formats) fn new(bytes: Box<dyn Read + Send>, name: Arc<str>, delimiter: u8) -> Self {
        Self {
            bytes,
            name,
            splitter: Splitter::new(delimiter),
            text: Vec::new(),
            line: 0,
            begun: false,
            ended: false,
            width: None,
            blank: false,
            within: None,
        }
    }

    /// Says how many cells each record has from now on, and whether a blank line is one.
    pub(in crate::formats) fn expect(&mut self, width: usize, blank: bool) {
        (self.width, self.blank) = (Some(width), blank);
    }

    /// The first record, if there is one: all others have as many cells.
    pub(in crate::formats) fn first(&mut self) -> Result<Option<Records>, FormatError> {
        let first = self.next(Limits { records: 1, follow: false })?;
        self.within = delimiter_within(&first);
        Ok(Some(first).filter(|first| first.len() > 0))
    }

    /// The next records; none if there are no more.
    pub(in crate::formats) fn next(&mut self, limits: Limits) -> Result<Records, FormatError> {
        let mut records = Records::default();
        let mut first = None;
        // What was left is looked at anew, so that the cells are those of this text.
        self.splitter.restart(0);
        loop {
            if !self.split(&mut records, limits)? {
                break;
            }
            match self.fill()? {
                Filled::Some => {}
                Filled::NotNow if records.len() > 0 => break,
                Filled::NotNow => std::thread::sleep(PATIENCE),
            }
            // Records that trickle in without a pause must not wait for a whole chunk either.
            if limits.follow && records.len() > 0 && first.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                break;
            }
        }
        self.close(records)
    }

    /// Splits what is there; whether more text is wanted.
    fn split(&mut self, records: &mut Records, limits: Limits) -> Result<bool, FormatError> {
        if !self.begun {
            if !self.ended && self.text.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.text) {
                return Ok(true);
            }
            self.begun = true;
            if self.text.starts_with(BYTE_ORDER_MARK) {
                self.text.drain(..BYTE_ORDER_MARK.len());
            }
        }
        let most = self.width.unwrap_or(COLUMNS);
        while records.len() < limits.records && self.splitter.begun() < CHUNK_BYTES && records.cells.len() < CHUNK_CELLS
        {
            let before = records.cells.len();
            let split = self.splitter.record(&self.text, self.ended, most, &mut records.cells);
            match split.map_err(|fault| self.malformed(self.line + 1, fault.to_string()))? {
                Split::Record { cells, lines } => {
                    let line = self.line + 1;
                    self.line += lines;
                    if !self.blank
                        && matches!(records.cells.get(before..), Some([only]) if is_blank(*only))
                        && cells == 1
                    {
                        records.cells.truncate(before);
                        continue;
                    }
                    if cells > COLUMNS {
                        let problem =
                            format!("it has {cells} values, and {COLUMNS} columns are the most that are read");
                        return Err(self.malformed(line, problem));
                    }
                    if cells != *self.width.get_or_insert(cells) {
                        return Err(self.malformed(line, self.ragged(cells)));
                    }
                    records.lines.push(line);
                }
                Split::More if self.text.len() - self.splitter.begun() >= RECORD_LIMIT => {
                    let problem = format!("the record is longer than {} MiB", RECORD_LIMIT >> 20);
                    return Err(self.malformed(self.line + 1, problem));
                }
                Split::More => return Ok(true),
                Split::End => return Ok(false),
            }
        }
        Ok(false)
    }

    fn fill(&mut self) -> Result<Filled, FormatError> {
        let length = self.text.len();
        self.text.resize(length + BLOCK, 0);
        let read = self.text.get_mut(length..).map_or(Ok(0), |block| self.bytes.read(block));
        self.text.truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Filled::NotNow),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(FormatError::Io { name: self.name.to_string(), cause }),
        }
        Ok(Filled::Some)
    }

    /// Makes the text that was split one of UTF-8, and keeps the rest.
    fn close(&mut self, mut records: Records) -> Result<Records, FormatError> {
        let rest = self.text.split_off(self.splitter.begun().min(self.text.len()));
        let text = std::mem::replace(&mut self.text, rest);
        // Cells of a record that is not whole are found anew with its rest.
        records.width = self.width.unwrap_or(0);
        records.cells.truncate(records.len() * records.width);
        match String::from_utf8(text) {
            Ok(text) => records.text = text,
            Err(error) => return Err(self.not_utf8(&records, error.as_bytes(), error.utf8_error().valid_up_to())),
        }
        records.unescape();
        Ok(records)
    }

    fn not_utf8(&self, records: &Records, text: &[u8], valid: usize) -> FormatError {
        let starts = records.cells.chunks(records.width.max(1)).filter_map(|record| record.first());
        let (record, start) = starts
            .map(|cell| cell.start as usize)
            .take_while(|start| *start <= valid)
            .enumerate()
            .last()
            .unwrap_or_default();
        let line = records.line(record) + line_ends(text.get(start..valid).unwrap_or_default());
        self.malformed(line, "it is not UTF-8".into())
    }

    /// What is wrong with a record of so many cells.
    fn ragged(&self, cells: usize) -> String {
        let width = self.width.unwrap_or(0);
        let values = if cells == 1 { "value" } else { "values" };
        let (are, columns) = if width == 1 { ("is", "column") } else { ("are", "columns") };
        let problem = format!("it has {cells} {values}, and there {are} {width} {columns}");
        self.within.map_or(problem.clone(), |char| format!("{problem}; {}", say_delimiter(char)))
    }

    /// An error at a line.
    pub(in crate::formats) fn malformed(&self, line: u64, problem: String) -> FormatError {
        FormatError::Malformed { place: format!("{}, line {line}", self.name), problem }
    }
}

/// What seems to separate the values of a first record that has only one.
pub(in crate::formats) fn delimiter_within(first: &Records) -> Option<&'static str> {
    let (text, quoted) = first.cell(0, 0);
    let known = [(';', ";"), ('\t', "\\t"), ('|', "|"), (',', ",")];
    let within = known.into_iter().find(|(char, _)| text.contains(*char)).filter(|_| !quoted && first.width == 1);
    within.map(|(_, name)| name)
}

/// What to do about that.
pub(in crate::formats) fn say_delimiter(delimiter: &str) -> String {
    format!("if '{delimiter}' stands between values, say --delimiter '{delimiter}'")
}

fn is_blank(cell: Cell) -> bool {
    cell.quoting == Quoting::Plain && cell.start == cell.end
}
