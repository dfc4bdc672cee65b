//! The pages of a column chunk of Parquet, looked through before the library makes room for what they say of themselves.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use super::thrift::{Compact, I32, STRUCT};
use super::{UNBACKED_ROWS, expansion_limit};

/// The longest page, in bytes.
const PAGE_LIMIT: u64 = 1 << 30;
/// Of compressed bytes, what they may become at most where the method of compression sets no limit of its own.
const ANY_RATIO: u64 = 1 << 15;
/// How many values of a repeated column may lie in a byte.
const VALUES_PER_BYTE: u64 = 64;

/// What the header of a page says.
#[derive(Debug, Default)]
struct Page {
    uncompressed: i64,
    compressed: i64,
    values: i64,
    is_dictionary: bool,
}

/// Sees that a chunk lies in the file, and that each of its pages can be what it says.
pub(super) fn check_pages(file: &File, size: u64, chunk: &ColumnChunkMetaData) -> Result<(), String> {
    let name = chunk.column_path().string();
    if chunk.file_path().is_some_and(|path| !path.is_empty()) {
        return Err(format!("the values of column {name:?} lie in another file"));
    }
    let damaged = || format!("it is damaged: column {name:?} lies outside of it");
    let begin = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let place = u64::try_from(begin).ok().zip(u64::try_from(chunk.compressed_size()).ok());
    let (begin, length) = place.ok_or_else(damaged)?;
    if begin.checked_add(length).is_none_or(|end| end > size) {
        return Err(damaged());
    }
    let mut bytes = BufReader::new(file);
    bytes.seek(SeekFrom::Start(begin)).map_err(|error| error.to_string())?;
    let (mut left, mut values, mut total) = (length, 0_u64, 0_u64);
    while left > 0 {
        let mut header = Compact::new(&mut bytes, left);
        let page = read(&mut header).map_err(|_| format!("it is damaged: a page of column {name:?} is not one"))?;
        let lies = |what: String| format!("it is damaged: a page of column {name:?} {what}");
        let compressed = u64::try_from(page.compressed).ok().filter(|length| *length <= header.left());
        let compressed = compressed.ok_or_else(|| lies("is longer than the column".into()))?;
        let bytes_of = bytes_of(&page, compressed, chunk.compression()).map_err(lies)?;
        left = header.left() - compressed;
        total = total.saturating_add(bytes_of);
        values = values.saturating_add(page.values.unsigned_abs());
        bytes.seek_relative(compressed.cast_signed()).map_err(|error| error.to_string())?;
    }
    let is_repeated = chunk.column_descr().max_rep_level() > 0;
    if is_repeated && values > total.saturating_mul(VALUES_PER_BYTE).max(UNBACKED_ROWS) {
        return Err(format!("it is damaged: {total} bytes of column {name:?} cannot hold {values} values"));
    }
    Ok(())
}

/// How many bytes a page takes when it is decompressed; else what it says that cannot be.
fn bytes_of(page: &Page, compressed: u64, compression: Compression) -> Result<u64, String> {
    let ratio = match compression {
        Compression::UNCOMPRESSED => None,
        Compression::SNAPPY => Some(64),
        Compression::GZIP(_) => Some(1040),
        Compression::LZ4 | Compression::LZ4_RAW => Some(256),
        _ => Some(ANY_RATIO),
    };
    let bytes = match ratio {
        None => compressed,
        Some(ratio) => {
            let limit = expansion_limit(compressed, ratio).min(PAGE_LIMIT);
            let bytes = u64::try_from(page.uncompressed).ok().filter(|bytes| *bytes <= limit);
            bytes.ok_or_else(|| format!("is said to become {} bytes, out of {compressed}", page.uncompressed))?
        }
    };
    match u64::try_from(page.values) {
        Ok(values) if !page.is_dictionary || values <= bytes => Ok(bytes),
        _ => Err(format!("is said to hold {} values, in {bytes} bytes", page.values)),
    }
}

/// Reads `PageHeader`.
fn read(header: &mut Compact<impl Read>) -> io::Result<Page> {
    let mut page = Page::default();
    let mut last = 0;
    while let Some((number, kind)) = header.field(&mut last)? {
        match (number, kind) {
            (2, I32) => page.uncompressed = header.integer()?,
            (3, I32) => page.compressed = header.integer()?,
            (5 | 7 | 8, STRUCT) => {
                page.is_dictionary |= number == 7;
                page.values = values(header)?;
            }
            (_, kind) => header.skip(kind)?,
        }
    }
    Ok(page)
}

/// Reads `num_values` of the header of a data page, of either version, or of a dictionary's.
fn values(header: &mut Compact<impl Read>) -> io::Result<i64> {
    let (mut values, mut last) = (0, 0);
    while let Some((number, kind)) = header.field(&mut last)? {
        match (number, kind) {
            (1, I32) => values = header.integer()?,
            (_, kind) => header.skip(kind)?,
        }
    }
    Ok(values)
}
