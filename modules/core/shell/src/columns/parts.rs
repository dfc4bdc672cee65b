//! Where columns lie, from the metadata of a message that the engine made or checked.

use thalweg_contract::{ColumnParts, Part};
use thalweg_wire::record::{Layout, LayoutField, Places, RecordError, Shape};

/// The parts of every column of `layout` and of what lies in it, in the order of `column::Batch`.
///
/// `metadata` is that of an Arrow message without compression, a flatbuffer without prefix. A part without bytes begins at
/// 0. That parts lie in the body is for who made the metadata to know.
///
/// # Errors
/// On metadata that is not that of these columns.
pub fn parts(metadata: &[u8], layout: &Layout) -> Result<Vec<ColumnParts>, RecordError> {
    let places = Places::of_metadata(metadata, layout)?;
    let fields = layout.fields().iter().zip(&places.nodes);
    // Arrow has the entries of a map as a field of their own.
    let columns = fields.filter(|(field, _)| field.data_type.is_some());
    Ok(columns.map(|(field, node)| column(&places, field, node.length, node.nulls)).collect())
}

fn column(places: &Places, field: &LayoutField, rows: u32, nulls: u32) -> ColumnParts {
    // There are as many buffers as the layout has: each field has its own.
    let part = |place: usize| places.buffers.get(field.buffer + place).map(|&(offset, length)| Part { offset, length });
    let (offsets, values) = match field.shape {
        Shape::Bits | Shape::Fixed(_) => (None, part(1)),
        Shape::Spans { .. } => (part(1), part(2)),
        Shape::Lists => (part(1), None),
        Shape::Group => (None, None),
    };
    ColumnParts { rows, validity: part(0).filter(|_| nulls > 0), offsets, values }
}
