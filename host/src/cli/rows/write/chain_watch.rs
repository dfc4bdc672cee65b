//! A chain file that is followed: when it changes, or a module that it names, its chain takes over between batches.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;

use crate::cli::rows::chain::ChainSettings;
use crate::cli::terminal::{Bar, say, sentence};
use crate::client::Writer;
use crate::module::{ChainSpec, Source};
use crate::panics::caught;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// A chain file, and what was last seen of it.
pub(super) struct ChainFile {
    path: PathBuf,
    /// The modules of the chain in use that are files.
    modules: Vec<PathBuf>,
    seen: Seen,
}

/// What tells whether a chain has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    text: Option<String>,
    /// Length and time of each module; `None` while it is not there.
    modules: Vec<Option<(u64, Option<SystemTime>)>>,
}

impl Seen {
    fn of(path: &Path, modules: &[PathBuf]) -> Seen {
        let stamp = |module: &PathBuf| {
            let metadata = std::fs::metadata(module).ok()?;
            Some((metadata.len(), metadata.modified().ok()))
        };
        Seen { text: std::fs::read_to_string(path).ok(), modules: modules.iter().map(stamp).collect() }
    }
}

/// Watches as long as it is there.
pub(super) struct Watch {
    task: JoinHandle<()>,
    broken: Arc<AtomicBool>,
}

impl Watch {
    /// Whether it broke down; it was said at once.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ChainFile {
    /// To be made before the file is read, so that no change is missed.
    pub(super) async fn new(path: &Path) -> ChainFile {
        let path = path.to_owned();
        off_the_runtime(move || {
            let seen = Seen::of(&path, &[]);
            ChainFile { path, modules: Vec::new(), seen }
        })
        .await
    }

    /// Takes note of the modules of a chain that was read from it and is about to be loaded.
    pub(super) async fn loads(&mut self, spec: &ChainSpec) {
        let file = |source: &Source| match source {
            Source::File(path) => Some(path.clone()),
            Source::Builtin(_) => None,
        };
        self.modules = spec.modules.iter().filter_map(|module| file(&module.source)).collect();
        self.seen.modules = self.look().await.modules;
    }

    /// What is there now.
    async fn look(&self) -> Seen {
        let (path, modules) = (self.path.clone(), self.modules.clone());
        off_the_runtime(move || Seen::of(&path, &modules)).await
    }

    /// Takes its chain up for a writer whenever it has changed, and says so.
    pub(super) fn watch(mut self, writer: Writer, settings: ChainSettings, bar: Bar) -> Watch {
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        let task = tokio::spawn(async move {
            let Err(cause) = caught(self.follow(&writer, &settings, &bar)).await;
            flag.store(true, Ordering::SeqCst);
            let path = self.path.display();
            bar.suspend(|| say(&format!("{path} is no longer watched, and its modules so far go on: {cause}")));
        });
        Watch { task, broken }
    }

    async fn follow(&mut self, writer: &Writer, settings: &ChainSettings, bar: &Bar) -> Infallible {
        loop {
            self.wait_for_change().await;
            let said = match self.take_up(writer, settings).await {
                Ok(()) => format!("taken up: {}", writer.module_names().join(", ")),
                Err(error) => format!("not taken up, and the modules so far go on: {}", sentence(&error)),
            };
            bar.suspend(|| say(&format!("{} {said}", self.path.display())));
        }
    }

    /// Waits until it has changed, and then not for a while: a file may be seen half written.
    async fn wait_for_change(&mut self) {
        let mut last = self.seen.clone();
        loop {
            tokio::time::sleep(PERIOD).await;
            let now = self.look().await;
            if now != self.seen && now == last {
                self.seen = now;
                return;
            }
            last = now;
        }
    }

    async fn take_up(&mut self, writer: &Writer, settings: &ChainSettings) -> anyhow::Result<()> {
        let path = self.path.clone();
        let mut spec = off_the_runtime(move || ChainSpec::read(&path)).await?;
        settings.apply(&mut spec);
        self.loads(&spec).await;
        Ok(writer.swap_chain(&spec).await?)
    }
}

/// Does what reads files on a thread that may wait for them; a panic goes on here.
async fn off_the_runtime<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // It was never begun: the process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
