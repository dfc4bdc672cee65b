//! The rows that are measured: flights, of eight columns.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use thalweg::table::Schema;

pub(crate) const SCHEMA: &str = "flight BIGINT, origin STRING, destination STRING, delay INT, distance DOUBLE, fare DOUBLE, \
                          fuel DOUBLE, weight DOUBLE";

const ORIGINS: [&str; 8] = ["SEA", "PDX", "SFO", "LAX", "JFK", "ORD", "ATL", "DEN"];
const DESTINATIONS: [&str; 5] = ["Seattle, WA", "Portland, OR", "San Francisco, CA", "New York, NY", "Denver, CO"];

/// What is odd about some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    None,
    /// One value of five in `delay` and `distance` is null, at random.
    Nulls,
    /// One distance of a hundred is negative, at random.
    Negative,
}

/// So many flights; the same ones in every run. One of four is late, one of eight from Seattle.
pub(crate) fn flights(rows: usize, oddity: Oddity) -> Result<RecordBatch> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut present = || oddity != Oddity::Nulls || chance.below(5) > 0;
    let (has_delay, has_distance): (Vec<bool>, Vec<bool>) = (0..rows).map(|_| (present(), present())).unzip();
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut of = |texts: &[&'static str]| {
        StringArray::from_iter_values((0..rows).map(|_| texts[chance.below(texts.len() as u64) as usize]))
    };
    let (origins, destinations) = (of(&ORIGINS), of(&DESTINATIONS));
    let delays = has_delay.iter().map(|&has| Some(chance.below(120) as i32 - 59).filter(|_| has));
    let delays: Int32Array = delays.collect();
    let sign = |chance: &mut Chance| match oddity {
        Oddity::Negative if chance.below(100) == 0 => -1.0,
        _ => 1.0,
    };
    let distances = has_distance.iter().map(|&has| Some(sign(&mut chance) * chance.below(3000) as f64).filter(|_| has));
    let distances: Float64Array = distances.collect();
    let mut floats = || Float64Array::from_iter_values((0..rows).map(|_| chance.below(100_000) as f64 / 8.0));
    let (fares, fuel, weights) = (floats(), floats(), floats());
    let flights = Int64Array::from_iter_values(0..rows as i64);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(flights),
        Arc::new(origins),
        Arc::new(destinations),
        Arc::new(delays),
        Arc::new(distances),
        Arc::new(fares),
        Arc::new(fuel),
        Arc::new(weights),
    ];
    Ok(RecordBatch::try_new(Arc::new((&Schema::parse_sql(SCHEMA)?).into()), columns)?)
}

/// Numbers at random, the same in every run: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
