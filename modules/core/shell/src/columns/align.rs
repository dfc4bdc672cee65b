//! A body in which every part begins where it can be read in place.

use thalweg_contract::{ColumnParts, Part};

/// Every part begins at a multiple of this many bytes.
const ALIGNMENT: usize = 8;

/// Whether every part begins where it should.
pub(crate) fn is_aligned(columns: &[ColumnParts]) -> bool {
    let parts = columns.iter().flat_map(|column| [column.validity, column.offsets, column.values]);
    parts.flatten().all(|part| (part.offset as usize).is_multiple_of(ALIGNMENT))
}

/// The same columns in a body of their own, one part after the other.
///
/// `None` if that would be longer than `limit` bytes (of parts that lie in each other there can be more than bytes), or
/// if a part lies outside of `body`.
pub(crate) fn aligned(columns: &mut [ColumnParts], body: &[u8], limit: usize) -> Option<Vec<u8>> {
    let parts = columns.iter().flat_map(|column| [column.validity, column.offsets, column.values]);
    let padded = |part: Part| (part.length as usize).next_multiple_of(ALIGNMENT);
    let length = parts.flatten().try_fold(0usize, |sum, part| sum.checked_add(padded(part)))?;
    if length > limit {
        return None;
    }
    let mut made = Vec::new();
    made.try_reserve_exact(length).ok()?;
    for column in columns {
        for part in [&mut column.validity, &mut column.offsets, &mut column.values].into_iter().flatten() {
            let from = part.offset as usize;
            let bytes = body.get(from..from.checked_add(part.length as usize)?)?;
            part.offset = u32::try_from(made.len()).ok()?;
            made.extend_from_slice(bytes);
            made.resize(made.len().next_multiple_of(ALIGNMENT), 0);
        }
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(validity: Option<(u32, u32)>, values: (u32, u32)) -> ColumnParts {
        let part = |(offset, length)| Part { offset, length };
        ColumnParts { rows: 2, validity: validity.map(part), offsets: None, values: Some(part(values)) }
    }

    #[test]
    fn parts_are_moved_to_multiples_of_eight() {
        let body: Vec<u8> = (0..40).collect();
        let mut columns = vec![column(Some((3, 1)), (4, 16)), column(None, (21, 8))];
        assert!(!is_aligned(&columns));
        let made = aligned(&mut columns, &body, 100).expect("they lie in it");
        assert!(is_aligned(&columns));
        assert_eq!(columns, [column(Some((0, 1)), (8, 16)), column(None, (24, 8))]);
        let expected = [&[3, 0, 0, 0, 0, 0, 0, 0], &body[4..20], &body[21..29]].concat();
        assert_eq!(made, expected);
    }

    #[test]
    fn what_lies_outside_or_grows_too_long_is_refused() {
        let body = [0; 40];
        assert_eq!(aligned(&mut [column(None, (33, 8))], &body, 100), None);
        assert_eq!(aligned(&mut [column(None, (u32::MAX, u32::MAX))], &body, usize::MAX), None);
        // The same bytes many times over.
        let mut many = vec![column(None, (1, 32)); 4];
        assert_eq!(aligned(&mut many, &body, 127), None);
        assert_eq!(aligned(&mut many, &body, 128).map(|body| body.len()), Some(128));
    }
}
