//! Where columns lie, from the metadata of a message that the engine made or checked.

use arrow_ipc::{Buffer, FieldNode, RecordBatch, root_as_message};
use thalweg_contract::{ColumnParts, Part};
use thalweg_wire::record::{Layout, LayoutField, Shape};

/// Metadata that does not say where the columns of these rows lie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the metadata of rows does not fit their columns: {0}")]
pub struct PartsError(String);

/// The parts of every column of `layout` and of what lies in it, in the order of `column::Batch`.
///
/// `metadata` is that of an Arrow message without compression, a flatbuffer without prefix. A part without bytes begins at
/// 0. That parts lie in the body is for who made the metadata to know.
pub fn parts(metadata: &[u8], layout: &Layout) -> Result<Vec<ColumnParts>, PartsError> {
    let message = root_as_message(metadata).map_err(|error| wrong(error.to_string()))?;
    let batch = message.header_as_record_batch().ok_or_else(|| wrong("it is not that of a record batch"))?;
    if batch.compression().is_some() {
        return Err(wrong("its buffers are compressed"));
    }
    let found = Found::of(&batch, layout)?;
    let fields = layout.fields().iter().enumerate();
    // Arrow has the entries of a map as a field of their own.
    let columns = fields.filter(|(_, field)| field.data_type.is_some()).map(|(at, field)| found.parts(at, field));
    columns.collect()
}

/// The nodes and buffers of a message: as many as its layout has.
struct Found<'a> {
    nodes: flatbuffers::Vector<'a, FieldNode>,
    buffers: flatbuffers::Vector<'a, Buffer>,
}

impl<'a> Found<'a> {
    fn of(batch: &RecordBatch<'a>, layout: &Layout) -> Result<Self, PartsError> {
        let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
            return Err(wrong("it has no nodes or no buffers"));
        };
        if (nodes.len(), buffers.len()) != (layout.fields().len(), layout.buffer_count()) {
            return Err(wrong("it has another number of nodes or buffers"));
        }
        Ok(Self { nodes, buffers })
    }

    fn parts(&self, at: usize, field: &LayoutField) -> Result<ColumnParts, PartsError> {
        let node = self.nodes.get(at);
        let rows = u32::try_from(node.length()).map_err(|_| wrong("a node has a length that cannot be"))?;
        let part = |place: usize| part(self.buffers.get(field.buffer + place));
        let validity = match node.null_count() {
            0 => None,
            _ => Some(part(0)?),
        };
        let (offsets, values) = match field.shape {
            Shape::Bits | Shape::Fixed(_) => (None, Some(part(1)?)),
            Shape::Spans { .. } => (Some(part(1)?), Some(part(2)?)),
            Shape::Lists => (Some(part(1)?), None),
            Shape::Group => (None, None),
        };
        Ok(ColumnParts { rows, validity, offsets, values })
    }
}

fn part(buffer: &Buffer) -> Result<Part, PartsError> {
    let number = |number: i64| u32::try_from(number).map_err(|_| wrong("a buffer lies where it cannot"));
    let length = number(buffer.length())?;
    let offset = if length == 0 { 0 } else { number(buffer.offset())? };
    Ok(Part { offset, length })
}

fn wrong(reason: impl Into<String>) -> PartsError {
    PartsError(reason.into())
}
