//! A file that is followed through its changes: when it was rotated, truncated or written anew, it is opened again as a new
//! input, with its own header and lines, and people are told.

use std::io::ErrorKind;

use arrow_schema::SchemaRef;

use super::reader;
use crate::formats::stream::{Ending, PATIENCE};
use crate::formats::{Format, FormatError, Input, ReadOptions, Rows, RowsIn};

/// The rows of a file that is followed, over all the files that stand in its place.
pub(super) struct Following {
    input: Input,
    format: Format,
    table: SchemaRef,
    options: ReadOptions,
    rows: RowsIn,
    /// Why the file that is read ended, once it has.
    ending: Ending,
}

impl Following {
    pub(super) fn open(
        input: &Input,
        format: Format,
        table: SchemaRef,
        options: ReadOptions,
    ) -> Result<Self, FormatError> {
        let empty: RowsIn = Box::new(std::iter::empty());
        let (input, ending) = (input.clone(), Ending::default());
        let mut following = Self { input, format, table, options, rows: empty, ending };
        while !following.reopen()? {}
        Ok(following)
    }

    /// Opens what stands there now; whether it is still the same when its first rows may be read.
    fn reopen(&mut self) -> Result<bool, FormatError> {
        self.ending = Ending::default();
        let options = ReadOptions { ending: Some(self.ending.clone()), ..self.options.clone() };
        match reader(&self.input, self.format, self.table.clone(), options) {
            Ok(rows) => self.rows = rows,
            Err(error) => return self.excused(error).map(|()| false),
        }
        Ok(true)
    }

    /// Tells of an error that a file had at its end because it was not finished when it ended; any other is given back.
    fn excused(&self, error: FormatError) -> Result<(), FormatError> {
        let Some(ending) = self.ending.get() else { return Err(error) };
        self.say(&ending.what);
        self.options.progress.say(&format!("{error}; it was not finished when the file ended, and is left out"));
        Ok(())
    }

    /// Says what became of the file.
    fn say(&self, what: &str) {
        self.options.progress.say(&format!("{} {what}", self.input.name()));
    }

    /// Opens the file that stands there now; waits while there is none.
    fn go_on(&mut self) -> Result<(), FormatError> {
        loop {
            match self.reopen() {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(FormatError::Io { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                    std::thread::sleep(PATIENCE);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Iterator for Following {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.rows.next() {
                Some(Err(error)) => {
                    if let Err(error) = self.excused(error) {
                        return Some(Err(error));
                    }
                }
                Some(rows) => return Some(rows),
                None => {
                    let ending = self.ending.get()?;
                    self.say(&ending.what);
                    if ending.is_open {
                        self.say("had no end of line behind its last row before, which was taken as it stood");
                    }
                }
            }
            if let Err(error) = self.go_on() {
                return Some(Err(error));
            }
        }
    }
}
