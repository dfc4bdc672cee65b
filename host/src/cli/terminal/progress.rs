//! The progress of rows on their way: how many, how fast, and, where it is known of how many, how much is done and how long
//! the rest takes. On a terminal only.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressState, ProgressStyle};

use super::numbers::grouped;
use super::say::say;
use crate::formats::Progress;

/// How often it is drawn.
const PERIOD: Duration = Duration::from_millis(200);

/// Rows on their way, as a line that is drawn again and again.
#[derive(Clone)]
pub(in crate::cli) struct Bar {
    bar: ProgressBar,
    rows: Arc<AtomicU64>,
}

/// How far rows are.
#[derive(Debug, Clone, Copy, Default)]
struct Status {
    rows: u64,
    elapsed: Duration,
    /// Bytes that were read of the inputs, where rows come from those.
    bytes: Option<u64>,
    /// How many bytes, or else rows, there are.
    total: Option<u64>,
}

impl Bar {
    /// Silent where standard error is no terminal, or with `--quiet`.
    pub(in crate::cli) fn new(quiet: bool) -> Self {
        let hidden = quiet || !std::io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Self { bar, rows: Arc::default() }
    }

    /// Whether anybody sees it.
    pub(in crate::cli) fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Begins to show rows that are read from inputs of so many bytes, and gives what the reader reports to.
    pub(in crate::cli) fn reading(&self, total: Option<u64>) -> Progress {
        let bar = self.bar.clone();
        let read = Progress::new(move |notice| bar.suspend(|| say(notice)));
        let progress = read.clone();
        self.draw(move || (Some(progress.bytes()), total));
        read
    }

    /// Begins to show rows, of which there are so many.
    pub(in crate::cli) fn counting(&self, total: Option<u64>) {
        self.draw(move || (None, total));
    }

    fn draw(&self, measure: impl Fn() -> (Option<u64>, Option<u64>) + Clone + Send + Sync + 'static) {
        if self.is_hidden() {
            return;
        }
        let rows = Arc::clone(&self.rows);
        let status = move |state: &ProgressState, out: &mut dyn Write| {
            let (bytes, total) = measure();
            let done = Status { rows: rows.load(Ordering::Relaxed), elapsed: state.elapsed(), bytes, total };
            let _ = out.write_str(&done.sentence());
        };
        // The template is of this file: it can be parsed.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {status}") {
            self.bar.set_style(style.with_key("status", status));
        }
        self.bar.enable_steady_tick(PERIOD);
    }

    pub(in crate::cli) fn add(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Does something that prints, with the line out of the way.
    pub(in crate::cli) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(in crate::cli) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Status {
    /// What matters most first: a narrow terminal cuts the end.
    fn sentence(&self) -> String {
        let Self { rows, elapsed, bytes, total } = *self;
        let mut text = format!("{} rows", grouped(rows));
        let done = bytes.unwrap_or(rows);
        match total.filter(|total| *total > 0) {
            Some(total) => {
                let done = done.min(total);
                let percent = u128::from(done) * 100 / u128::from(total);
                text += &format!("  {percent}%");
                if done > 0 {
                    let left = elapsed.mul_f64((total - done) as f64 / done as f64);
                    text += &format!("  {} left", clock(left));
                }
            }
            None => text += &format!("  {}", clock(elapsed)),
        }
        if !elapsed.is_zero() {
            text += &format!("  {} rows/s", grouped((rows as f64 / elapsed.as_secs_f64()) as u64));
        }
        match (bytes, total) {
            (Some(bytes), Some(total)) => {
                text += &format!("  {} of {}", HumanBytes(bytes.min(total)), HumanBytes(total))
            }
            (Some(bytes), None) => text += &format!("  {}", HumanBytes(bytes)),
            _ => {}
        }
        text
    }
}

/// A time as `0:07` and `1:02:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_and_left_is_said_where_it_is_known() {
        let seconds = Duration::from_secs;
        let cases = [
            (
                Status { rows: 1_234_567, elapsed: seconds(30), bytes: Some(1 << 20), total: Some(4 << 20) },
                "1,234,567 rows  25%  1:30 left  41,152 rows/s  1.00 MiB of 4.00 MiB",
            ),
            (Status { rows: 10, elapsed: seconds(3), bytes: Some(100), total: None }, "10 rows  0:03  3 rows/s  100 B"),
            (
                Status { rows: 500, elapsed: seconds(1800), bytes: None, total: Some(2000) },
                "500 rows  25%  1:30:00 left  0 rows/s",
            ),
            (Status { bytes: Some(0), total: Some(100), ..Status::default() }, "0 rows  0%  0 B of 100 B"),
            // The file grew since it was looked at.
            (
                Status { rows: 7, elapsed: seconds(1), bytes: Some(150), total: Some(100) },
                "7 rows  100%  0:00 left  7 rows/s  100 B of 100 B",
            ),
            (Status { total: Some(0), elapsed: seconds(1), ..Status::default() }, "0 rows  0:01  0 rows/s"),
        ];
        for (status, expected) in cases {
            assert_eq!(status.sentence(), expected);
        }
    }
}
