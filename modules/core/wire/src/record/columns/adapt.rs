//! Rows of one schema as another has them: what it takes to read what was written before or after a table was altered.
//!
//! Columns are the same whose ids are. One that the rows do not have is null.

use std::ops::Range;

use crate::record::columns::checked::{CheckedMessage, PLAIN_ALIGNMENT};
use crate::record::columns::message::encode_metadata;
use crate::record::{Compression, Layout, LayoutField, Node, RecordError, RowDecoder, RowFormat, Shape};
use crate::table::{Column, Schema};

/// How the columns of rows become those that are wanted.
#[derive(Debug, Clone)]
pub struct Adaptation {
    source: Layout,
    target: Layout,
    /// For each column that is wanted, its place in the source; `None`: it is null.
    columns: Vec<Option<usize>>,
}

/// A message with the columns that are wanted, once its buffers are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptedMessage {
    /// The flatbuffer, without compression and without the prefix that it has in a stream.
    pub metadata: Vec<u8>,
    /// The buffers of its body that are not empty, in order, each padded to 64: where they are in the bytes of the
    /// batch (`None`: they are zeros), with a length prefix where the message is compressed; and their plain length.
    pub parts: Vec<(Option<Range<usize>>, u32)>,
}

impl Adaptation {
    /// From rows with the schema `source`, of which `given` are there (positions, rising; `None`: all), to the columns
    /// of `target` at `wanted` (positions, rising; `None`: all).
    ///
    /// Fails on a column that has another type, and on one that may not be null and is not there.
    pub fn new(
        source: &Schema,
        given: Option<&[usize]>,
        target: &Schema,
        wanted: Option<&[usize]>,
    ) -> Result<Self, RecordError> {
        let given: Vec<&Column> = chosen(source, given)?;
        let wanted: Vec<&Column> = chosen(target, wanted)?;
        let find = |column: &&Column| {
            let misfit = |reason: &str| RecordError::Misfit { column: column.name.clone(), reason: reason.to_owned() };
            let found = given.iter().position(|given| given.id == column.id);
            match found.and_then(|at| given.get(at)) {
                Some(given) if given.column_type.data_type != column.column_type.data_type => {
                    Err(misfit("the rows were written with another type"))
                }
                None if !column.column_type.nullable => {
                    Err(misfit("the rows were written without it, and it may not be null"))
                }
                _ => Ok(found),
            }
        };
        Ok(Self {
            columns: wanted.iter().map(find).collect::<Result<_, _>>()?,
            source: layout(&given),
            target: layout(&wanted),
        })
    }

    /// What messages and rows look like as they come.
    pub fn source(&self) -> &Layout {
        &self.source
    }

    /// What they look like afterwards.
    pub fn target(&self) -> &Layout {
        &self.target
    }

    /// Decodes rows to builders with the layout of the target.
    pub fn row_decoder(&self, format: RowFormat) -> Result<RowDecoder, RecordError> {
        RowDecoder::adapted(&self.source, &self.target, &self.columns, format)
    }

    /// A message whose columns are those of `source`, with those of the target.
    ///
    /// `limit` is the most that the buffers may take together, decompressed, in bytes.
    pub fn message(&self, message: &CheckedMessage, limit: u32) -> Result<AdaptedMessage, RecordError> {
        let mut assembly = Assembly { message, nodes: Vec::new(), places: Vec::new(), parts: Vec::new(), end: 0 };
        for (position, found) in self.columns.iter().enumerate() {
            match found {
                Some(at) => {
                    let fields = self.source.column(*at)?;
                    for place in fields {
                        assembly.copy(place, self.source.fields());
                    }
                }
                None => assembly.nulls(&self.target, self.target.column(position)?.start, message.rows, message.rows),
            }
        }
        if assembly.end > u64::from(limit) {
            return Err(RecordError::TooLarge { needed: assembly.end, limit: u64::from(limit) });
        }
        let Assembly { nodes, places, parts, end, .. } = assembly;
        let metadata = encode_metadata(message.rows, &nodes, &places, Compression::None, end);
        let parts = parts.into_iter().map(|(range, length)| (range, length as u32));
        Ok(AdaptedMessage { metadata, parts: parts.collect() })
    }
}

/// A message while it is put together.
struct Assembly<'a> {
    message: &'a CheckedMessage,
    nodes: Vec<Node>,
    places: Vec<(u64, u64)>,
    /// Every length fits 32 bits if all of them together are within the limit.
    parts: Vec<(Option<Range<usize>>, u64)>,
    end: u64,
}

impl Assembly<'_> {
    fn add(&mut self, range: Option<Range<usize>>, length: u64, used: u64) {
        self.places.push((self.end, used));
        if length > 0 {
            self.parts.push((range, length));
            self.end = self.end.saturating_add(length.next_multiple_of(PLAIN_ALIGNMENT));
        }
    }

    /// A field as it is.
    fn copy(&mut self, place: usize, fields: &[LayoutField]) {
        let (Some(field), Some(node)) = (fields.get(place), self.message.nodes.get(place)) else { return };
        self.nodes.push(*node);
        for buffer in self.message.buffers.iter().skip(field.buffer).take(field.shape.buffers()) {
            let (mut range, mut length) = (buffer.range.clone(), buffer.length);
            if self.message.compression == Compression::None {
                length = buffer.used;
                range.end = range.start + length as usize;
            }
            self.add(Some(range), u64::from(length), u64::from(buffer.used));
        }
    }

    /// A field of `length` values, `nulls` of them null: all, or there are none; and all that lies in it.
    fn nulls(&mut self, layout: &Layout, place: usize, length: u32, nulls: u32) {
        let Some(field) = layout.fields().get(place) else { return };
        self.nodes.push(Node { length, nulls });
        let rows = u64::from(length);
        let bits = rows.div_ceil(8);
        self.add(None, bits, bits);
        match field.shape {
            Shape::Bits => self.add(None, bits, bits),
            Shape::Fixed(width) => self.add(None, rows * u64::from(width), rows * u64::from(width)),
            Shape::Spans { .. } | Shape::Lists => {
                let offsets = (rows + 1) * 4;
                self.add(None, offsets, offsets);
                if let Shape::Spans { .. } = field.shape {
                    self.add(None, 0, 0);
                }
            }
            Shape::Group => {}
        }
        let inner = if field.shape == Shape::Group { length } else { 0 };
        for child in layout.children(place) {
            self.nulls(layout, child, inner, inner);
        }
    }
}

fn chosen<'a>(schema: &'a Schema, positions: Option<&[usize]>) -> Result<Vec<&'a Column>, RecordError> {
    let Some(positions) = positions else { return Ok(schema.columns.iter().collect()) };
    if positions.is_empty() || !positions.is_sorted_by(|a, b| a < b) {
        return Err(RecordError::ProjectionOrder);
    }
    let column = |&position: &usize| {
        let missing = RecordError::NoSuchColumn { position, columns: schema.columns.len() };
        schema.columns.get(position).ok_or(missing)
    };
    positions.iter().map(column).collect()
}

fn layout(columns: &[&Column]) -> Layout {
    Layout::new(columns.iter().map(|column| (column.name.as_str(), &column.column_type)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Batch, Column as Values, Values as Of};
    use crate::record::{ColumnsBuilder, RowEncoder, encode_message, message_of};

    fn schema(sql: &str) -> Schema {
        Schema::parse_sql(sql).expect("columns")
    }

    /// Columns that were added to `n BIGINT NOT NULL, s STRING`.
    const ADDED: &str = "n BIGINT NOT NULL, s STRING, b BOOLEAN, d DECIMAL(20, 2), a ARRAY<STRING>, m MAP<INT, ROW<x INT>>, r ROW<y \
         INT, z BYTES>, t TIMESTAMP(6)";

    fn old_rows() -> (Vec<i64>, Vec<i32>, &'static [u8]) {
        (vec![1, -2, 3], vec![0, 1, 1, 3], b"abc")
    }

    #[test]
    fn columns_that_rows_do_not_have_are_null_in_messages_and_rows() {
        let (old, new) = (schema("n BIGINT NOT NULL, s STRING"), schema(ADDED));
        let (numbers, offsets, bytes) = old_rows();
        let columns = vec![
            Values { validity: None, values: Of::Int64(&numbers) },
            Values { validity: Some(&[0b101]), values: Of::Spans { offsets: &offsets, bytes } },
        ];
        let batch = Batch { rows: 3, columns };
        let adaptation = Adaptation::new(&old, None, &new, None).expect("they were only added");

        let encoder = RowEncoder::new(adaptation.source(), None, RowFormat::Compacted).expect("plain columns");
        let decoder = adaptation.row_decoder(RowFormat::Compacted).expect("plain columns");
        let mut decoded = ColumnsBuilder::new(Layout::of_schema(&new));
        for row in 0..3 {
            let mut bytes = Vec::new();
            encoder.encode(&batch, row, &mut bytes).expect("it fits");
            decoder.append(&bytes, &mut decoded).expect("it is sound");
        }
        let of_rows = message_of(&mut decoded);

        let mut builder = ColumnsBuilder::new(adaptation.source().clone());
        builder.append_range(&batch, 0, 3).expect("they fit");
        let (nodes, buffers) = builder.finish();
        let lengths: Vec<u32> = buffers.iter().map(|buffer| buffer.len() as u32).collect();
        let mut bytes = encode_message(3, &nodes, &lengths, Compression::None);
        for buffer in buffers {
            bytes.extend(buffer);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        let checked = CheckedMessage::decode(&bytes, 0, 3, adaptation.source(), 1 << 20).expect("it is sound");
        let adapted = adaptation.message(&checked, 1 << 20).expect("it is small");
        let mut body = Vec::new();
        for (range, length) in adapted.parts {
            match range {
                Some(range) => body.extend_from_slice(&bytes[range]),
                None => body.resize(body.len() + length as usize, 0),
            }
            body.resize(body.len().next_multiple_of(64), 0);
        }

        // Both are whole messages of the new schema, with the same values.
        let layout = Layout::of_schema(&new);
        let read = |metadata: &[u8], body: &[u8]| {
            let padded = metadata.len().next_multiple_of(8);
            let mut whole = [&[0xff; 4], &(padded as u32).to_le_bytes()[..], metadata].concat();
            whole.resize(8 + padded, 0);
            whole.extend_from_slice(body);
            let message = CheckedMessage::decode(&whole, 0, 3, &layout, 1 << 20).expect("it is sound");
            let values = message.buffers.iter().map(|span| whole[span.range.clone()][..span.used as usize].to_vec());
            (message.nodes.clone(), values.collect::<Vec<_>>())
        };
        let (of_rows, of_message) = (read(&of_rows.metadata, &of_rows.body), read(&adapted.metadata, &body));
        assert_eq!(of_rows.0[..2], [Node { length: 3, nulls: 0 }, Node { length: 3, nulls: 1 }]);
        assert!(of_rows.0[2..4].iter().all(|node| *node == Node { length: 3, nulls: 3 }));
        assert_eq!(of_rows.0, of_message.0);
        assert_eq!(of_rows.1, of_message.1);
        assert!(matches!(adaptation.message(&checked, 100), Err(RecordError::TooLarge { .. })));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let new = schema("n BIGINT NOT NULL, s STRING");
        let error =
            |old: &str| Adaptation::new(&schema(old), None, &new, None).expect_err("it does not fit").to_string();
        assert!(error("n INT NOT NULL, s STRING").contains("n does not fit: the rows were written with another type"));
        let mut other = schema("n BIGINT NOT NULL, s STRING");
        other.columns[0].id = 7;
        let error = Adaptation::new(&other, None, &new, None).expect_err("n is not there").to_string();
        assert!(error.contains("n does not fit: the rows were written without it"), "{error}");
        assert!(Adaptation::new(&other, None, &new, Some(&[1])).is_ok());
        assert!(Adaptation::new(&new, Some(&[1]), &new, None).is_err());
        assert!(Adaptation::new(&new, Some(&[2]), &new, Some(&[1])).is_err());
    }
}
