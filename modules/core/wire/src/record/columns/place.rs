//! Where the columns of a message without compression lie, from its metadata alone.

use crate::record::columns::checked::{corrupt, verified};
use crate::record::{Layout, Node, RecordError};

/// The nodes and buffers of a message without compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// One for each field of the layout.
    pub nodes: Vec<Node>,
    /// Offset and length in the body of each buffer, in the layout's order. One without bytes begins at 0.
    pub buffers: Vec<(u32, u32)>,
}

impl Places {
    /// Reads them from metadata without prefix, as `CheckedMessage::plain_metadata` and `PlainMessage` have it, with the
    /// fields of `layout`. That buffers lie in their body, and are long enough, is for who made the metadata to know.
    pub fn of_metadata(metadata: &[u8], layout: &Layout) -> Result<Self, RecordError> {
        let message = verified(metadata, layout)?;
        let batch = message.header_as_record_batch().ok_or_else(|| corrupt("it is not a record batch"))?;
        if batch.compression().is_some() {
            return Err(corrupt("its buffers are compressed"));
        }
        let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
            return Err(corrupt("it has no nodes or no buffers"));
        };
        if (nodes.len(), buffers.len()) != (layout.fields().len(), layout.buffer_count()) {
            return Err(corrupt("it has another number of nodes or buffers than its columns"));
        }
        let number =
            |number: i64| u32::try_from(number).map_err(|_| corrupt(format!("{number} is no length or place")));
        let nodes =
            nodes.iter().map(|node| Ok(Node { length: number(node.length())?, nulls: number(node.null_count())? }));
        let buffers = buffers.iter().map(|buffer| match number(buffer.length())? {
            0 => Ok((0, 0)),
            length => Ok((number(buffer.offset())?, length)),
        });
        Ok(Self {
            nodes: nodes.collect::<Result<_, RecordError>>()?,
            buffers: buffers.collect::<Result<_, RecordError>>()?,
        })
    }
}
