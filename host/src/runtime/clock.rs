//! The clock behind deadlines: a thread that counts wasmtime's epoch up.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// The resolution of deadlines.
pub const TICK: Duration = Duration::from_millis(10);

/// Starts its thread when first needed; the thread ends with the engine.
pub(super) struct Clock {
    engine: EngineWeak,
    started: OnceLock<()>,
}

impl Clock {
    pub(super) fn new(engine: &Engine) -> Clock {
        Clock { engine: engine.weak(), started: OnceLock::new() }
    }

    /// Starts ticking, if it does not yet.
    pub(super) fn start(&self) {
        self.started.get_or_init(|| {
            let engine = self.engine.clone();
            let ticking = thread::Builder::new().name("thalweg-epoch".to_owned()).spawn(move || tick(&engine));
            if let Err(error) = ticking {
                // Without a clock no call would ever be stopped; a process without threads has greater worries.
                tracing::error!(%error, "no thread for the clock: a module that loops will not be stopped");
            }
        });
    }
}

fn tick(engine: &EngineWeak) {
    while let Some(engine) = engine.upgrade() {
        engine.increment_epoch();
        drop(engine);
        thread::sleep(TICK);
    }
}
