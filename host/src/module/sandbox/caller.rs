//! The instances of a module in its place: calls, what they took, and whether any may be made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use thalweg_chain::given::{self, Answer, Context, Operation, Refusal, Reply};
use thalweg_chain::{Breaker, Cause, Change, Module, Plan};
use thalweg_contract::wit::FromWit;
use thalweg_wire::column::Batch;
use thalweg_wire::table::{Schema, TablePath};

use super::instance::{Instance, Template};
use super::wit::with_context;
use crate::module::error::ModuleError;
use crate::wit::types::{self, lend_columns};

/// What a module is opened with.
pub(in crate::module) struct Place {
    pub(in crate::module) table: TablePath,
    pub(in crate::module) operation: Operation,
    pub(in crate::module) input: Schema,
    /// A JSON object.
    pub(in crate::module) config: String,
}

/// The calls so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::module) struct Calls {
    pub(in crate::module) made: u64,
    pub(in crate::module) failed: u64,
    pub(in crate::module) took: Duration,
}

/// A module in its place, called from any thread.
pub(in crate::module) struct Caller {
    name: Arc<str>,
    template: Template,
    place: Place,
    plan: Plan,
    /// How long it took to read, compile and open it.
    loading: Duration,
    /// Instances that are not being called.
    idle: Mutex<Vec<Instance>>,
    /// How many of them are kept: no more than calls can be under way.
    most_idle: usize,
    /// Held over a whole batch where one instance must see every batch.
    turn: Mutex<()>,
    breaker: Mutex<Breaker>,
    /// From which on the breaker counts its time.
    opened: Instant,
    made: AtomicU64,
    failed: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Caller {
    /// Opens the first instance, which says what the module does there. Loading it began at `started`.
    pub(in crate::module) fn open(
        template: Template,
        place: Place,
        name: &Arc<str>,
        started: Instant,
    ) -> Result<Caller, ModuleError> {
        let (instance, plan) = open(&template, &place, name)?;
        // Asked once: the system reads it out of files each time.
        let most_idle = if plan.one_instance { 1 } else { available_parallelism().map_or(1, usize::from) };
        Ok(Caller {
            name: Arc::clone(name),
            template,
            place,
            plan,
            loading: started.elapsed(),
            idle: Mutex::new(vec![instance]),
            most_idle,
            turn: Mutex::default(),
            breaker: Mutex::default(),
            opened: Instant::now(),
            made: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        })
    }

    /// What the module does with the columns.
    pub(in crate::module) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(in crate::module) fn loading(&self) -> Duration {
        self.loading
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

    /// Takes an instance that is not being called, or starts one: beside the others, or in place of one that failed.
    fn acquire(&self) -> Result<Instance, Cause> {
        // The lock is not held while an instance starts.
        let idle = lock(&self.idle).pop();
        if let Some(instance) = idle {
            return Ok(instance);
        }
        let (instance, plan) = open(&self.template, &self.place, &self.name).map_err(ModuleError::into_restart)?;
        if plan == self.plan { Ok(instance) } else { Err(Cause::OtherPlan) }
    }

    /// Puts an instance back for the next call; no more of them than calls can be under way.
    fn release(&self, instance: Instance) {
        let mut idle = lock(&self.idle);
        if idle.len() < self.most_idle {
            idle.push(instance);
        }
    }
}

impl Module for Caller {
    fn apply<T>(&self, batch: &Batch<'_>, check: impl FnOnce(Reply) -> Result<T, Cause>) -> Result<T, Cause> {
        let mut instance = self.acquire()?;
        let columns = lend_columns(batch);
        let rows = u32::try_from(batch.rows).unwrap_or(u32::MAX);
        let input = types::Batch { rows, columns: &columns };
        let started = Instant::now();
        let result = instance.call(|guest, store| guest.call_apply(store, input));
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        self.made.fetch_add(1, Ordering::Relaxed);
        let checked = check(result?.map(Answer::from_wit).map_err(Refusal::from_wit))?;
        self.release(instance);
        Ok(checked)
    }

    fn admit(&self) -> Result<(), Cause> {
        lock(&self.breaker).admit(self.opened.elapsed())
    }

    fn record(&self, failure: Option<&Cause>) {
        if failure.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let module = &*self.name;
        match lock(&self.breaker).record(failure, self.opened.elapsed()) {
            Some(Change::Opened(wait)) => {
                let cause = failure.map(ToString::to_string).unwrap_or_default();
                tracing::warn!(module, %cause, "left alone for {wait:?}: its calls fail again and again");
            }
            Some(Change::Closed) => tracing::info!(module, "works again"),
            None => {}
        }
    }

    fn in_turn<T>(&self, calls: impl FnOnce() -> T) -> T {
        let _turn = self.plan.one_instance.then(|| lock(&self.turn));
        calls()
    }
}

/// Starts an instance and opens it.
fn open(template: &Template, place: &Place, name: &Arc<str>) -> Result<(Instance, Plan), ModuleError> {
    let failed = |cause| ModuleError::failed(name, cause);
    let mut instance = template.start().map_err(failed)?;
    let Place { table, operation, input, config } = place;
    let context = Context { table, operation: *operation, input, config };
    let opened = with_context(&context, |context| instance.call(|guest, store| guest.call_open(store, context)));
    let plan = opened.map_err(failed)?.map(given::Plan::from_wit).map_err(Refusal::from_wit);
    Ok((instance, Plan::opened(name, plan, input)?))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
