//! The text of a JSON file as it comes: UTF-8 without its mark, taken from the front.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use crate::formats::FormatError;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// Where text comes from.
pub(crate) struct Source {
    bytes: Box<dyn Read + Send>,
    name: Arc<str>,
    /// What was read and is not dropped yet.
    text: String,
    /// How much of the text was taken.
    taken: usize,
    /// The line of the first character that was not taken, from 1.
    line: u64,
    /// What is read into; its first bytes may be the begin of a character.
    block: Vec<u8>,
    begun: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No whole character was read yet.
    Begin,
    Open,
    Ended,
    /// What comes behind the text is no UTF-8.
    Invalid,
}

/// Whether more text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Some,
    /// Nothing for now.
    NotNow,
    /// Nothing ever.
    End,
}

impl Source {
    pub(crate) fn new(bytes: Box<dyn Read + Send>, name: Arc<str>) -> Self {
        let (text, block) = (String::new(), vec![0; BLOCK]);
        Self { bytes, name, text, taken: 0, line: 1, block, begun: 0, state: State::Begin }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What is there and was not taken.
    pub(crate) fn text(&self) -> &str {
        self.text.get(self.taken..).unwrap_or_default()
    }

    /// The line of what `text` begins with.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Takes so many bytes of the text.
    pub(crate) fn take(&mut self, length: usize) {
        let taken = self.text().as_bytes().get(..length).unwrap_or_default();
        self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.taken += length;
    }

    /// Reads more text behind what is there.
    pub(crate) fn more(&mut self) -> Result<More, FormatError> {
        match self.state {
            State::Ended => return Ok(More::End),
            State::Invalid => return Err(self.invalid()),
            State::Begin | State::Open => {}
        }
        self.text.drain(..self.taken);
        self.taken = 0;
        let room = self.block.get_mut(self.begun..).unwrap_or_default();
        let read = loop {
            match self.bytes.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(More::NotNow),
                Err(cause) => return Err(FormatError::Io { name: self.name.to_string(), cause }),
                Ok(read) => break read,
            }
        };
        let whole = self.begun + read;
        if self.state == State::Begin {
            self.refuse_utf16(whole)?;
        }
        if read == 0 {
            self.state = if whole == 0 { State::Ended } else { State::Invalid };
            return self.more();
        }
        self.decode(whole);
        Ok(More::Some)
    }

    /// Moves the characters of the block to the text.
    fn decode(&mut self, whole: usize) {
        let bytes = self.block.get(..whole).unwrap_or_default();
        let (valid, invalid) = match std::str::from_utf8(bytes) {
            Ok(_) => (whole, false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        };
        let text = bytes.get(..valid).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
        let is_first = self.state == State::Begin && valid > 0;
        self.text.push_str(if is_first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text });
        self.block.copy_within(valid..whole, 0);
        self.begun = whole - valid;
        if invalid {
            self.state = State::Invalid;
        } else if is_first {
            self.state = State::Open;
        }
    }

    fn refuse_utf16(&self, whole: usize) -> Result<(), FormatError> {
        let is_utf16 = match self.block.get(..whole) {
            Some([0xff, 0xfe, ..] | [0xfe, 0xff, ..]) => true,
            Some([first, second, ..]) => *first == 0 || *second == 0,
            _ => false,
        };
        if is_utf16 {
            return Err(self.malformed(1, "this is UTF-16, but JSON is UTF-8; iconv -t UTF-8 makes it that".into()));
        }
        Ok(())
    }

    fn invalid(&self) -> FormatError {
        let newlines = self.text().bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.malformed(self.line + newlines, "this is no UTF-8, which JSON must be".into())
    }

    /// An error at a line.
    pub(crate) fn malformed(&self, line: u64, problem: String) -> FormatError {
        FormatError::Malformed { place: format!("{}, line {line}", self.name), problem }
    }
}
