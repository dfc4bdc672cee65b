//! Times of things that do the same, taken in turns: many short rounds, so that other work on the machine troubles all of
//! them alike, and the least troubled round of each can be told.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

/// How long a round of one thing is to last.
const ROUND: Duration = Duration::from_millis(2);
const MOST_ROUNDS: usize = 200;
const FEWEST_ROUNDS: usize = 5;

/// Something to be timed.
pub(crate) struct Subject<'a> {
    run: Box<dyn FnMut() -> Result<()> + 'a>,
}

/// Nanoseconds a run.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Times {
    /// Of the fastest round.
    pub(crate) least: f64,
    /// Of the round in the middle.
    pub(crate) median: f64,
    /// Nine of ten rounds were faster.
    pub(crate) p90: f64,
    pub(crate) rounds: usize,
}

impl<'a> Subject<'a> {
    pub(crate) fn new<T>(mut run: impl FnMut() -> Result<T> + 'a) -> Self {
        Self { run: Box::new(move || run().map(|made| drop(black_box(made)))) }
    }

    /// Runs so many times, and gives the nanoseconds of one.
    fn round(&mut self, runs: u32) -> Result<f64> {
        let begin = Instant::now();
        for _ in 0..runs {
            (self.run)()?;
        }
        Ok(begin.elapsed().as_nanos() as f64 / f64::from(runs))
    }

    /// Warms up, and tells how many runs make a round.
    fn runs(&mut self) -> Result<u32> {
        let begin = Instant::now();
        let mut fastest = f64::INFINITY;
        for _ in 0..1000 {
            fastest = fastest.min(self.round(1)?);
            if begin.elapsed() > ROUND * 5 {
                break;
            }
        }
        Ok((ROUND.as_nanos() as f64 / fastest.max(1.0)).clamp(1.0, 10_000.0) as u32)
    }
}

/// Times all of them within about this time.
pub(crate) fn measure(subjects: &mut [Subject<'_>], budget: Duration) -> Result<Vec<Times>> {
    let begin = Instant::now();
    let runs = subjects.iter_mut().map(Subject::runs).collect::<Result<Vec<_>>>()?;
    let mut rounds = vec![Vec::new(); subjects.len()];
    for round in 0..MOST_ROUNDS {
        if round >= FEWEST_ROUNDS && begin.elapsed() > budget {
            break;
        }
        for ((subject, runs), rounds) in subjects.iter_mut().zip(&runs).zip(&mut rounds) {
            rounds.push(subject.round(*runs)?);
        }
    }
    Ok(rounds.into_iter().map(times).collect())
}

fn times(mut rounds: Vec<f64>) -> Times {
    rounds.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| rounds[((rounds.len() - 1) as f64 * share) as usize];
    Times { least: at(0.0), median: at(0.5), p90: at(0.9), rounds: rounds.len() }
}

impl Times {
    /// Of one of so many rows.
    pub(crate) fn over(self, rows: usize) -> Times {
        let rows = rows as f64;
        Times { least: self.least / rows, median: self.median / rows, p90: self.p90 / rows, ..self }
    }
}
