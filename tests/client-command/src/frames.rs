//! Rows as bytes: a number of rows, a number of columns, and for each its validity and its values, little-endian.

use thalweg_bindings::types::{Batch, Column, Spans, Values};

/// Rows as bytes.
pub fn encode(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(batch.rows.to_le_bytes());
    out.extend((batch.columns.len() as u32).to_le_bytes());
    for column in &batch.columns {
        out.push(u8::from(column.validity.is_some()));
        if let Some(validity) = &column.validity {
            put(&mut out, validity.iter().map(|byte| [*byte]));
        }
        match &column.values {
            Values::Bits(v) => tagged(&mut out, 0, v.iter().map(|v| [*v])),
            Values::Int8(v) => tagged(&mut out, 1, v.iter().map(|v| v.to_le_bytes())),
            Values::Int16(v) => tagged(&mut out, 2, v.iter().map(|v| v.to_le_bytes())),
            Values::Int32(v) => tagged(&mut out, 3, v.iter().map(|v| v.to_le_bytes())),
            Values::Int64(v) => tagged(&mut out, 4, v.iter().map(|v| v.to_le_bytes())),
            Values::Float32(v) => tagged(&mut out, 5, v.iter().map(|v| v.to_le_bytes())),
            Values::Float64(v) => tagged(&mut out, 6, v.iter().map(|v| v.to_le_bytes())),
            Values::Fixed(v) => tagged(&mut out, 7, v.iter().map(|v| [*v])),
            Values::Spans(spans) => {
                tagged(&mut out, 8, spans.offsets.iter().map(|v| v.to_le_bytes()));
                put(&mut out, spans.bytes.iter().map(|v| [*v]));
            }
            Values::Offsets(v) => tagged(&mut out, 9, v.iter().map(|v| v.to_le_bytes())),
            Values::None => out.push(10),
        }
    }
    out
}

fn tagged<const N: usize>(out: &mut Vec<u8>, tag: u8, values: impl ExactSizeIterator<Item = [u8; N]>) {
    out.push(tag);
    put(out, values);
}

fn put<const N: usize>(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = [u8; N]>) {
    out.extend((values.len() as u32).to_le_bytes());
    values.for_each(|value| out.extend(value));
}

/// Rows out of bytes; `None` where they end too early or say what nothing is.
pub fn decode(bytes: &[u8]) -> Option<Batch> {
    let mut bytes = bytes;
    let from = &mut bytes;
    let rows = u32::from_le_bytes(take(from)?);
    let count = u32::from_le_bytes(take(from)?);
    let mut columns = Vec::new();
    for _ in 0..count {
        let [has_validity] = take(from)?;
        let validity = if has_validity == 1 { Some(list(from, |[byte]| byte)?) } else { None };
        let [tag] = take(from)?;
        let values = match tag {
            0 => Values::Bits(list(from, |[byte]| byte)?),
            1 => Values::Int8(list(from, i8::from_le_bytes)?),
            2 => Values::Int16(list(from, i16::from_le_bytes)?),
            3 => Values::Int32(list(from, i32::from_le_bytes)?),
            4 => Values::Int64(list(from, i64::from_le_bytes)?),
            5 => Values::Float32(list(from, f32::from_le_bytes)?),
            6 => Values::Float64(list(from, f64::from_le_bytes)?),
            7 => Values::Fixed(list(from, |[byte]| byte)?),
            8 => Values::Spans(Spans { offsets: list(from, i32::from_le_bytes)?, bytes: list(from, |[byte]| byte)? }),
            9 => Values::Offsets(list(from, i32::from_le_bytes)?),
            10 => Values::None,
            _ => return None,
        };
        columns.push(Column { validity, values });
    }
    from.is_empty().then_some(Batch { rows, columns })
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*first)
}

fn list<const N: usize, T>(from: &mut &[u8], read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let count = u32::from_le_bytes(take(from)?) as usize;
    let (these, rest) = from.split_at_checked(count.checked_mul(N)?)?;
    *from = rest;
    let (chunks, _) = these.as_chunks::<N>();
    Some(chunks.iter().map(|chunk| read(*chunk)).collect())
}
