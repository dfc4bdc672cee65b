//! The exported rules of chains: `wit/client/chain.wit`.
//!
//! ```text
//! opening  a chain to which modules are added
//! outcome  what came of the rows of a run, in WIT's words
//! ```

mod opening;
mod outcome;

use std::cell::RefCell;
use std::rc::Rc;

use thalweg_bindings::{batch_into_wit, catalog, columns_from_wit, transform, types};
use thalweg_chain::column::rows_to_arrow;
use thalweg_chain::given::{self, FlatSchema};
use thalweg_chain::{Cause, Chain, Next, Run, text};
use thalweg_contract::Error;
use thalweg_contract::wit::{FromWit, IntoWit, Malformed};
use thalweg_wire::table::Schema;

use self::opening::{Opening, opening};
use crate::{
    Component,
    bindings::chain::{self as wit, Guest, GuestChain, GuestRun},
};

impl Guest for Component {
    type Chain = Modules;
    type Run = Rows;
}

/// Modules in their places, run by the host.
pub(crate) struct Modules(RefCell<State>);

enum State {
    /// Modules are added.
    Open(Box<Opening>),
    /// None comes any more.
    Closed { chain: Chain<()>, names: Rc<[String]>, inputs: Vec<Schema> },
    /// It was given what makes no chain.
    Unfit(String),
}

/// One batch on its way.
pub(crate) struct Rows {
    run: RefCell<Run>,
    /// The names of the modules, in order.
    names: Rc<[String]>,
}

fn invalid(text: impl ToString) -> catalog::Error {
    Error::from(Malformed(text.to_string())).into_wit()
}

impl State {
    /// The chain whose modules are all there.
    fn closed(&self) -> Result<(&Chain<()>, &Rc<[String]>), catalog::Error> {
        match self {
            State::Closed { chain, names, .. } => Ok((chain, names)),
            State::Open(_) => Err(invalid("the chain has modules to come; call `finish` first")),
            State::Unfit(reason) => Err(invalid(reason)),
        }
    }
}

impl GuestChain for Modules {
    fn new(
        table: String,
        operation: transform::Operation,
        input: types::Schema,
        output: Option<types::Schema>,
    ) -> Modules {
        let operation = given::Operation::from_wit(operation);
        Modules(RefCell::new(match opening(&table, operation, input, output) {
            Ok(opening) => State::Open(Box::new(opening)),
            Err(reason) => State::Unfit(reason),
        }))
    }

    fn input(&self) -> types::Schema {
        match &*self.0.borrow() {
            State::Open(opening) => FlatSchema::new(opening.input()).into_wit(),
            State::Closed { chain, .. } => FlatSchema::new(chain.output()).into_wit(),
            State::Unfit(_) => types::Schema { fields: Vec::new(), columns: Vec::new(), primary_key: Vec::new() },
        }
    }

    fn add(&self, stage: wit::Stage, plan: transform::Plan) -> Result<String, catalog::Error> {
        match &mut *self.0.borrow_mut() {
            State::Open(opening) => opening.add(stage, plan).map_err(invalid),
            State::Closed { .. } => Err(invalid("no module can be added to the chain after `finish`")),
            State::Unfit(reason) => Err(invalid(reason)),
        }
    }

    fn inputs(&self) -> Vec<types::Schema> {
        let schemas = |inputs: &[Schema]| inputs.iter().map(|input| FlatSchema::new(input).into_wit()).collect();
        match &*self.0.borrow() {
            State::Open(opening) => schemas(opening.inputs()),
            State::Closed { inputs, .. } => schemas(inputs),
            State::Unfit(_) => Vec::new(),
        }
    }

    fn finish(&self) -> Result<types::Schema, catalog::Error> {
        let mut state = self.0.borrow_mut();
        let finished = match std::mem::replace(&mut *state, State::Unfit(String::new())) {
            State::Open(opening) => match opening.finish() {
                Ok((chain, inputs)) => {
                    let names = chain.stages().iter().map(|stage| stage.name().to_owned()).collect();
                    State::Closed { chain, names, inputs }
                }
                Err(error) => State::Unfit(error.to_string()),
            },
            closed => closed,
        };
        *state = finished;
        state.closed().map(|(chain, _)| FlatSchema::new(chain.output()).into_wit())
    }

    fn is_ordered(&self) -> bool {
        let stages = |stages: &[thalweg_chain::Stage]| stages.iter().any(|stage| stage.plan().one_instance);
        match &*self.0.borrow() {
            State::Open(opening) => stages(opening.stages()),
            State::Closed { chain, .. } => chain.is_ordered(),
            State::Unfit(_) => false,
        }
    }

    fn run(&self, rows: types::Batch) -> Result<wit::Run, catalog::Error> {
        let state = self.0.borrow();
        let (chain, names) = state.closed()?;
        let batch = rows_to_arrow(chain.input(), rows.rows as usize, columns_from_wit(rows.columns));
        let run = chain.begin(&batch.map_err(|error| invalid(format!("the rows do not fit the chain: {error}")))?);
        let run = RefCell::new(run.map_err(invalid)?);
        Ok(wit::Run::new(Rows { run, names: Rc::clone(names) }))
    }
}

impl GuestRun for Rows {
    fn next(&self, reply: Option<wit::Reply>) -> Result<wit::Next, catalog::Error> {
        let reply = reply.map(|reply| match reply {
            wit::Reply::Answered(answer) => Ok(Ok(given::Answer::from_wit(answer))),
            wit::Reply::Refused(code) => Ok(Err(given::Refusal::from_wit(code))),
            wit::Reply::Failed(why) => Err(Cause::Host(text::message(&why))),
        });
        let mut run = self.run.borrow_mut();
        Ok(match run.next(reply).map_err(invalid)? {
            // A chain has far fewer modules than that.
            Next::Call { stage, batch } => {
                wit::Next::Call(wit::Call { stage: stage as u32, input: batch_into_wit(&batch) })
            }
            Next::Done(applied) => wit::Next::Done(outcome::outcome(*applied, &self.names).map_err(invalid)?),
        })
    }

    fn is_broken(&self) -> bool {
        self.run.borrow().is_broken()
    }
}
