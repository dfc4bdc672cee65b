//! Makes `thalweg:client-async/modules` of one smart module, so that it can be composed with the client component.
//!
//! A composition has one instance of the module, and a module is opened once: the chains that use it must have it in the same
//! place, before the same table, with the same columns and configuration. It goes by any name.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod bindings;

use std::cell::RefCell;

use bindings::{
    modules::{CallError, Guest, GuestInstance, Instance, OpenError},
    transform::{self, Answer, Context, Instances, Plan},
    types::Batch,
};

/// The component: what the exports are implemented for.
struct Component;

/// The one instance of the module, in its place.
struct Placed;

/// What the module was opened with, in words, and its plan.
struct Opened {
    context: String,
    plan: Plan,
}

thread_local! {
    /// `None` before the first `open`; a component has one thread.
    static OPENED: RefCell<Option<Opened>> = const { RefCell::new(None) };
}

impl Guest for Component {
    type Instance = Placed;
}

impl GuestInstance for Placed {
    fn open(_: String, context: Context) -> Result<(Instance, Plan), OpenError> {
        let words = format!("{context:?}");
        OPENED.with_borrow_mut(|opened| {
            if let Some(Opened { context, plan }) = opened {
                return match (*context == words, plan.instances) {
                    (true, Instances::Any) => Ok((Instance::new(Placed), plan.clone())),
                    _ => Err(OpenError::Failed(elsewhere(plan))),
                };
            }
            let plan = transform::open(&context).map_err(OpenError::Refused)?;
            *opened = Some(Opened { context: words, plan: plan.clone() });
            Ok((Instance::new(Placed), plan))
        })
    }

    fn apply(&self, input: Batch) -> Result<Answer, CallError> {
        transform::apply(&input).map_err(CallError::Refused)
    }
}

fn elsewhere(plan: &Plan) -> String {
    let place = match plan.instances {
        Instances::Any => "in another place (table, operation, columns or configuration)",
        Instances::One => "and keeps what it saw",
    };
    format!("it is open already, {place}, and this composition has one instance of it")
}
