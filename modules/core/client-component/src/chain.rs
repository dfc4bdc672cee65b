//! The modules of a table or of a scan: opened in their places, called, and started again where they failed.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use thalweg_chain::{
    AnswerLimits, Applied, Breaker, Builder, Cause, Chain, ChainContext, ChainError, Exception, Module, Operation,
    Plan, Policies, Policy, Stage,
    column::rows_to_arrow,
    given::{Context, Reply},
};
use thalweg_contract::{Error, ErrorCode};
use thalweg_wire::{
    column::Batch,
    table::{Schema, TablePath},
};
use wasip3::clocks::monotonic_clock;

use crate::{
    modules::{CallError, Instance, Modules, OpenError},
    rows::Rows,
};

/// A module of a chain.
#[derive(Debug, Clone)]
pub struct ModuleSpec {
    /// What it is opened by, and called in errors.
    pub name: String,
    /// Its configuration: a JSON object.
    pub config: String,
    /// What becomes of rows that it does not treat.
    pub policies: Policies,
    /// How large an answer may be.
    pub limits: AnswerLimits,
}

impl ModuleSpec {
    /// With the usual limits, and policies under which a row that it does not treat fails the write.
    pub fn new(name: &str, config: &str) -> ModuleSpec {
        let (policies, limits) = Default::default();
        ModuleSpec { name: name.to_owned(), config: config.to_owned(), policies, limits }
    }

    /// Whether rows may become dead letters.
    pub(crate) fn has_dead_letters(&self) -> bool {
        let Policies { on_error, on_failure } = &self.policies;
        [on_error, on_failure].iter().any(|policy| matches!(policy, Policy::DeadLetter(_)))
    }
}

/// Modules in their places, loaded.
pub(crate) struct Loaded(Chain<Placed>);

impl Loaded {
    /// Opens modules for rows of the columns `input`.
    pub(crate) fn open(
        modules: &Rc<dyn Modules>,
        specs: &[ModuleSpec],
        table: &TablePath,
        operation: Operation,
        input: &Schema,
        output: Option<&Schema>,
    ) -> Result<Loaded, Error> {
        let mut builder = Builder::new(&ChainContext { table, operation, input, output });
        for spec in specs {
            let name = Arc::<str>::from(builder.unique_name(&spec.name));
            let place = Place {
                modules: Rc::clone(modules),
                opened_by: spec.name.clone(),
                table: table.clone(),
                operation,
                input: builder.input().clone(),
                config: spec.config.clone(),
            };
            let placed = Placed::open(place, &name)?;
            let input = builder.input().clone();
            let stage = Stage::new(name, placed.plan.clone(), &input, spec.policies.clone(), spec.limits);
            builder.push(stage.map_err(|error| of_chain(&error))?, placed);
        }
        Ok(Loaded(builder.finish().map_err(|error| of_chain(&error))?))
    }

    /// The columns that come out.
    pub(crate) fn output(&self) -> &Schema {
        self.0.output()
    }

    /// The names of the modules, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.stages().iter().map(Stage::name)
    }

    /// Runs rows through the modules.
    pub(crate) fn run(&self, rows: Rows) -> Result<Applied, Error> {
        let batch = rows_to_arrow(self.0.input(), rows.rows, rows.columns);
        let batch = batch.map_err(|error| invalid(error.to_string()))?;
        self.0.run(&batch).map_err(|error| of_chain(&error))
    }
}

/// Rows that a policy dealt with, and the place of the module.
#[derive(Debug, Clone)]
pub struct ExceptionOf {
    /// The place of the module in the chain; the first is 0.
    pub stage: u32,
    /// The rows, and what became of them.
    pub exception: Exception,
}

/// Which module each of these exceptions came from.
pub(crate) fn exceptions(chain: &Loaded, exceptions: Vec<Exception>) -> Vec<ExceptionOf> {
    let place = |exception: &Exception| (0..).zip(chain.names()).find(|(_, name)| *name == exception.module);
    exceptions
        .into_iter()
        .map(|exception| ExceptionOf { stage: place(&exception).map_or(0, |(at, _)| at), exception })
        .collect()
}

/// What a module is opened with.
struct Place {
    modules: Rc<dyn Modules>,
    opened_by: String,
    table: TablePath,
    operation: Operation,
    input: Schema,
    config: String,
}

/// A module in its place.
struct Placed {
    name: Arc<str>,
    place: Place,
    plan: Plan,
    /// `None` after it failed: the next call starts another.
    instance: RefCell<Option<Box<dyn Instance>>>,
    breaker: RefCell<Breaker>,
}

impl Placed {
    fn open(place: Place, name: &Arc<str>) -> Result<Placed, Error> {
        let (instance, plan) = place.start(name)?;
        let (instance, breaker) = (RefCell::new(Some(instance)), RefCell::default());
        Ok(Placed { name: Arc::clone(name), place, plan, instance, breaker })
    }

    fn acquire(&self) -> Result<Box<dyn Instance>, Cause> {
        if let Some(instance) = self.instance.take() {
            return Ok(instance);
        }
        let (instance, plan) = self.place.start(&self.name).map_err(|error| Cause::Restart(error.to_string()))?;
        if plan == self.plan { Ok(instance) } else { Err(Cause::OtherPlan) }
    }
}

impl Place {
    fn start(&self, name: &str) -> Result<(Box<dyn Instance>, Plan), Error> {
        let Place { table, operation, input, config, .. } = self;
        let context = Context { table, operation: *operation, input, config };
        let failed = |reason: String| invalid(format!("module {name} does not start: {reason}"));
        match self.modules.open(&self.opened_by, &context) {
            Ok((instance, plan)) => {
                let plan = Plan::opened(name, Ok(plan), input).map_err(|error| of_chain(&error))?;
                Ok((instance, plan))
            }
            Err(OpenError::Refused(refusal)) => match Plan::opened(name, Err(refusal), input) {
                Err(error) => Err(of_chain(&error)),
                Ok(_) => Err(failed("it refused to".to_owned())),
            },
            Err(OpenError::Unknown(text)) => Err(invalid(format!("there is no module {name}: {text}"))),
            Err(OpenError::Failed(reason)) => Err(failed(reason)),
        }
    }
}

impl Module for Placed {
    fn apply<T>(&self, batch: &Batch<'_>, check: impl FnOnce(Reply) -> Result<T, Cause>) -> Result<T, Cause> {
        let mut instance = self.acquire()?;
        let reply = match instance.apply(batch) {
            Ok(answer) => Ok(answer),
            Err(CallError::Refused(refusal)) => Err(refusal),
            Err(CallError::Failed(trap)) => return Err(Cause::Trap { trap, last_words: None }),
        };
        let checked = check(reply)?;
        *self.instance.borrow_mut() = Some(instance);
        Ok(checked)
    }

    fn admit(&self) -> Result<(), Cause> {
        self.breaker.borrow_mut().admit(uptime())
    }

    fn record(&self, failure: Option<&Cause>) {
        self.breaker.borrow_mut().record(failure, uptime());
    }
}

fn uptime() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

fn of_chain(error: &ChainError) -> Error {
    invalid(error.to_string())
}

pub(crate) fn invalid(text: String) -> Error {
    Error { code: ErrorCode::Invalid(text), retriable: false }
}
