//! Waiting for what another process does: a condition is looked at again and again, until a deadline.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The time between two looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Looks until there is something, and gives it; fails after `patience` with what `missing` says.
pub fn until<T>(
    patience: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
    missing: impl FnOnce() -> String,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if Instant::now() >= deadline {
            bail!("after {patience:?}: {}", missing());
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Waits for the end of a process; one that does not end in time is killed, and that is an error.
pub fn ended(child: &mut Child, patience: Duration) -> Result<ExitStatus> {
    let ended = until(patience, || Ok(child.try_wait()?), || "it does not end".to_owned());
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    ended
}
