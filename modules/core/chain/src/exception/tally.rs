//! The count of all rows that ended at a module.

use super::{Exception, Tally};
use crate::policy::Policy;
use crate::rows::Flow;

/// What ended at a module: `ended` of its input rows; `made` tells, where an earlier module made several rows of one, the
/// given rows that its input came from.
pub(crate) fn tally(made: Option<&[u32]>, ended: usize, exceptions: &[Exception], flow: &Flow) -> Tally {
    let of = |wanted: fn(&Policy) -> bool| exceptions.iter().filter(move |exception| wanted(&exception.policy));
    let is_dead_letter = |policy: &Policy| matches!(policy, Policy::DeadLetter(_));
    let is_drop = |policy: &Policy| *policy == Policy::Drop;
    let Some(before) = made else {
        let count = |wanted: fn(&Policy) -> bool| of(wanted).map(|exception| exception.rows.len() as u64).sum::<u64>();
        let (dropped, dead_lettered) = (count(is_drop), count(is_dead_letter));
        return Tally { filtered: (ended as u64).saturating_sub(dropped + dead_lettered), dropped, dead_lettered };
    };
    let after = flow.fanned_origins().unwrap_or_default();
    let mut tally = Tally::default();
    for group in before.chunk_by(|one, next| one == next) {
        let Some(&row) = group.first() else { continue };
        let among =
            |wanted: fn(&Policy) -> bool| of(wanted).any(|exception| exception.rows.binary_search(&row).is_ok());
        match () {
            () if after.binary_search(&row).is_ok() => {}
            () if among(is_dead_letter) => tally.dead_lettered += 1,
            () if among(is_drop) => tally.dropped += 1,
            () => tally.filtered += 1,
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array, RecordBatch};
    use arrow_buffer::BooleanBuffer;

    use super::*;
    use crate::exception::ExceptionKind;

    fn exception(policy: Policy, rows: Vec<u32>) -> Exception {
        let causes = vec![0; rows.len()];
        let (kind, messages) = (ExceptionKind::Refused, vec!["no".to_owned()]);
        Exception { module: "m".into(), kind, policy, rows, causes, messages, dead_letters: None }
    }

    #[test]
    fn a_row_of_many_ends_once_where_its_last_ended() {
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..5));
        let mut flow = Flow::new(&RecordBatch::try_from_iter([("i", column)]).expect("a batch"));
        flow.produce(vec![0, 0, 1, 2, 2, 3, 4]).expect("rows of the flow");
        let before = flow.fanned_origins().expect("several rows of one");
        // One of row 0 stays; 1 is dropped, of 2 one is a dead letter, 3 filtered, 4 dropped in part.
        let kept = [true, false, false, false, false, false, true];
        flow.keep(BooleanBuffer::from(kept.to_vec()));
        let exceptions =
            [exception(Policy::Drop, vec![0, 1, 2, 4]), exception(Policy::DeadLetter("t".into()), vec![2])];
        let expected = Tally { filtered: 1, dropped: 1, dead_lettered: 1 };
        assert_eq!(tally(Some(&before), 5, &exceptions, &flow), expected);
    }
}
