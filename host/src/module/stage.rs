//! One module in its place in a chain: it is opened for one schema, and batches are cut into calls for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::{Array, ArrayRef};
use thalweg_wire::table::{Schema, TablePath};

use crate::columns::{Flattened, flatten_arrays};
use crate::runtime::Runtime;

use super::bindings::exports::thalweg::module::transform::{self, ErrorCode};
use super::bindings::thalweg::module::types::Batch;
use super::contract::{Answer, FlatSchema, Operation, Plan, lend};
use super::error::{Cause, ModuleError};
use super::flow::Flow;
use super::instance::{Instance, Template};
use super::parts::Parts;
use super::spec::{ModuleSpec, Policy, Source};

/// The most rows of a call: `apply` in `wit/module/transform.wit`.
pub(super) const CALL_ROWS: usize = 8192;

/// The most bytes of a call.
pub(super) const CALL_BYTES: usize = 4 << 20;

/// What a module is opened with.
pub(super) struct Place {
    pub(super) table: TablePath,
    pub(super) operation: Operation,
    pub(super) input: Schema,
    pub(super) config: String,
}

/// One module in its place.
pub(super) struct Stage {
    name: Arc<str>,
    template: Template,
    place: Place,
    plan: Plan,
    loading: Duration,
    running: Mutex<Running>,
}

/// The instance, while there is one, and what it took so far.
struct Running {
    instance: Option<Instance>,
    calls: u64,
    took: Duration,
}

impl Stage {
    /// Loads a module and opens it.
    pub(super) fn load(runtime: &Runtime, spec: &ModuleSpec, name: &str, place: Place) -> Result<Stage, ModuleError> {
        let started = Instant::now();
        check_policies(spec, name)?;
        let component = match &spec.source {
            Source::Builtin(stock) => runtime.stock_module(stock),
            Source::File(path) => runtime.component_file(path),
        };
        let component = component.map_err(|source| ModuleError::Runtime { module: name.to_owned(), source })?;
        // Starts the clock of the deadlines.
        runtime.engine();
        let name: Arc<str> = Arc::from(name);
        let template = Template::new(&component, &name, spec.limits)?;
        let (instance, plan) = open(&template, &place, &name)?;
        let running = Running { instance: Some(instance), calls: 0, took: Duration::ZERO };
        Ok(Stage { name, template, place, plan, loading: started.elapsed(), running: Mutex::new(running) })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How long loading took.
    pub(super) fn loading(&self) -> Duration {
        self.loading
    }

    /// How many calls were made, and how long they took.
    pub(super) fn calls(&self) -> (u64, Duration) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        (running.calls, running.took)
    }

    /// Runs all rows through the module. Gives how many of them it left out.
    pub(super) fn run(&self, flow: &mut Flow) -> Result<usize, ModuleError> {
        let columns = self.plan.reads.iter().map(|&column| flow.column(column)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|error| ModuleError::Input { reason: error.to_string() })?;
        let mut parts = Parts::default();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut begin = 0;
        while begin < flow.rows() {
            let slice = self.cut(&columns, begin, flow)?;
            let answer = self.call(&mut running, &slice, begin, flow)?;
            parts.push(begin, slice.rows(), answer.outcome);
            begin += slice.rows();
        }
        drop(running);
        parts.merge(&self.plan, flow).map_err(|error| self.failed(Cause::Answer(error.to_string())))
    }

    /// The next rows for a call: as many as one may carry.
    fn cut(&self, columns: &[ArrayRef], begin: usize, flow: &Flow) -> Result<Flattened, ModuleError> {
        let mut rows = CALL_ROWS.min(flow.rows() - begin);
        loop {
            let slices: Vec<ArrayRef> = columns.iter().map(|column| column.slice(begin, rows)).collect();
            let slice =
                flatten_arrays(rows, &slices).map_err(|error| ModuleError::Input { reason: error.to_string() })?;
            match slice.bytes() {
                bytes if bytes <= CALL_BYTES => return Ok(slice),
                bytes if rows == 1 => return Err(self.failed(Cause::RowTooLong { row: flow.input_row(begin), bytes })),
                _ => rows /= 2,
            }
        }
    }

    /// One call. A failure discards the instance; the next call starts a fresh one.
    fn call(&self, running: &mut Running, slice: &Flattened, begin: usize, flow: &Flow) -> Result<Answer, ModuleError> {
        let mut instance = match running.instance.take() {
            Some(instance) => instance,
            None => self.restart()?,
        };
        let columns = slice.batch();
        let lent = lend(&columns);
        let rows = u32::try_from(slice.rows()).unwrap_or(u32::MAX);
        let started = Instant::now();
        let result = instance.call(|guest, store| guest.call_apply(store, Batch { rows, columns: &lent }));
        running.calls += 1;
        running.took += started.elapsed();
        let answer = match result.map_err(|cause| self.failed(cause))? {
            Ok(answer) => {
                Answer::check(answer, slice.rows(), &self.plan).map_err(|reason| self.failed(Cause::Answer(reason)))?
            }
            Err(code) => {
                running.instance = Some(instance);
                let (module, row) = (self.name.to_string(), flow.input_row(begin));
                return Err(ModuleError::RefusedCall { module, row, rows: slice.rows(), message: text(code) });
            }
        };
        running.instance = Some(instance);
        if let Some(refused) = &answer.refused {
            return Err(ModuleError::Refused {
                module: self.name.to_string(),
                row: flow.input_row(begin + refused.first),
                message: refused.message.clone(),
                refused: refused.count,
            });
        }
        Ok(answer)
    }

    fn restart(&self) -> Result<Instance, ModuleError> {
        let (instance, plan) = open(&self.template, &self.place, &self.name).map_err(|error| match error {
            failed @ ModuleError::Failed { .. } => failed,
            other => self.failed(Cause::Restart(other.to_string())),
        })?;
        if plan != self.plan {
            return Err(self.failed(Cause::OtherPlan));
        }
        Ok(instance)
    }

    fn failed(&self, cause: Cause) -> ModuleError {
        ModuleError::Failed { module: self.name.to_string(), cause }
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
        ErrorCode::InvalidConfig((key, expected)) => ModuleError::Config { module: module(), key, expected },
        ErrorCode::UnsuitableInput(reason) => ModuleError::Unsuitable { module: module(), reason },
        ErrorCode::Other(reason) => ModuleError::Open { module: module(), reason },
    })?;
    let plan = Plan::check(plan, &place.input);
    Ok((instance, plan.map_err(|reason| ModuleError::Plan { module: module(), reason })?))
}

fn check_policies(spec: &ModuleSpec, name: &str) -> Result<(), ModuleError> {
    for (key, policy) in [("on-error", &spec.on_error), ("on-failure", &spec.on_failure)] {
        if *policy != Policy::Fail {
            let setting = format!("{key} = {:?}", policy.name());
            return Err(ModuleError::Unsupported { module: name.to_owned(), setting });
        }
    }
    Ok(())
}

fn text(code: ErrorCode) -> String {
    match code {
        ErrorCode::InvalidConfig((key, expected)) => format!("configuration {key:?}: {expected}"),
        ErrorCode::UnsuitableInput(reason) | ErrorCode::Other(reason) => reason,
    }
}
