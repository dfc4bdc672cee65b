//! Fuzzing with what a stable compiler has: inputs that a number decides, each tried under a guard.
//!
//! `THALWEG_FUZZ=600` tries each target for so many seconds; `THALWEG_FUZZ_CASE=17` tries one case alone, and
//! `THALWEG_FUZZ_FROM` begins at another than the first.

pub(crate) mod memory;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mutate::Inputs;

/// A case that takes longer hangs: generous, for machines that do much else.
const PATIENCE: Duration = Duration::from_secs(30);

/// One decoder, or some that go together.
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    /// Good inputs.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Texts that mean something in this format.
    pub(crate) words: &'a [&'a str],
    /// Bytes that may be held for each byte of input, and for none.
    pub(crate) memory: (usize, usize),
    /// Seconds, unless the environment says more.
    pub(crate) seconds: f64,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

impl Target<'_> {
    /// Tries inputs until the time is over; `check` panics where a property does not hold.
    pub(crate) fn run(&self, check: impl Fn(&[u8])) {
        let inputs = Inputs { seeds: &self.seeds, words: self.words };
        if let Some(case) = number("THALWEG_FUZZ_CASE") {
            let input = inputs.of(case);
            println!("{} case {case}: {input:x?}\n{:?}", self.name, String::from_utf8_lossy(&input));
            return self.case(case, &input, &check);
        }
        let seconds = number("THALWEG_FUZZ").map_or(self.seconds, |seconds| seconds as f64);
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        let first = number("THALWEG_FUZZ_FROM").unwrap_or(0);
        let under_way = self.watch();
        let mut case = first;
        while Instant::now() < until {
            under_way.store(case + 1, Ordering::Relaxed);
            self.case(case, &inputs.of(case), &check);
            case += 1;
        }
        under_way.store(0, Ordering::Relaxed);
        println!("{}: {} cases", self.name, case - first);
        assert!(case - first >= 20, "{}: only {} cases in {seconds} seconds", self.name, case - first);
    }

    fn case(&self, case: u64, input: &[u8], check: &impl Fn(&[u8])) {
        let (outcome, held) = memory::measured(|| catch_unwind(AssertUnwindSafe(|| check(input))));
        let (each, fixed) = self.memory;
        let most = input.len() * each + fixed;
        if outcome.is_ok() && held <= most {
            return;
        }
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{case}.bin", self.name));
        let _ = std::fs::write(&file, input);
        let what = match outcome {
            Err(_) => "it panics (see above)".to_owned(),
            Ok(()) => format!("{} bytes of input take {held} bytes of memory, more than {most}", input.len()),
        };
        panic!("{} case {case} ({}): {what}", self.name, file.display());
    }

    /// Ends the process where a case takes too long. The number is that of the case, and one; 0: there is none any more.
    fn watch(&self) -> Arc<AtomicU64> {
        let under_way = Arc::new(AtomicU64::new(u64::MAX));
        let (watched, name) = (under_way.clone(), self.name.to_owned());
        std::thread::spawn(move || {
            let (mut last, mut since) = (u64::MAX, Instant::now());
            loop {
                std::thread::sleep(Duration::from_millis(200));
                match watched.load(Ordering::Relaxed) {
                    0 => return,
                    same if same == last && since.elapsed() > PATIENCE => {
                        eprintln!("{name} case {} takes more than {PATIENCE:?}", same.wrapping_sub(1));
                        std::process::exit(101);
                    }
                    same if same == last => {}
                    other => (last, since) = (other, Instant::now()),
                }
            }
        });
        under_way
    }
}
