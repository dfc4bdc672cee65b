//! Pages whose values have lengths written as differences: the library makes room for as many lengths as they say they
//! have, so that is looked at first.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;

use super::UNBACKED_ROWS;

/// How many lengths may lie in a byte.
const LENGTHS_PER_BYTE: u64 = 64;

/// The pages of a column chunk, each checked when it is read.
pub(super) struct CheckedPages<P> {
    pages: P,
    max_rep_level: i16,
    max_def_level: i16,
}

impl<P: PageReader> CheckedPages<P> {
    pub(super) fn new(pages: P, column: &ColumnDescriptor) -> Self {
        Self { pages, max_rep_level: column.max_rep_level(), max_def_level: column.max_def_level() }
    }

    fn checked(&self, page: Option<Page>) -> Result<Option<Page>> {
        match page.as_ref().is_none_or(|page| self.can_be(page)) {
            true => Ok(page),
            false => Err(ParquetError::General("it is damaged: a page has more lengths than values".into())),
        }
    }

    /// Whether a page has as many lengths as it has values, or less.
    fn can_be(&self, page: &Page) -> bool {
        let streams = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => return true,
        };
        let bytes = page.buffer();
        let most = (bytes.len() as u64).saturating_mul(LENGTHS_PER_BYTE).max(UNBACKED_ROWS);
        let most = most.min(u64::from(page.num_values()));
        let mut stream = self.levels(page).and_then(|levels| bytes.get(levels..)).map(Deltas);
        for _ in 0..streams {
            // What is no such stream makes an error when it is read.
            let Some((count, rest)) = stream.and_then(Deltas::count) else { return true };
            if count > most {
                return false;
            }
            stream = rest;
        }
        true
    }

    /// How many bytes the levels take that stand before the values.
    fn levels(&self, page: &Page) -> Option<usize> {
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                usize::try_from(def_levels_byte_len.checked_add(*rep_levels_byte_len)?).ok()
            }
            Page::DataPage { buf, num_values, def_level_encoding, rep_level_encoding, .. } => {
                let kinds = [(self.max_rep_level, rep_level_encoding), (self.max_def_level, def_level_encoding)];
                let mut at = 0_usize;
                for (max_level, encoding) in kinds.into_iter().filter(|(max_level, _)| *max_level > 0) {
                    let length = match encoding {
                        Encoding::RLE => u64::from(u32::from_le_bytes(*buf.get(at..)?.first_chunk()?)) + 4,
                        // Levels packed into as few bits as the largest takes.
                        _ => (u64::from(*num_values) * u64::from(i16::BITS - max_level.leading_zeros())).div_ceil(8),
                    };
                    at = at.checked_add(usize::try_from(length).ok()?)?;
                }
                Some(at)
            }
            Page::DictionaryPage { .. } => None,
        }
    }
}

/// A stream of whole numbers as differences, in blocks of parts of so many bits each.
struct Deltas<'a>(&'a [u8]);

impl<'a> Deltas<'a> {
    /// How many numbers there are, and what stands behind them; `None` where it is no such stream.
    fn count(mut self) -> Option<(u64, Option<Deltas<'a>>)> {
        let (block, parts, count) = (self.varint()?, self.varint()?, self.varint()?);
        self.varint()?;
        let part = block.checked_div(parts)?;
        Some((count, self.passed(parts, part, count)))
    }

    /// Passes over the blocks.
    fn passed(mut self, parts: u64, part: u64, count: u64) -> Option<Deltas<'a>> {
        // The first number stands before the blocks.
        let mut left = count.saturating_sub(1);
        while left > 0 {
            self.varint()?;
            let (widths, rest) = self.0.split_at_checked(usize::try_from(parts).ok()?)?;
            self.0 = rest;
            for width in widths {
                if left == 0 {
                    break;
                }
                let length = part.checked_mul(u64::from(*width))?.div_ceil(8);
                self.0 = self.0.get(usize::try_from(length).ok()?..)?;
                left = left.saturating_sub(part.max(1));
            }
        }
        Some(self)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl<P: PageReader> Iterator for CheckedPages<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<P: PageReader> PageReader for CheckedPages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        self.checked(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.pages.take_deferred_dictionary()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_one_behind_the_other() {
        // 3 numbers in blocks of 128, 4 parts, first 0; smallest difference 0; widths 1, 0, 0, 0; 4 bytes of the part.
        let stream = [0x80, 1, 4, 3, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0];
        let huge = [0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0];
        let both = [&stream[..], &huge].concat();
        let (count, rest) = Deltas(&both).count().expect("a stream");
        assert_eq!(count, 3);
        let (count, rest) = rest.expect("another").count().expect("a stream");
        assert!(count > 1 << 40 && rest.is_none());
        assert!(Deltas(&[0x80]).count().is_none() && Deltas(&[1, 0, 1, 0]).count().is_none());
    }
}
