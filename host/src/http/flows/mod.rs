//! Flows: the rows of a table, through modules, into another table, by this process, for as long as it is told to.
//!
//! ```text
//! spec     what a flow is
//! counts   what became of its rows so far
//! run      a flow at work
//! answers  what the page asks of flows
//! ```

mod answers;
mod counts;
mod run;
mod spec;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::modules::Modules;
use crate::client::ClientOptions;
use crate::panics;
use counts::Counts;
use run::Ready;

pub(super) use answers::{end, events, list, start};
pub(crate) use spec::{FlowSpec, ModuleChoice, ModuleOrigin};

/// Flows that run at once.
const RUNNING: usize = 8;
/// Flows that have ended and are still shown; the oldest goes first.
const ENDED: usize = 16;
/// How long rows on their way get to arrive when a flow stops.
const STOP_TIME: Duration = Duration::from_secs(5);

/// The flows of this process.
pub(crate) struct Flows {
    /// Where the node listens.
    node: String,
    client: ClientOptions,
    modules: Arc<Modules>,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
    next: AtomicU64,
    all: Mutex<Vec<Arc<Flow>>>,
}

/// One flow.
pub(super) struct Flow {
    id: u64,
    spec: FlowSpec,
    /// The modules as outcomes name them.
    names: Vec<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    since: u64,
    started: Instant,
    counts: Arc<Mutex<Counts>>,
    stop: watch::Sender<bool>,
    state: Arc<Mutex<State>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Running,
    Stopped,
    Failed(String),
}

impl Flows {
    pub(super) fn new(
        node: String,
        client: ClientOptions,
        modules: Arc<Modules>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { node, client, modules, stopping, next: AtomicU64::new(1), all: Mutex::default() }
    }

    /// Becomes true when the server stops.
    fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Flow>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the tables, loads the modules, and starts a flow; gives its number.
    ///
    /// # Errors
    /// Why it does not start, in a sentence.
    pub(super) async fn start(&self, spec: FlowSpec) -> Result<u64, String> {
        self.must_fit(&spec)?;
        let mut options = self.client.clone();
        options.settings.connection.bootstrap = vec![self.node.clone()];
        let ready = Ready::open(options, &spec, &self.modules).await?;
        let (stop, stopping) = watch::channel(false);
        let (counts, state) = (Arc::new(Mutex::new(Counts::default())), Arc::new(Mutex::new(State::Running)));
        let names = ready.module_names();
        let mut all = self.all();
        // Others may have come while this one was opened.
        Self::must_have_room(&all)?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let work = ready.run(Arc::clone(&counts), stopping);
        let ended = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let end = match panics::caught(work).await {
                Ok(Ok(())) => State::Stopped,
                Ok(Err(reason)) => State::Failed(reason),
                Err(panic) => State::Failed(format!("the flow broke down ({panic}); this is an error of thalweg")),
            };
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = end;
        });
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        all.push(Arc::new(Flow {
            id,
            spec,
            names,
            since: u64::try_from(since).unwrap_or(u64::MAX),
            started: Instant::now(),
            counts,
            stop,
            state,
            task: Mutex::new(Some(task)),
        }));
        Self::forget(&mut all);
        Ok(id)
    }

    fn must_have_room(all: &[Arc<Flow>]) -> Result<(), String> {
        let running = all.iter().filter(|flow| flow.state() == State::Running).count();
        match running < RUNNING {
            true => Ok(()),
            false => Err(format!("{RUNNING} flows run already; stop one first")),
        }
    }

    /// There is room, and rows do not come back to where they came from.
    fn must_fit(&self, spec: &FlowSpec) -> Result<(), String> {
        let all = self.all();
        Self::must_have_room(&all)?;
        let mut reached = vec![spec.sink.clone()];
        let mut at = 0;
        while let Some(table) = reached.get(at).cloned() {
            if table == spec.source {
                return Err(format!("rows of {} would come back to it; choose another table", spec.source));
            }
            for flow in all.iter().filter(|flow| flow.state() == State::Running && flow.spec.source == table) {
                if !reached.contains(&flow.spec.sink) {
                    reached.push(flow.spec.sink.clone());
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Leaves out the oldest of those that have ended.
    fn forget(all: &mut Vec<Arc<Flow>>) {
        while all.iter().filter(|flow| flow.state() != State::Running).count() > ENDED {
            let Some(oldest) = all.iter().position(|flow| flow.state() != State::Running) else { return };
            all.remove(oldest);
        }
    }

    /// What there is to know of all flows, as JSON.
    fn told(&self) -> Value {
        self.all().iter().map(|flow| flow.told()).collect::<Vec<_>>().into()
    }

    /// Stops a flow that runs, and forgets one that has ended; `false`: there is none of that number.
    async fn end(&self, id: u64) -> bool {
        let Some(flow) = self.all().iter().find(|flow| flow.id == id).cloned() else { return false };
        match flow.state() {
            State::Running => flow.stop().await,
            _ => self.all().retain(|flow| flow.id != id),
        }
        true
    }

    /// Stops all of them.
    pub(super) async fn stop_all(&self) {
        let all = self.all().clone();
        futures::future::join_all(all.iter().map(|flow| flow.stop())).await;
    }
}

impl Flow {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn stop(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(STOP_TIME + Duration::from_secs(1), &mut task).await.is_err()
        {
            task.abort();
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
                State::Failed("it did not stop in time; some rows may have been written".to_owned());
        }
    }

    fn told(&self) -> Value {
        let (state, error) = match self.state() {
            State::Running => ("running", None),
            State::Stopped => ("stopped", None),
            State::Failed(reason) => ("failed", Some(reason)),
        };
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "id": self.id,
            "source": self.spec.source.to_string(),
            "sink": self.spec.sink.to_string(),
            "modules": self.names.iter().map(|name| json!({
                "name": name, "filtered": counts.tally.filtered.get(name).copied().unwrap_or(0),
            })).collect::<Vec<_>>(),
            "state": state,
            "error": error,
            "since": self.since,
            "millis": (state == "running").then(|| u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)),
            "counts": counts.told(),
            "notes": counts.tally.lines(),
        })
    }
}
