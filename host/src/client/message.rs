//! Rows out of an Arrow message, without copying where it is aligned.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{MetadataVersion, reader::RecordBatchDecoder, root_as_message};
use arrow_schema::SchemaRef;
use bytes::Bytes;

/// Reads the record batch of an Arrow message with these fields, of which `order` takes some by position.
pub(super) fn read(
    metadata: &[u8],
    body: Bytes,
    schema: SchemaRef,
    order: Option<&[usize]>,
) -> Result<RecordBatch, String> {
    let message = root_as_message(metadata).map_err(|error| error.to_string())?;
    let header = message.header_as_record_batch().ok_or("the message is no record batch")?;
    let (body, none) = (Buffer::from(body), HashMap::new());
    let decoder = RecordBatchDecoder::try_new(&body, header, schema, &none, &MetadataVersion::V5);
    let decoder = decoder.map_err(|error| error.to_string())?.with_projection(order);
    decoder.with_require_alignment(false).read_record_batch().map_err(|error| error.to_string())
}
