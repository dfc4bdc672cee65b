//! Texts and bytes.

use super::sealed::Sealed;
use super::{Shape, Unfit, Value};
use crate::DataType;
use crate::bindings::thalweg::module::types::{Spans, Values};

/// The texts of a column, checked to be UTF-8 once for the whole batch.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    offsets: &'a [i32],
    text: &'a str,
}

impl<'a> Texts<'a> {
    /// Where the texts begin: text `i` is `text()[offsets()[i]..offsets()[i + 1]]`. One more than there are rows.
    pub fn offsets(self) -> &'a [i32] {
        self.offsets
    }

    /// All texts, one after the other.
    pub fn text(self) -> &'a str {
        self.text
    }
}

/// The bytes of a column.
#[derive(Debug, Clone, Copy)]
pub enum Blobs<'a> {
    /// Of any length: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    Spans {
        /// One more than there are rows.
        offsets: &'a [i32],
        /// All values, one after the other.
        bytes: &'a [u8],
    },
    /// All of one length.
    Fixed {
        /// The length of a value.
        width: usize,
        /// All values, one after the other.
        bytes: &'a [u8],
    },
}

/// What a text or bytes builder collects.
#[doc(hidden)]
pub struct SpanBuffer {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl SpanBuffer {
    fn new(rows: usize, width: Option<u32>) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::with_capacity(rows * width.unwrap_or(8).min(64) as usize) }
    }

    fn append(&mut self, item: &[u8]) -> Result<(), Unfit> {
        let end =
            self.bytes.len().checked_add(item.len()).and_then(|end| i32::try_from(end).ok()).ok_or(Unfit::TooLong)?;
        self.bytes.extend_from_slice(item);
        self.offsets.push(end);
        Ok(())
    }

    fn append_gap(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
    }
}

/// The offsets and bytes, if there are `rows` values.
fn spans(values: &Values, rows: usize) -> Option<(&[i32], &[u8])> {
    match values {
        Values::Spans(Spans { offsets, bytes }) if rows == 0 => Some((offsets.get(..1).unwrap_or(&[0]), bytes)),
        Values::Spans(Spans { offsets, bytes }) => Some((offsets.get(..=rows)?, bytes)),
        _ => None,
    }
}

impl Sealed for str {}

impl Value for str {
    type Item<'a> = &'a str;
    type Values<'a> = Texts<'a>;
    type Buffer = SpanBuffer;
    const EXPECTED: &'static str = "STRING";
    const NATURAL: Option<DataType> = Some(DataType::Text);

    fn readable(data_type: &DataType) -> Option<Shape> {
        match *data_type {
            DataType::Text => Some(Shape::default()),
            DataType::FixedText(width) => Some(Shape { width: Some(width), ..Shape::default() }),
            _ => None,
        }
    }

    fn view(values: &Values, rows: usize, _: Shape) -> Option<Texts<'_>> {
        let (offsets, bytes) = spans(values, rows)?;
        Some(Texts { offsets, text: std::str::from_utf8(bytes).ok()? })
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        &values.text[values.offsets[row] as usize..values.offsets[row + 1] as usize]
    }

    fn buffer(rows: usize, shape: Shape) -> SpanBuffer {
        SpanBuffer::new(rows, shape.width)
    }

    fn append(buffer: &mut SpanBuffer, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit> {
        if let Some(length) = shape.width
            && item.chars().nth(length as usize).is_some()
        {
            return Err(Unfit::TooManyCharacters { length });
        }
        buffer.append(item.as_bytes())
    }

    fn append_gap(buffer: &mut SpanBuffer, _: Shape) {
        buffer.append_gap();
    }

    fn finish(buffer: SpanBuffer, _: Shape) -> Values {
        Values::Spans(Spans { offsets: buffer.offsets, bytes: buffer.bytes })
    }
}

impl Sealed for [u8] {}

impl Value for [u8] {
    type Item<'a> = &'a [u8];
    type Values<'a> = Blobs<'a>;
    type Buffer = SpanBuffer;
    const EXPECTED: &'static str = "BYTES";
    const NATURAL: Option<DataType> = Some(DataType::Bytes);

    fn readable(data_type: &DataType) -> Option<Shape> {
        match data_type {
            DataType::Text | DataType::FixedText(_) => Some(Shape::default()),
            _ => Self::writable(data_type),
        }
    }

    fn writable(data_type: &DataType) -> Option<Shape> {
        match *data_type {
            DataType::Bytes => Some(Shape::default()),
            DataType::FixedBytes(width) => Some(Shape { width: Some(width), ..Shape::default() }),
            _ => None,
        }
    }

    fn view(values: &Values, rows: usize, shape: Shape) -> Option<Blobs<'_>> {
        match (values, shape.width) {
            (Values::Fixed(bytes), Some(width)) => {
                let width = width as usize;
                Some(Blobs::Fixed { width, bytes: bytes.get(..rows.checked_mul(width)?)? })
            }
            (_, None) => spans(values, rows).map(|(offsets, bytes)| Blobs::Spans { offsets, bytes }),
            _ => None,
        }
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        match values {
            Blobs::Spans { offsets, bytes } => &bytes[offsets[row] as usize..offsets[row + 1] as usize],
            Blobs::Fixed { width, bytes } => &bytes[row * width..(row + 1) * width],
        }
    }

    fn buffer(rows: usize, shape: Shape) -> SpanBuffer {
        SpanBuffer::new(rows, shape.width)
    }

    fn append(buffer: &mut SpanBuffer, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit> {
        match shape.width {
            Some(length) if item.len() != length as usize => Err(Unfit::NotAsManyBytes { length }),
            Some(_) => {
                buffer.bytes.extend_from_slice(item);
                Ok(())
            }
            None => buffer.append(item),
        }
    }

    fn append_gap(buffer: &mut SpanBuffer, shape: Shape) {
        match shape.width {
            Some(width) => buffer.bytes.resize(buffer.bytes.len() + width as usize, 0),
            None => buffer.append_gap(),
        }
    }

    fn finish(buffer: SpanBuffer, shape: Shape) -> Values {
        match shape.width {
            Some(_) => Values::Fixed(buffer.bytes),
            None => Values::Spans(Spans { offsets: buffer.offsets, bytes: buffer.bytes }),
        }
    }
}
