//! Between the trait that authors implement and the functions that a host calls.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::thread::LocalKey;

use super::{Context, Module};
use crate::Batch;
use crate::bindings::exports::thalweg::module::transform::{self, ErrorCode, Guest};
use crate::bindings::thalweg::module::types;

/// A module after `open`.
pub struct Instance<M> {
    module: M,
    ranks: Vec<usize>,
}

impl<M: Module> Instance<M> {
    pub(crate) fn open(context: transform::Context) -> Result<(Self, transform::Plan), crate::Error> {
        let (module, plan) = M::open(&Context::new(context))?;
        let (plan, ranks) = plan.finish();
        Ok((Self { module, ranks }, plan))
    }

    pub(crate) fn apply(&mut self, batch: types::Batch) -> Result<transform::Answer, crate::Error> {
        Ok(self.module.apply(Batch::new(batch))?.into_wire(&self.ranks))
    }
}

/// Where the one instance of a component lives. Written by [`export!`](macro@crate::export).
pub trait Slot: Module {
    /// Empty until `open`.
    fn slot() -> &'static LocalKey<RefCell<Option<Instance<Self>>>>;
}

/// The exports of a component that holds `M`.
pub struct Exported<M>(PhantomData<M>);

impl<M: Slot> Guest for Exported<M> {
    fn describe() -> transform::Description {
        let description = M::describe();
        transform::Description { summary: description.summary, parameters: description.parameters }
    }

    fn open(context: transform::Context) -> Result<transform::Plan, ErrorCode> {
        report_panics();
        let (instance, plan) = Instance::open(context)?;
        M::slot().set(Some(instance));
        Ok(plan)
    }

    fn apply(batch: types::Batch) -> Result<transform::Answer, ErrorCode> {
        M::slot().with_borrow_mut(|slot| {
            let instance = slot.as_mut().ok_or_else(|| ErrorCode::Other("apply was called before open".to_owned()))?;
            Ok(instance.apply(batch)?)
        })
    }
}

/// A panic ends in a trap, which has no text: the log gets it.
fn report_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|info| crate::log::error(info.to_string())));
}
