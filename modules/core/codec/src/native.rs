//! Zstd by the library of its authors.

use std::{cell::RefCell, io::Cursor, ops::RangeInclusive};

use zstd::bulk::{Compressor, Decompressor};

use crate::Zstd;

/// Zstd by the library of its authors, which is C: the fastest there is, where C can be linked.
#[derive(Debug, Clone, Copy)]
pub struct Native;

thread_local! {
    /// The compressor of this thread with its level: making one costs more than a small buffer does.
    static COMPRESSOR: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
    /// The decompressor of this thread.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

impl Zstd for Native {
    fn levels() -> RangeInclusive<i32> {
        zstd::compression_level_range()
    }

    fn compress(level: i32, buffer: &[u8], body: &mut Vec<u8>) -> Result<(), String> {
        body.reserve(zstd::zstd_safe::compress_bound(buffer.len()));
        COMPRESSOR.with_borrow_mut(|slot| {
            if slot.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
                *slot = Some((level, Compressor::new(level).map_err(text)?));
            }
            let Some((_, compressor)) = slot else { return Err("no compressor".to_owned()) };
            compressor.compress_to_buffer(buffer, &mut end_of(body)).map(drop).map_err(text)
        })
    }

    fn decompress(bytes: &[u8], length: usize, body: &mut Vec<u8>) -> Result<(), String> {
        body.reserve(length);
        decompressor(|decompressor| decompressor.decompress_to_buffer(bytes, &mut end_of(body))).map(drop)
    }

    fn decompress_into(bytes: &[u8], out: &mut [u8]) -> Result<usize, String> {
        decompressor(|decompressor| decompressor.decompress_to_buffer(bytes, out))
    }
}

/// Where bytes are appended.
fn end_of(body: &mut Vec<u8>) -> Cursor<&mut Vec<u8>> {
    let position = body.len() as u64;
    let mut end = Cursor::new(body);
    end.set_position(position);
    end
}

fn decompressor<T>(run: impl FnOnce(&mut Decompressor<'static>) -> std::io::Result<T>) -> Result<T, String> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(Decompressor::new().map_err(text)?);
        }
        let Some(decompressor) = slot else { return Err("no decompressor".to_owned()) };
        run(decompressor).map_err(text)
    })
}

fn text(cause: impl std::fmt::Display) -> String {
    cause.to_string()
}
