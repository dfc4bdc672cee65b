//! The rows of a changelog batch in Arrow format as columns.

use arrow_buffer::{ArrowNativeType, Buffer, MutableBuffer};
use thalweg_codec::Native;
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::record::{CheckedMessage, Layout, LayoutField, LogBatch, Node, RecordError, Shape};
use thalweg_wire::table::DataType;

use super::corrupt;

/// Each buffer begins at a multiple of so many bytes, so that it can be read as numbers.
const ALIGNMENT: usize = 64;

/// The buffers of a message, decompressed.
pub(crate) struct Rows {
    rows: usize,
    nodes: Vec<Node>,
    buffers: Vec<Buffer>,
}

impl Rows {
    /// Decompresses the message of a batch that is not only a header.
    pub(crate) fn of_batch(batch: &LogBatch<'_>, layout: &Layout) -> Result<Self, RecordError> {
        let message = CheckedMessage::of_batch(batch, layout, u32::MAX)?;
        let total = message.buffers.iter().map(|buffer| (buffer.length as usize).next_multiple_of(ALIGNMENT)).sum();
        let mut body = MutableBuffer::from_len_zeroed(total);
        let mut at = 0;
        let mut places = Vec::with_capacity(message.buffers.len());
        for span in &message.buffers {
            let bytes = batch.bytes().get(span.range.clone()).unwrap_or_default();
            let out = body.as_slice_mut().get_mut(at..at + span.length as usize).unwrap_or_default();
            thalweg_codec::decode_into::<Native>(message.compression, bytes, out).map_err(corrupt)?;
            places.push((at, span.used as usize));
            at += (span.length as usize).next_multiple_of(ALIGNMENT);
        }
        let body = Buffer::from(body);
        let buffers = places.into_iter().map(|(at, length)| body.slice_with_length(at, length)).collect();
        Ok(Self { rows: message.rows as usize, nodes: message.nodes, buffers })
    }

    /// The rows, checked against the layout.
    pub(crate) fn columns(&self, layout: &Layout) -> Result<Batch<'_>, RecordError> {
        let fields = layout.fields().iter().zip(&self.nodes).filter(|(field, _)| field.data_type.is_some());
        let column = |(field, node): (&LayoutField, &Node)| {
            let buffers = self.buffers.get(field.buffer..).unwrap_or_default();
            let validity = buffers.first().filter(|_| node.nulls > 0).map(Buffer::as_slice);
            Column { validity, values: values(field, buffers.get(1..).unwrap_or_default()) }
        };
        let batch = Batch { rows: self.rows, columns: fields.map(column).collect() };
        layout.check(&batch)?;
        Ok(batch)
    }
}

fn values<'a>(field: &LayoutField, buffers: &'a [Buffer]) -> Values<'a> {
    let first = buffers.first();
    match (field.shape, &field.data_type) {
        (Shape::Bits, _) => Values::Bits(first.map_or(&[], Buffer::as_slice)),
        (Shape::Spans { .. }, _) => {
            Values::Spans { offsets: numbers(first), bytes: buffers.get(1).map_or(&[], Buffer::as_slice) }
        }
        (Shape::Lists, _) => Values::Offsets(numbers(first)),
        (Shape::Group, _) => Values::None,
        (Shape::Fixed(1), _) => Values::Int8(numbers(first)),
        (Shape::Fixed(_), Some(DataType::SmallInt)) => Values::Int16(numbers(first)),
        (Shape::Fixed(_), Some(DataType::Float)) => Values::Float32(numbers(first)),
        (Shape::Fixed(_), Some(DataType::Double)) => Values::Float64(numbers(first)),
        (Shape::Fixed(_), Some(DataType::Decimal { .. } | DataType::Binary(_))) => {
            Values::Fixed(first.map_or(&[], Buffer::as_slice))
        }
        (Shape::Fixed(4), _) => Values::Int32(numbers(first)),
        (Shape::Fixed(_), _) => Values::Int64(numbers(first)),
    }
}

/// A buffer as numbers; as many as it has whole ones.
fn numbers<T: ArrowNativeType>(buffer: Option<&Buffer>) -> &[T] {
    match buffer {
        Some(buffer) if buffer.len().is_multiple_of(size_of::<T>()) => buffer.typed_data(),
        _ => &[],
    }
}
