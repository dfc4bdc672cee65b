//! Keys as the lakes Paimon and Iceberg have them (`fluss.md` 2.10).

use crate::record::RecordError;
use crate::record::place::set_bit;
use crate::record::read::corrupt;
use crate::record::row::{Kind, Scalar, Slot, wide_bytes};

/// Bits before the null bits of a row: which kind of change it is. 0 is an insert, what keys have.
const HEADER_BITS: usize = 8;

/// Adds a row of Paimon: header and null bits, 8 bytes for each value, and behind these what does not fit in there.
pub(crate) fn write_paimon<'a>(
    values: impl ExactSizeIterator<Item = Result<(Kind, Option<Scalar<'a>>), RecordError>>,
    out: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let begin = out.len();
    let slots = begin + (values.len() + HEADER_BITS).div_ceil(64) * 8;
    out.resize(slots + values.len() * 8, 0);
    for (position, value) in values.enumerate() {
        let (kind, value) = value?;
        match value {
            Some(value) => {
                let slot = Slot { begin, at: slots + position * 8 };
                let full = |_| corrupt("key", "it would pass 2 GiB; take shorter values".into());
                slot.put(kind, value, out).map_err(full)?;
            }
            None => set_bit(out, begin, position + HEADER_BITS),
        }
    }
    Ok(())
}

/// Adds a value of Iceberg.
pub(crate) fn write_iceberg(kind: Kind, value: Scalar<'_>, out: &mut Vec<u8>) {
    let mut long = |value: i64| out.extend_from_slice(&value.to_le_bytes());
    match value {
        Scalar::Int(millis) if matches!(kind, Kind::Time(_)) => long(i64::from(millis) * 1_000),
        Scalar::Int(value) => long(i64::from(value)),
        Scalar::BigInt(value) => long(value),
        // Java lets what 64 bits cannot say wrap.
        Scalar::Timestamp { millis, nanos } => long(millis.wrapping_mul(1_000).wrapping_add(i64::from(nanos / 1_000))),
        Scalar::Float(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Double(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Bytes(bytes) => out.extend_from_slice(bytes),
        Scalar::Decimal(value) => out.extend_from_slice(wide_bytes(value, &mut [0; 16])),
        // No key of Iceberg has these types.
        Scalar::Boolean(_) | Scalar::TinyInt(_) | Scalar::SmallInt(_) => {}
    }
}
