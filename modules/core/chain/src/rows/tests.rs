//! Rows between stages, against a naive model.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;

use super::Flow;
use crate::checks::ColumnSource;

#[derive(Debug, Clone)]
enum Step {
    Keep(Vec<bool>),
    Produce(Vec<prop::sample::Index>),
    /// The second column becomes the number of the row.
    Write,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(any::<bool>(), 40).prop_map(Step::Keep),
        1 => prop::collection::vec(any::<prop::sample::Index>(), 0..40).prop_map(Step::Produce),
        1 => Just(Step::Write),
        1 => Just(Step::Read),
    ]
}

fn column(values: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

proptest! {
    #[test]
    fn late_filters_give_what_early_ones_do(steps in prop::collection::vec(step(), 0..8)) {
        let batch = RecordBatch::try_from_iter([("a", column(0..40)), ("b", column(100..140))]).expect("a batch");
        let mut flow = Flow::new(&batch);
        let mut model: Vec<(i32, i32)> = (0..40).map(|row| (row, row + 100)).collect();
        for step in steps {
            match step {
                Step::Keep(bits) => {
                    let bits = &bits[..model.len().min(40)];
                    let mut all = bits.iter().copied().chain(std::iter::repeat(true));
                    let bits: Vec<bool> = model.iter().map(|_| all.next().unwrap_or(true)).collect();
                    let mut kept = bits.iter();
                    model.retain(|_| *kept.next().expect("a bit each"));
                    flow.keep(BooleanBuffer::from(bits));
                }
                Step::Produce(picks) if !model.is_empty() => {
                    let mut origins: Vec<u32> = picks.iter().map(|pick| pick.index(model.len()) as u32).collect();
                    origins.sort_unstable();
                    model = origins.iter().map(|&row| model[row as usize]).collect();
                    flow.produce(origins).expect("rows of the flow");
                }
                Step::Produce(_) => {}
                Step::Write => {
                    model.iter_mut().enumerate().for_each(|(row, (_, b))| *b = row as i32);
                    let written = column(0..model.len() as i32);
                    flow.rearrange(&[ColumnSource::Input(0), ColumnSource::Written(0)], &[written]);
                }
                Step::Read => {
                    let read = flow.column(1).expect("a column");
                    prop_assert!(read.as_primitive::<Int32Type>().values().iter().eq(model.iter().map(|(_, b)| b)));
                }
            }
            prop_assert_eq!(flow.rows(), model.len());
        }
        for (row, (a, _)) in model.iter().enumerate() {
            prop_assert_eq!(flow.input_row(row), *a as usize);
        }
        let schema = Schema::new(["b", "a"].map(|name| Field::new(name, DataType::Int32, false)).to_vec());
        let schema = Arc::new(schema);
        let (out, origins) = flow.finish(&[1, 0], &schema).expect("a batch");
        prop_assert!(out.column(0).as_primitive::<Int32Type>().values().iter().eq(model.iter().map(|(_, b)| b)));
        prop_assert!(out.column(1).as_primitive::<Int32Type>().values().iter().eq(model.iter().map(|(a, _)| a)));
        match origins {
            Some(origins) => prop_assert!(origins.iter().map(|&row| row as i32).eq(model.iter().map(|(a, _)| *a))),
            None => prop_assert_eq!(model.len(), 40),
        }
    }
}
