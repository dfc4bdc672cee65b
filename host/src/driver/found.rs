//! What lookups found that were answered together, and which part of it is whose.

use std::sync::{Arc, OnceLock};

use arrow_array::RecordBatch;
use bytes::Bytes;
use thalweg_contract::{Found, Layout};

/// The rows of several lookups, read by whoever needs them first.
#[derive(Debug)]
struct Together {
    counts: Vec<u32>,
    layout: Layout,
    body: Bytes,
    rows: OnceLock<Result<RecordBatch, String>>,
}

/// What one lookup found, among others.
#[derive(Debug)]
pub(crate) struct FoundShare {
    together: Arc<Together>,
    first_key: usize,
    keys: usize,
    first_row: usize,
}

/// Gives each of the lookups with so many keys its share; `None` where they have not as many keys as there are answers.
pub(super) fn shares(found: Found, keys: &[usize]) -> Option<impl Iterator<Item = FoundShare>> {
    let Found { counts, layout, body, .. } = found;
    if keys.iter().sum::<usize>() != counts.len() {
        return None;
    }
    let together = Arc::new(Together { counts, layout, body: Bytes::from(body), rows: OnceLock::new() });
    let (mut first_key, mut first_row) = (0, 0);
    Some(keys.iter().map(move |&keys| {
        let share = FoundShare { together: Arc::clone(&together), first_key, keys, first_row };
        first_row += share.counts().iter().map(|count| *count as usize).sum::<usize>();
        first_key += keys;
        share
    }))
}

impl FoundShare {
    /// How many rows each key has.
    pub(crate) fn counts(&self) -> &[u32] {
        self.together.counts.get(self.first_key..self.first_key + self.keys).unwrap_or_default()
    }

    /// Its rows. The first of the lookups that asks has them all read, by `read`, out of the metadata of an Arrow message
    /// and its body. Fails where they cannot be read, or are not as many as there are to be.
    pub(crate) fn rows(
        &self,
        read: impl FnOnce(&[u8], Bytes) -> Result<RecordBatch, String>,
    ) -> Result<RecordBatch, String> {
        let Together { counts, layout, body, rows } = &*self.together;
        let read_all = || {
            let rows = read(layout.message().ok_or("the engine gives no Arrow message")?, body.clone())?;
            let expected: usize = counts.iter().map(|count| *count as usize).sum();
            match rows.num_rows() == expected {
                true => Ok(rows),
                false => Err(format!("{} rows came where {expected} were counted", rows.num_rows())),
            }
        };
        let all = rows.get_or_init(read_all).as_ref().map_err(Clone::clone)?;
        let own = self.counts().iter().map(|count| *count as usize).sum();
        Ok(if own == all.num_rows() { all.clone() } else { all.slice(self.first_row, own) })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int32Array};

    use super::*;

    #[test]
    fn each_lookup_has_its_rows_and_they_are_read_once() {
        let found = |counts: &[u32]| Found {
            counts: counts.to_vec(),
            rows: counts.iter().sum(),
            layout: Layout::Message(vec![1]),
            body: vec![2],
        };
        assert!(shares(found(&[1, 0, 2]), &[1, 1]).is_none());
        let shares: Vec<_> = shares(found(&[1, 0, 2, 1]), &[2, 0, 2]).expect("as many keys as counts").collect();
        let mut reads = 0;
        let mut rows = |share: &FoundShare| {
            let read = |metadata: &[u8], body: Bytes| {
                reads += 1;
                assert_eq!((metadata, &body[..]), (&[1][..], &[2][..]));
                let ids: ArrayRef = Arc::new(Int32Array::from(vec![10, 11, 12, 13]));
                RecordBatch::try_from_iter([("id", ids)]).map_err(|error| error.to_string())
            };
            let rows = share.rows(read).expect("rows");
            rows.column(0).as_any().downcast_ref::<Int32Array>().expect("numbers").values().to_vec()
        };
        assert_eq!(shares.iter().map(&mut rows).collect::<Vec<_>>(), [vec![10], vec![], vec![11, 12, 13]]);
        assert_eq!(reads, 1);
        assert_eq!(shares[2].counts(), [2, 1]);
        let short = super::shares(found(&[1, 1]), &[2]).expect("as many keys as counts").next().expect("one");
        let error = short.rows(|_, _| Ok(RecordBatch::new_empty(Arc::new(arrow_schema::Schema::empty()))));
        assert!(error.expect_err("none came").contains("0 rows came where 2 were counted"));
    }
}
