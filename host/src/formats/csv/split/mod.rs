//! The one place where CSV text is cut into records and cells.
//!
//! A record ends with LF, CRLF or a CR alone, outside of quotes. A cell is quoted where it begins with a quote; then it ends
//! at the next quote that is not doubled, and nothing but its delimiter or the end of its record may follow. In a cell
//! without quotes a quote is a character as any other. The crate csv-core would not say which cells were quoted, and
//! drops blank lines, which are the nulls of a table of one column.

/// A cell of a record, in the text that was split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats::csv) struct Cell {
    pub(in crate::formats::csv) start: u32,
    pub(in crate::formats::csv) end: u32,
    pub(in crate::formats::csv) quoting: Quoting,
}

/// Whether a cell stands in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats::csv) enum Quoting {
    /// Without quotes.
    Plain,
    /// Between quotes, which are not part of it.
    Quoted,
    /// Between quotes, with doubled quotes in it.
    Escaped,
}

/// What splitting came to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::formats::csv) enum Split {
    /// A record is whole.
    Record {
        /// How many cells it has, also those beyond the ones that were wanted.
        cells: usize,
        /// How many lines it takes.
        lines: u64,
    },
    /// It goes on in text that is not there yet.
    More,
    /// There is no further record.
    End,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::formats::csv) enum Fault {
    #[error("a quoted value does not end")]
    Open,
    #[error(
        "text stands behind the closing quote of value {0}; a quote within a quoted value is written twice, and nothing \
         but the delimiter stands behind the last"
    )]
    Behind(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Where a cell begins.
    Begin,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell.
    Behind,
}

/// Cuts text that comes piece by piece: between calls, text may be added at its end.
#[derive(Debug)]
pub(in crate::formats::csv) struct Splitter {
    delimiter: u8,
    /// The bytes that end a plain cell.
    stops: [bool; 256],
    /// How far the text was looked at.
    at: usize,
    /// Where the record begins that is under way.
    record: usize,
    /// Where the cell begins.
    cell: usize,
    state: State,
    /// Whether the cell has doubled quotes.
    doubled: bool,
    /// Cells of the record so far.
    cells: usize,
    /// Ends of lines in quoted cells of the record so far.
    lines: u64,
    /// Whether the last record ended with CR, to which a LF belongs that follows.
    behind_cr: bool,
}

impl Splitter {
    pub(in crate::formats::csv) fn new(delimiter: u8) -> Self {
        let mut stops = [false; 256];
        for stop in [delimiter, b'\r', b'\n'] {
            stops[usize::from(stop)] = true;
        }
        Self {
            delimiter,
            stops,
            at: 0,
            record: 0,
            cell: 0,
            state: State::Begin,
            doubled: false,
            cells: 0,
            lines: 0,
            behind_cr: false,
        }
    }

    /// Where the record begins that is under way or comes next.
    pub(in crate::formats::csv) fn begun(&self) -> usize {
        self.record
    }

    /// Goes on in another text, from there on. A record that was begun is begun anew.
    pub(in crate::formats::csv) fn restart(&mut self, at: usize) {
        (self.at, self.record, self.state, self.cells, self.lines) = (at, at, State::Begin, 0, 0);
    }

    /// Finishes the record under way, and adds its cells, but so many at most. `ended`: no text will be added any more.
    pub(in crate::formats::csv) fn record(
        &mut self,
        text: &[u8],
        ended: bool,
        most: usize,
        cells: &mut Vec<Cell>,
    ) -> Result<Split, Fault> {
        loop {
            let rest = text.get(self.at..).unwrap_or_default();
            match self.state {
                State::Begin => match rest.first() {
                    Some(b'\n') if self.behind_cr && self.cells == 0 => {
                        self.restart(self.at + 1);
                        self.behind_cr = false;
                    }
                    Some(b'"') => self.begin(State::Quoted, 1),
                    Some(_) => self.begin(State::Plain, 0),
                    None if !ended => return Ok(Split::More),
                    None if self.cells == 0 => return Ok(Split::End),
                    None => self.begin(State::Plain, 0),
                },
                State::Plain => {
                    let length = rest.iter().position(|byte| self.stops[usize::from(*byte)]);
                    self.at += length.unwrap_or(rest.len());
                    if length.is_none() && !ended {
                        return Ok(Split::More);
                    }
                    self.end_cell(self.at, Quoting::Plain, most, cells);
                    if let Some(record) = self.pass(text.get(self.at)) {
                        return Ok(record);
                    }
                }
                State::Quoted => match rest.iter().position(|byte| *byte == b'"') {
                    Some(length) => {
                        self.at += length + 1;
                        self.state = State::Behind;
                    }
                    None => {
                        self.at = text.len();
                        return if ended { Err(Fault::Open) } else { Ok(Split::More) };
                    }
                },
                State::Behind => match rest.first() {
                    Some(b'"') => {
                        self.at += 1;
                        self.doubled = true;
                        self.state = State::Quoted;
                    }
                    None if !ended => return Ok(Split::More),
                    Some(byte) if !self.stops[usize::from(*byte)] => return Err(Fault::Behind(self.cells + 1)),
                    stop => {
                        let end = self.at - 1;
                        self.lines += line_ends(text.get(self.cell..end).unwrap_or_default());
                        let quoting = if self.doubled { Quoting::Escaped } else { Quoting::Quoted };
                        self.end_cell(end, quoting, most, cells);
                        if let Some(record) = self.pass(stop) {
                            return Ok(record);
                        }
                    }
                },
            }
        }
    }

    fn begin(&mut self, state: State, quotes: usize) {
        self.at += quotes;
        self.cell = self.at;
        self.state = state;
        self.doubled = false;
        self.behind_cr = false;
    }

    fn end_cell(&mut self, end: usize, quoting: Quoting, most: usize, cells: &mut Vec<Cell>) {
        self.state = State::Begin;
        self.cells += 1;
        // A text is never as long as 4 GiB.
        if self.cells <= most
            && let (Ok(start), Ok(end)) = (u32::try_from(self.cell), u32::try_from(end))
        {
            cells.push(Cell { start, end, quoting });
        }
    }

    /// Passes what ends a cell: its delimiter, or the end of the record.
    fn pass(&mut self, stop: Option<&u8>) -> Option<Split> {
        if let Some(byte) = stop {
            self.at += 1;
            if *byte == self.delimiter {
                return None;
            }
            self.behind_cr = *byte == b'\r';
        }
        Some(self.end_record())
    }

    fn end_record(&mut self) -> Split {
        let record = Split::Record { cells: self.cells, lines: self.lines + 1 };
        (self.record, self.cells, self.lines) = (self.at, 0, 0);
        record
    }
}

/// How many lines end in a text; CRLF ends one.
pub(in crate::formats::csv) fn line_ends(text: &[u8]) -> u64 {
    let mut before = 0;
    let ends = text.iter().filter(|byte| {
        let ends = **byte == b'\r' || **byte == b'\n' && before != b'\r';
        before = **byte;
        ends
    });
    ends.count() as u64
}

#[cfg(test)]
mod tests;
