//! Cuts large record batches into parts of a bounded size.

use arrow_array::RecordBatch;
use thalweg_contract::WriteSettings;

use crate::{
    client::Error,
    columns::{Flattened, flatten, flattened_bytes},
};

/// Parts begin at multiples of this many rows, so that the bitmaps of a part begin at a byte and need no copy.
const STEP: usize = 64;

/// The largest part of a record batch that is given to the engine at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) struct PartLimit {
    /// In rows.
    pub(in crate::client) rows: usize,
    /// In bytes, as near as rows of even size allow.
    pub(in crate::client) bytes: usize,
}

impl PartLimit {
    /// What fits into one batch, and a few times into the buffer.
    pub(in crate::client) fn of(settings: &WriteSettings) -> Self {
        let share = usize::try_from(settings.buffer_limit / 4).unwrap_or(usize::MAX);
        Self { rows: (settings.batch_rows as usize).max(1), bytes: (settings.batch_bytes as usize).min(share).max(1) }
    }
}

/// The parts of a record batch, with the first row of each. Every row is flattened once.
pub(in crate::client) fn split(rows: &RecordBatch, limit: PartLimit) -> Result<Vec<(usize, Flattened)>, Error> {
    let mut parts = Vec::new();
    cut(rows, 0, limit, &mut parts)?;
    Ok(parts)
}

fn cut(rows: &RecordBatch, first: usize, limit: PartLimit, parts: &mut Vec<(usize, Flattened)>) -> Result<(), Error> {
    let (count, bytes) = (rows.num_rows(), flattened_bytes(rows));
    if count <= 1 || (count <= limit.rows && bytes <= limit.bytes) {
        parts.push((first, flatten(rows)?));
        return Ok(());
    }
    // Rows of even size make parts of the limit; where they are not, what is still too large is cut again.
    let pieces = count.div_ceil(limit.rows).max(bytes.div_ceil(limit.bytes)).max(2);
    let step = count.div_ceil(pieces);
    let step = if step >= STEP { step / STEP * STEP } else { step };
    for at in (0..count).step_by(step) {
        cut(&rows.slice(at, step.min(count - at)), first + at, limit, parts)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(texts: Vec<String>) -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..texts.len() as i64));
        let texts: ArrayRef = Arc::new(StringArray::from(texts));
        RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
    }

    #[test]
    fn parts_hold_every_row_once_and_keep_the_limit() {
        let cases = [
            ("even", vec!["abc".to_owned(); 10_000], PartLimit { rows: 1000, bytes: 1 << 20 }),
            ("bytes", vec!["x".repeat(100); 5_000], PartLimit { rows: 1 << 20, bytes: 4096 }),
            (
                "one long row",
                (0..300).map(|row| "y".repeat(if row == 7 { 50_000 } else { 3 })).collect(),
                PartLimit { rows: 100, bytes: 2000 },
            ),
            ("none", vec![], PartLimit { rows: 10, bytes: 10 }),
        ];
        for (name, texts, limit) in cases {
            let rows = batch(texts);
            let parts = split(&rows, limit).unwrap();
            let mut next = 0;
            for (first, part) in &parts {
                assert_eq!(*first, next, "{name}");
                assert!(part.rows() <= limit.rows, "{name}");
                assert!(part.rows() == 1 || part.bytes() <= limit.bytes, "{name}: {} bytes", part.bytes());
                next += part.rows();
            }
            assert_eq!(next, rows.num_rows(), "{name}");
        }
    }
}
