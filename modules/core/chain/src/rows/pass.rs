//! The policy `pass`: rows that go on as they entered the module.

use arrow_array::ArrayRef;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::ArrowError;

use crate::checks::{Outcome, Selection};
use crate::kernels::{interleave, zip};

/// Some rows before a module that changes no column's name or type.
pub(crate) struct Passage {
    /// The columns that the module replaces, in the order in which it writes them.
    pub(crate) before: Vec<ArrayRef>,
    pub(crate) rows: usize,
}

impl Passage {
    /// All rows go on.
    pub(crate) fn alone(self) -> Outcome {
        Outcome::Selected(Selection::All, self.before)
    }

    /// These rows, which rise, go on beside what came of the others.
    pub(crate) fn beside(self, outcome: Outcome, passed: &[u32]) -> Result<Outcome, ArrowError> {
        match outcome {
            Outcome::Selected(selection, written) => self.beside_selected(&selection, &written, passed),
            Outcome::Produced(origins, written) => self.beside_produced(&origins, &written, passed),
        }
    }

    fn beside_selected(
        self,
        selection: &Selection,
        written: &[ArrayRef],
        passed: &[u32],
    ) -> Result<Outcome, ArrowError> {
        let mut bits = BooleanBufferBuilder::new(self.rows);
        bits.append_n(self.rows, false);
        passed.iter().for_each(|&row| bits.set_bit(row as usize, true));
        let bits = bits.finish();
        let chosen = match selection {
            Selection::All => BooleanBuffer::new_set(self.rows),
            Selection::Nothing => bits.clone(),
            Selection::Rows(rows) => rows | &bits,
        };
        let column = |(at, before): (usize, ArrayRef)| match written.get(at) {
            Some(written) => zip(&bits, &before, written),
            // Nothing was selected: the module wrote nothing.
            None => Ok(before),
        };
        let columns = self.before.into_iter().enumerate().map(column).collect::<Result<_, _>>()?;
        Ok(Outcome::Selected(Selection::Rows(chosen), columns))
    }

    fn beside_produced(self, origins: &[u32], written: &[ArrayRef], passed: &[u32]) -> Result<Outcome, ArrowError> {
        // From 0 the rows that were produced, from 1 those that pass; no row is in both.
        let mut picks: Vec<(u32, (usize, usize))> = Vec::with_capacity(origins.len() + passed.len());
        picks.extend(origins.iter().enumerate().map(|(at, &origin)| (origin, (0, at))));
        picks.extend(passed.iter().map(|&row| (row, (1, row as usize))));
        picks.sort_by_key(|(origin, _)| *origin);
        let places: Vec<(usize, usize)> = picks.iter().map(|(_, place)| *place).collect();
        let pairs = written.iter().zip(&self.before);
        let column = |(written, before): (&ArrayRef, &ArrayRef)| interleave([written, before], &places);
        let columns = pairs.map(column).collect::<Result<_, _>>()?;
        Ok(Outcome::Produced(picks.into_iter().map(|(origin, _)| origin).collect(), columns))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::Int32Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;

    use super::*;

    fn column(values: &[i32]) -> ArrayRef {
        Arc::new(Int32Array::from(values.to_vec()))
    }

    fn passage() -> Passage {
        Passage { before: vec![column(&[0, 1, 2, 3])], rows: 4 }
    }

    fn values(array: &ArrayRef) -> &[i32] {
        array.as_primitive::<Int32Type>().values()
    }

    #[test]
    fn rows_pass_in_their_places() {
        let cases = [
            (Selection::All, vec![column(&[10, 11, 12, 13])], [10, 1, 12, 3], vec![0, 1, 2, 3]),
            (Selection::Nothing, vec![], [0, 1, 2, 3], vec![1, 3]),
            (
                Selection::Rows(BooleanBuffer::from(vec![true, false, false, false])),
                vec![column(&[10, 11, 12, 13])],
                [10, 1, 12, 3],
                vec![0, 1, 3],
            ),
        ];
        for (selection, written, expected, kept) in cases {
            let outcome = passage().beside(Outcome::Selected(selection, written), &[1, 3]).expect("an outcome");
            let Outcome::Selected(Selection::Rows(rows), columns) = outcome else { panic!("selected rows") };
            assert_eq!((values(&columns[0]), rows.set_indices().collect::<Vec<_>>()), (&expected[..], kept));
        }
    }

    #[test]
    fn rows_pass_between_those_that_were_produced() {
        let produced = Outcome::Produced(vec![0, 0, 2], vec![column(&[100, 101, 120])]);
        let outcome = passage().beside(produced, &[1, 3]).expect("an outcome");
        let Outcome::Produced(origins, columns) = outcome else { panic!("produced rows") };
        assert_eq!((&origins[..], values(&columns[0])), (&[0, 0, 1, 2, 3][..], &[100, 101, 1, 120, 3][..]));
    }
}
