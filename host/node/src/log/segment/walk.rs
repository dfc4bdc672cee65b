//! Going from batch to batch through a segment's file by their headers.

use std::fs::File;
use std::io;

use crate::disk::file::read_exact_at;
use crate::log::batch::{Header, LONGEST};

/// Bytes read at once when only headers are wanted.
const PAGE: u64 = 4 << 10;

/// The headers of the batches from one position to another, each with where its batch begins.
pub(crate) struct Walk<'a> {
    file: &'a File,
    position: u64,
    end: u64,
    page: Vec<u8>,
    page_at: u64,
}

impl<'a> Walk<'a> {
    /// From the batch at `position` to `end`, which is the end of a batch.
    pub(crate) fn new(file: &'a File, position: u64, end: u64) -> Self {
        Self { file, position, end, page: Vec::new(), page_at: position }
    }

    fn header(&mut self) -> io::Result<Header> {
        let wanted = (LONGEST as u64).min(self.end - self.position);
        let held = self.page_at + self.page.len() as u64;
        if self.position < self.page_at || self.position + wanted > held {
            self.page = read_exact_at(self.file, self.position, PAGE.min(self.end - self.position))?;
            self.page_at = self.position;
        }
        let at = usize::try_from(self.position - self.page_at).unwrap_or(usize::MAX);
        let header = Header::read(self.page.get(at..).unwrap_or_default())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if header.size as u64 > self.end - self.position {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(header)
    }
}

impl Iterator for Walk<'_> {
    type Item = io::Result<(u64, Header)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let position = self.position;
        match self.header() {
            Ok(header) => {
                self.position += header.size as u64;
                Some(Ok((position, header)))
            }
            Err(error) => {
                self.position = self.end;
                Some(Err(error))
            }
        }
    }
}
