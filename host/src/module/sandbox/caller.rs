//! The instances of a module in its place: calls, what they took, and whether any may be made.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use thalweg_wire::table::{Schema, TablePath};

use crate::columns::Flattened;

use super::bindings::exports::thalweg::module::transform::{self, ErrorCode};
use super::bindings::thalweg::module::types::Batch;
use super::instance::{Instance, Template};
use super::log::printable;
use crate::module::breaker::{Breaker, Change};
use crate::module::contract::{Answer, FlatSchema, Operation, Plan, lend};
use crate::module::error::{Cause, ModuleError};
use crate::module::spec::Limits;

/// The most rows of a call: `apply` in `wit/module/transform.wit`.
pub(in crate::module) const CALL_ROWS: usize = 8192;

/// What a module is opened with.
pub(in crate::module) struct Place {
    pub(in crate::module) table: TablePath,
    pub(in crate::module) operation: Operation,
    pub(in crate::module) input: Schema,
    pub(in crate::module) config: String,
}

/// The calls so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::module) struct Calls {
    pub(in crate::module) made: u64,
    pub(in crate::module) failed: u64,
    pub(in crate::module) took: Duration,
}

/// What a call came to, if it did not fail.
pub(in crate::module) enum Reply {
    Answer(Answer),
    /// The module refuses all rows of it.
    Refused(String),
}

/// A module in its place, called from any thread.
pub(in crate::module) struct Caller {
    name: Arc<str>,
    template: Template,
    place: Place,
    plan: Plan,
    limits: Limits,
    /// Instances that are not being called.
    idle: Mutex<Vec<Instance>>,
    /// How many of them are kept: no more than calls can be under way.
    most_idle: usize,
    /// Held over a whole batch where one instance must see every batch.
    turn: Mutex<()>,
    breaker: Mutex<Breaker>,
    made: AtomicU64,
    failed: AtomicU64,
    nanoseconds: AtomicU64,
    /// The rows of the next call: fewer than `CALL_ROWS` after answers that were too large.
    rows: AtomicUsize,
}

impl Caller {
    /// Opens the first instance, which says what the module does there.
    pub(in crate::module) fn open(
        template: Template,
        place: Place,
        name: &Arc<str>,
        limits: Limits,
    ) -> Result<Caller, ModuleError> {
        let (instance, plan) = open(&template, &place, name)?;
        // Asked once: the system reads it out of files each time.
        let most_idle = if plan.one_instance { 1 } else { available_parallelism().map_or(1, usize::from) };
        Ok(Caller {
            name: Arc::clone(name),
            template,
            place,
            plan,
            limits,
            idle: Mutex::new(vec![instance]),
            most_idle,
            turn: Mutex::default(),
            breaker: Mutex::default(),
            made: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
            rows: AtomicUsize::new(CALL_ROWS),
        })
    }

    pub(in crate::module) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(in crate::module) fn calls(&self) -> Calls {
        Calls {
            made: self.made.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            took: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
        }
    }

    /// What the memories of the instances have that are not being called, in bytes.
    pub(in crate::module) fn memory(&self) -> usize {
        lock(&self.idle).iter().map(Instance::memory).sum()
    }

    /// Keeps others out while a batch goes through, if one instance must see every batch.
    pub(in crate::module) fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.plan.one_instance.then(|| lock(&self.turn))
    }

    /// How many rows the next call should have.
    pub(in crate::module) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Whether a call may be made.
    pub(in crate::module) fn admit(&self) -> Result<(), Cause> {
        lock(&self.breaker).admit(Instant::now())
    }

    /// One call. A failure discards the instance; the next call gets another. `record` is to be told how it ended.
    pub(in crate::module) fn call(&self, slice: &Flattened) -> Result<Reply, Cause> {
        let idle = lock(&self.idle).pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => self.another()?,
        };
        let columns = slice.batch();
        let lent = lend(&columns);
        let rows = u32::try_from(slice.rows()).unwrap_or(u32::MAX);
        let started = Instant::now();
        let result = instance.call(|guest, store| guest.call_apply(store, Batch { rows, columns: &lent }));
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        self.made.fetch_add(1, Ordering::Relaxed);
        let reply = match result? {
            Ok(answer) => Reply::Answer(self.check(answer, slice.rows())?),
            Err(code) => Reply::Refused(text(code)),
        };
        self.keep(instance);
        Ok(reply)
    }

    /// Takes note of how the rows of a call ended; one that was cut into smaller calls ended with the last of them.
    pub(in crate::module) fn record(&self, failure: Option<&Cause>) {
        if failure.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let module = &*self.name;
        match lock(&self.breaker).record(failure, Instant::now()) {
            Some(Change::Opened(wait)) => {
                let cause = failure.map(ToString::to_string).unwrap_or_default();
                tracing::warn!(module, %cause, "left alone for {wait:?}: its calls fail again and again");
            }
            Some(Change::Closed) => tracing::info!(module, "works again"),
            None => {}
        }
    }

    /// An answer was too large: the calls that follow have this many rows at most.
    pub(in crate::module) fn shrink(&self, rows: usize) {
        self.rows.store(rows.max(1), Ordering::Relaxed);
    }

    /// A call of this size passed: the next ones may be a little larger again.
    pub(in crate::module) fn grow(&self, rows: usize) {
        if rows < CALL_ROWS && rows == self.rows() {
            self.rows.store((rows + rows / 8 + 1).min(CALL_ROWS), Ordering::Relaxed);
        }
    }

    fn check(&self, answer: transform::Answer, rows: usize) -> Result<Answer, Cause> {
        match &answer.outcome {
            transform::Outcome::Produced(production) if production.rows as usize > self.limits.rows => {
                Err(Cause::Rows(self.limits.rows))
            }
            _ => Answer::check(answer, rows, &self.plan).map_err(Cause::Answer),
        }
    }

    /// An instance beside those that are being called, or in place of one that failed.
    fn another(&self) -> Result<Instance, Cause> {
        let (instance, plan) = open(&self.template, &self.place, &self.name).map_err(|error| match error {
            ModuleError::Failed { cause, .. } => cause,
            other => Cause::Restart(other.to_string()),
        })?;
        if plan == self.plan { Ok(instance) } else { Err(Cause::OtherPlan) }
    }

    /// Keeps an instance for the next call; no more of them than calls can be under way.
    fn keep(&self, instance: Instance) {
        let mut idle = lock(&self.idle);
        if idle.len() < self.most_idle {
            idle.push(instance);
        }
    }
}

/// Starts an instance and opens it.
fn open(template: &Template, place: &Place, name: &Arc<str>) -> Result<(Instance, Plan), ModuleError> {
    let module = || name.to_string();
    let failed = |cause| ModuleError::Failed { module: module(), cause };
    let mut instance = template.start().map_err(failed)?;
    let table = place.table.to_string();
    let flat = FlatSchema::new(&place.input);
    let fields = flat.fields();
    let (operation, input) = (place.operation.into(), flat.lend(&fields));
    let context = transform::Context { table: &table, operation, input, config: &place.config };
    let plan = instance.call(|guest, store| guest.call_open(store, context)).map_err(failed)?;
    let plan = plan.map_err(|code| match code {
        ErrorCode::InvalidConfig((key, expected)) => {
            let (key, expected) = (printable(&key), printable(&expected));
            ModuleError::Config { module: module(), key, expected }
        }
        ErrorCode::UnsuitableInput(reason) => ModuleError::Unsuitable { module: module(), reason: printable(&reason) },
        ErrorCode::Other(reason) => ModuleError::Open { module: module(), reason: printable(&reason) },
    })?;
    let plan = Plan::check(plan, &place.input);
    Ok((instance, plan.map_err(|reason| ModuleError::Plan { module: module(), reason })?))
}

fn text(code: ErrorCode) -> String {
    match code {
        ErrorCode::InvalidConfig((key, expected)) => {
            printable(&format!("configuration {:?}: {expected}", printable(&key)))
        }
        ErrorCode::UnsuitableInput(reason) | ErrorCode::Other(reason) => printable(&reason),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
