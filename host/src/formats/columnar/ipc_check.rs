//! What a batch of Arrow IPC says of itself, checked before anything is decoded: the library takes it at its word, and
//! makes room for it.

use arrow_buffer::Buffer;
use arrow_ipc::{CompressionType, RecordBatch};

use super::{UNBACKED_ROWS, expansion_limit};

/// What all buffers of a batch may take, in bytes.
const BATCH_LIMIT: u64 = 4 << 30;
/// The length of what was compressed, before it; -1 says that it was not.
const LENGTH: usize = 8;

/// Sees that the buffers of a batch lie in its body, that what is compressed can have the length that it says, and that
/// so many values can lie in so many bytes.
pub(super) fn check_batch(batch: &RecordBatch<'_>, body: &Buffer) -> Result<(), String> {
    let bound: Option<fn(u64) -> u64> = match batch.compression().map(|compression| compression.codec()) {
        None => None,
        Some(CompressionType::LZ4_FRAME) => Some(|length| expansion_limit(length, 255)),
        Some(CompressionType::ZSTD) => Some(|length| expansion_limit(length, 1 << 15)),
        Some(_) => return Err("it is compressed in a way that is not known".into()),
    };
    let mut total = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let place = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let bytes = place.and_then(|(offset, length)| body.get(offset..offset.checked_add(length)?));
        let bytes = bytes.ok_or("it is damaged: values lie outside of their batch")?;
        let length = match bound {
            Some(bound) if !bytes.is_empty() => decompressed(bytes, bound)?,
            _ => bytes.len() as u64,
        };
        total = total.saturating_add(length);
    }
    if total > BATCH_LIMIT {
        return Err(format!("a batch of it takes {total} bytes, more than {BATCH_LIMIT}; write smaller batches"));
    }
    let most = total.saturating_mul(8).max(UNBACKED_ROWS);
    let nodes = batch.nodes().into_iter().flatten();
    let lengths = nodes.map(|node| (node.length(), node.null_count())).chain([(batch.length(), 0)]);
    for (length, nulls) in lengths {
        if u64::try_from(length).map_or(true, |length| length > most) || !(0..=length).contains(&nulls) {
            return Err(format!("it is damaged: {length} values, {nulls} of them null, cannot lie in {total} bytes"));
        }
    }
    Ok(())
}

/// How long these bytes say that they are when decompressed.
fn decompressed(bytes: &[u8], bound: fn(u64) -> u64) -> Result<u64, String> {
    let length = bytes.first_chunk::<LENGTH>().map(|length| i64::from_le_bytes(*length));
    let packed = (bytes.len() - LENGTH.min(bytes.len())) as u64;
    match length {
        Some(-1) => Ok(packed),
        Some(length) => match u64::try_from(length) {
            Ok(length) if length <= bound(packed) => Ok(length),
            _ => Err(format!("it is damaged: {packed} compressed bytes cannot become {length}")),
        },
        None => Err("it is damaged: compressed values have no length".into()),
    }
}
